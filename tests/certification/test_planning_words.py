"""Every problem that the planner can name has its sentence, with the values that it needs."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path

import pytest
from django.utils import translation

from certification import planning
from certification.planning.problems import problem
from certification.planning.trains import Timetable, check_timetable
from certification.planning_words import SENTENCES, sentence

_NAMED = re.compile(r'problem\(\s*"([a-z_-]+)"|^\s+"([a-z]+(?:-[a-z]+)+)":', re.MULTILINE)


def _codes() -> set[str]:
    """The codes that stand in the source, and those of timetables, which are made of their fields' names."""
    sources = [path.read_text() for path in Path(planning.__file__).parent.glob("*.py")]
    named = {one or other for source in sources for one, other in _NAMED.findall(source)}
    wrong = Timetable("", "Mars", frozenset(), cutoff_hours=-1, capacity=0, per_publisher=-1)
    return named | {found.code for found in check_timetable(wrong).values()}


def test_codes_and_sentences_are_the_same():
    assert _codes() == set(SENTENCES)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (problem("order-forgotten", regions=("east", "north")), "Forgotten: east, north. Every region"),
        (problem("order-empty", number=3), "Wave 3 would have no region."),
        (
            problem("day-closed", day=dt.date(2026, 6, 13), why="Saturday", possible=dt.date(2026, 6, 15)),
            "Sat 13 Jun 2026 is not possible (Saturday). Possible: Mon 15 Jun 2026.",
        ),
        (
            problem("boarding-closed", at=dt.datetime(2026, 6, 11, 9, 0, tzinfo=dt.UTC)),
            "Boarding closed on Thu 11 Jun, 09:00.",
        ),
    ],
)
def test_a_problem_is_told_with_its_values(found, said):
    assert sentence(found).startswith(said)


def test_days_are_told_in_the_language_of_the_reader():
    with translation.override("de"):
        assert "Sa 13 Jun 2026" in sentence(problem("day-too-early", day=dt.date(2026, 6, 13), possible="-"))
