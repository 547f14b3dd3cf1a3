"""What is said of a plan, an order or a train that cannot be: a sentence for each code of a `Problem`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

from django.utils.formats import date_format

from certification.planning.problems import Problem
from certification.rollout_words import days_in
from portal.shared.words import lazy as _lazy
from portal.shared.words import reader_language

SENTENCES: Mapping[str, str] = {
    "order-waves": _lazy("Waves that have not begun are %(numbers)s: name each of them once, and no other."),
    "order-forgotten": _lazy("Forgotten: %(regions)s. Every region that has not begun stays in one wave."),
    "order-unknown": _lazy("Not in a wave that has not begun: %(regions)s."),
    "order-empty": _lazy("Wave %(number)s would have no region."),
    "order-fixed": _lazy("Wave %(number)s stays as it is: %(why)s."),
    "order-opt-in": _lazy("Opt-in regions travel after the public ones, in waves of their own: %(regions)s."),
    "named-twice": _lazy("Named more than once: %(regions)s. A region belongs to exactly one wave."),
    "paired": _lazy("%(one)s and %(other)s back each other up, so they cannot both be in wave %(number)s."),
    "wave-nameless": _lazy("Wave %(number)s has no name."),
    "wave-empty": _lazy("Wave %(number)s (%(name)s) has no region."),
    "plan-empty": _lazy("A plan needs at least one wave."),
    "plan-forgets": _lazy("The plan forgets %(regions)s: place every active region in a wave."),
    "plan-inactive": _lazy("Not an active region: %(regions)s. Take it out or activate it first."),
    "preview-not-first": _lazy("Waves before the sign-off come first: they are the Preview stage."),
    "opt-in-not-last": _lazy("Opt-in waves come last: they start when the public ones are complete."),
    "preview-and-opt-in": _lazy("A wave is either before the sign-off or opt-in, not both."),
    "no-public-wave": _lazy(
        "At least one wave for everybody comes after the sign-off: those are the rollout."
    ),
    "preview-region": _lazy("%(region)s is the Preview region: its wave comes before the sign-off."),
    "no-business-day": _lazy("There is no business day within %(days)s days of %(day)s."),
    "no-open-day": _lazy(
        "Wave %(number)s finds no open day within %(days)s days of %(day)s: "
        "shorten the freezes or change the plan's calendar."
    ),
    "no-train": _lazy(
        "Wave %(number)s finds no train with a place from %(day)s on: "
        "raise the train's capacity, shorten the freezes or change the plan."
    ),
    "no-such-wave": _lazy("The plan has no wave %(number)s."),
    "day-over": _lazy("%(day)s is not possible (that day is over). Possible: %(possible)s."),
    "day-closed": _lazy("%(day)s is not possible (%(why)s). Possible: %(possible)s."),
    "day-too-early": _lazy(
        "%(day)s is not possible (the wave before it comes too late). Possible: %(possible)s."
    ),
    "weekend-numbers": _lazy("Weekend days are numbers from 0 (Monday) to 6 (Sunday)."),
    "weekend-whole": _lazy("A week needs at least one working day."),
    "boarding-closed": _lazy("Boarding closed on %(at)s."),
    "train-closed": _lazy("It does not run: %(why)s."),
    "train-full": _lazy("Full: all %(capacity)s places are taken."),
    "publisher-full": _lazy("The publisher has %(own)s rollouts on it already, the most one may have."),
    "train-name": _lazy("Give the train a name."),
    "train-time_zone": _lazy("Choose a time zone such as America/Los_Angeles."),
    "train-weekdays": _lazy("Choose at least one day on which it leaves."),
    "train-cutoff_hours": _lazy("Boarding closes between 0 and 336 hours before the departure."),
    "train-capacity": _lazy("Between 1 and 1,000 rollouts travel together."),
    "train-per_publisher": _lazy("Between 0 (no limit) and the capacity."),
}


def sentence(problem: Problem) -> str:
    """The sentence of a problem in the reader's language."""
    return str(SENTENCES[problem.code]) % {
        name: days_in(reader_language(), str(value)) if name == "why" else _shown(value)
        for name, value in problem.values.items()
    }


def _shown(value: object) -> str:
    if isinstance(value, dt.datetime):
        return f"{date_format(value, 'D d M')}, {date_format(value, 'H:i')}"
    if isinstance(value, dt.date):
        return date_format(value, "D d M Y")
    if isinstance(value, tuple):
        return ", ".join(value)
    return str(value)
