"""A year of certifications in seconds: arrivals, reviewers, Preview, trains, freezes, waves and failures.

Pure Python like the planner, which dates the waves here too. Chance comes from a seed, for each submission a
stream of its own: the same seed gives the same year, and two scenarios with one seed differ only in what was
changed.
"""
