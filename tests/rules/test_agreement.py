"""The rules agree with an independent judgement of real packages, where those are at hand."""

from __future__ import annotations

import pytest

from benchmarks.agreement import EXPECTED, PACKAGES, compare, total
from certification.rules.registry import rules
from tests.rules.expectations import NOT_COMPARABLE, REASONED, RECOVERED

pytestmark = pytest.mark.skipif(
    not (PACKAGES.is_dir() and EXPECTED.is_file()), reason="no collection of real packages on this machine"
)


def test_the_rules_name_the_packages_that_an_independent_judgement_names() -> None:
    agreements = compare()
    differing = {rule: one for rule, one in agreements.items() if one.f1 < 0.98}
    assert differing == {}
    assert total(agreements) >= 0.98


def test_the_list_of_reasoned_exceptions_stays_short() -> None:
    assert sum(len(packages) for packages in REASONED.values()) <= 60
    assert len(RECOVERED) <= 10
    assert len(NOT_COMPARABLE) <= 12
    assert all(reason for packages in REASONED.values() for reason in packages.values())


def test_no_exception_outlives_its_rule() -> None:
    assert {*REASONED, *NOT_COMPARABLE} <= set(rules())
