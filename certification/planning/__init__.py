"""The planner: a plan, a calendar and freezes in, dated waves out. Pure Python, no Django, no clock.

Same inputs, same dates: everything that decides a date is an argument, so a plan can be replayed from the
record and a change can be tried before it is saved.
"""
