"""What a review is made of, as pure functions: places in a package, differences of two packages, deadlines.

No Django and no clock: packages, moments and calendars are arguments.
"""
