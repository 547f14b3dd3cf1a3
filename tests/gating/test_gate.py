"""Verdicts of gates: what fails, what passes, and what has to wait for a person."""

from __future__ import annotations

import pytest

from certification.gating.gate import Smoke, decide
from certification.gating.thresholds import Thresholds
from certification.gating.verdicts import Verdict
from tests.gating.worlds import BAKE, HOUR, evidence, samples


def verdict_of(some, key=None, thresholds=None):
    decision = decide(some, thresholds or Thresholds())
    return decision.verdict if key is None else {check.key: check for check in decision.checks}[key].verdict


BUSY = {"calls": 1_000}


def test_a_version_like_the_old_one_passes():
    some = evidence(treated=BUSY, control=BUSY, before=BUSY)
    decision = decide(some, Thresholds())
    assert decision.verdict == Verdict.PASS, decision.sentence
    assert "2.0 points is ruled out" in decision.sentence


def test_five_points_less_success_fail_with_the_figures_in_the_sentence():
    decision = decide(evidence(treated={"failing": 0.10}), Thresholds())
    assert decision.verdict == Verdict.FAIL
    assert "3,600 calls succeed" in decision.sentence
    assert "too much to be chance" in decision.sentence


def test_a_fall_that_hits_the_other_regions_as_well_is_not_the_versions():
    worse = {**BUSY, "failing": 0.12}
    assert verdict_of(evidence(treated=worse, control=worse, before=BUSY), "success") != Verdict.FAIL


def test_regions_that_were_always_worse_are_measured_by_themselves():
    before = samples("abc", range(HOUR - 72, HOUR), calls=1_000, failing=0.12)
    before += samples("def", range(HOUR - 72, HOUR), calls=1_000, failing=0.01)
    some = evidence(treated={**BUSY, "failing": 0.12}, control={**BUSY, "failing": 0.01})
    some = evidence(treated={**BUSY, "failing": 0.12}, control={**BUSY, "failing": 0.01}, before=None)
    object.__setattr__(some, "before", before)
    assert verdict_of(some, "success") == Verdict.PASS


def test_a_small_fall_beyond_doubt_fails_too():
    busy = {"calls": 20_000}
    some = evidence(treated={**busy, "failing": 0.045}, control=busy, before=busy)
    assert verdict_of(some, "success") == Verdict.FAIL


@pytest.mark.parametrize(
    ("side", "words"), [("treated", "of the new version"), ("before", "of the old version")]
)
def test_too_few_calls_are_never_a_pass(side, words):
    some = evidence(**{side: {"calls": 3}})
    decision = decide(some, Thresholds(quiet_calls_a_day=0.1))
    if side == "before":
        object.__setattr__(some, "before", some.before[:20])
        decision = decide(some, Thresholds(quiet_calls_a_day=0.1))
    assert decision.verdict == Verdict.INCONCLUSIVE
    assert words in decision.sentence


def test_no_data_at_all_is_inconclusive():
    some = evidence()
    for name in ("treated", "control"):
        object.__setattr__(some, name, [])
    assert verdict_of(some) == Verdict.INCONCLUSIVE


def test_regions_that_fell_silent_wait_for_a_person():
    some = evidence(treated=BUSY, control=BUSY, before=BUSY)
    heard = [one for one in some.treated if not (one.region == "b" and one.hour >= HOUR + BAKE - 2)]
    object.__setattr__(some, "treated", heard)
    object.__setattr__(some, "names", {"b": "Bravo"})
    decision = decide(some, Thresholds())
    assert decision.verdict == Verdict.INCONCLUSIVE
    assert "Bravo" in decision.sentence


def test_an_error_code_nobody_knew_fails_even_when_few_calls_have_it():
    some = evidence(treated={**BUSY, "failing": 0.03, "code": "422"}, control=BUSY, before=BUSY)
    assert verdict_of(some, "codes") == Verdict.FAIL
    assert verdict_of(some, "success") == Verdict.PASS


def test_a_known_code_is_the_success_rates_business():
    assert verdict_of(evidence(treated={**BUSY, "failing": 0.06}), "codes") == Verdict.PASS


def test_slower_answers_fail_and_equal_ones_pass():
    slow = evidence(
        treated={**BUSY, "slow": 0.10}, control={**BUSY, "slow": 0.01}, before={**BUSY, "slow": 0.01}
    )
    same = evidence(
        treated={**BUSY, "slow": 0.01}, control={**BUSY, "slow": 0.01}, before={**BUSY, "slow": 0.01}
    )
    assert verdict_of(slow, "latency") == Verdict.FAIL
    assert verdict_of(same, "latency") == Verdict.PASS


def test_a_dead_backend_fails_whatever_the_version():
    dead = {**BUSY, "failing": 0.9}
    some = evidence(treated=dead, control=dead, before=BUSY)
    assert verdict_of(some, "backend") == Verdict.FAIL
    assert verdict_of(some) == Verdict.FAIL


def test_smoke_tests_that_fail_twice_fail_and_once_wait():
    busy = {"treated": BUSY, "control": BUSY, "before": BUSY}
    assert verdict_of(evidence(**busy, smoke=[Smoke("a", "failed", "GetTides: 500")])) == Verdict.FAIL
    assert verdict_of(evidence(**busy, smoke=[Smoke("a", "undecided")])) == Verdict.INCONCLUSIVE
    assert verdict_of(evidence(**busy, smoke=[Smoke("a", "passed")])) == Verdict.PASS


def test_a_first_certification_is_judged_by_smoke_tests_and_an_absolute_floor():
    alone = {"is_first": True, "before": [], "control": []}
    quiet = evidence(**alone)
    object.__setattr__(quiet, "treated", [])
    assert verdict_of(quiet) == Verdict.INCONCLUSIVE
    tested = [Smoke(region, "passed") for region in "abc"]
    object.__setattr__(quiet, "smoke", tested)
    assert verdict_of(quiet) == Verdict.PASS
    bad = evidence(treated={**BUSY, "failing": 0.4}, **{**alone, "smoke": tested})
    assert verdict_of(bad, "floor") == Verdict.FAIL


def test_a_quiet_connector_is_judged_by_smoke_tests():
    some = evidence(treated={"calls": 0}, control={"calls": 0}, before={"calls": 0})
    assert verdict_of(some) == Verdict.INCONCLUSIVE
    object.__setattr__(some, "smoke", [Smoke(region, "passed") for region in "abc"])
    assert verdict_of(some) == Verdict.PASS


def test_a_digest_that_disagrees_fails():
    assert verdict_of(evidence(treated=BUSY, control=BUSY, before=BUSY, disagreeing=["a"])) == Verdict.FAIL


def test_without_a_region_to_compare_with_the_same_regions_before_are_the_measure():
    some = evidence(treated={**BUSY, "failing": 0.10}, before=BUSY, control={"calls": 0})
    assert verdict_of(some, "success") == Verdict.FAIL


def test_thresholds_say_what_is_wrong_with_them():
    with pytest.raises(ValueError, match="unknown thresholds: dorp"):
        Thresholds.of({"dorp": 0.02})
    with pytest.raises(ValueError, match="out of range: drop"):
        Thresholds(drop=0)
    assert Thresholds.of({"drop": 0.03}).drop == 0.03
