"""The checks of a campaign can fail: every deliberate wrong is caught by the invariant that names it."""

from __future__ import annotations

import dataclasses

import pytest

from tests.faults.campaign import table
from tests.faults.exchanges import INVARIANTS as OF_EXCHANGES
from tests.faults.exchanges import Exchanges
from tests.faults.invariants import INVARIANTS, Act, Effect, Facts, Row, violations

KEYS = {1: "rollout-1:north:deploy:1", 2: "rollout-1:south:deploy:1"}


def sound() -> Facts:
    """A rollout through two waves, halted and released in between."""
    steps = ["intend", "accept", "report", "verify"]
    states = ["pending", "intended", "deploying", "reported", "verified"]

    def trail(start: int, subject: str, wave: int) -> list[Act]:
        return [
            Act(start + at, f"deployment.{event}", subject, "1", states[at], states[at + 1], wave)
            for at, event in enumerate(steps)
        ]

    acts = [
        Act(1, "wave.start", "w1", "1", wave=1),
        *trail(2, "d1", 1),
        Act(8, "wave.verify", "w1", "1", wave=1),
        Act(9, "rollout.halt", "1", "1"),
        Act(10, "rollout.release", "1", "1"),
        Act(10, "gatecheck.pass", "g1", "1", wave=1),
        Act(11, "wave.start", "w2", "1", wave=2),
        *trail(12, "d2", 2),
        Act(18, "wave.verify", "w2", "1", wave=2),
    ]
    rows = (
        Row("d1", "1", "north", "tides", "deploy", "verified", KEYS[1], 1, "aa", 1),
        Row("d2", "1", "south", "tides", "deploy", "verified", KEYS[2], 1, "aa", 2),
    )
    effects = (
        Effect("north", KEYS[1], "tides", 1, "deploy", "aa"),
        Effect("south", KEYS[2], "tides", 1, "deploy", "aa"),
    )
    held = {("north", "tides"): "aa", ("south", "tides"): "aa"}
    return Facts(
        tuple(acts), effects, rows, {"1": "completed"}, held, frozenset("1"),
        (("certification.tasks.notify", "done"),),
    )  # fmt: skip


def with_acts(*acts: Act) -> Facts:
    facts = sound()
    return dataclasses.replace(facts, acts=tuple(sorted((*facts.acts, *acts), key=lambda one: one.order)))


def with_effects(*effects: Effect) -> Facts:
    return dataclasses.replace(sound(), effects=effects)


def with_row(**changes: object) -> Facts:
    facts = sound()
    return dataclasses.replace(facts, rows=(dataclasses.replace(facts.rows[0], **changes), facts.rows[1]))


NORTH, SOUTH = sound().effects
MUTANTS: dict[str, tuple[str, Facts]] = {
    "a repetition acted again under the same key": ("none twice", with_effects(NORTH, NORTH, SOUTH)),
    "a retry with a new key nobody asked for": (
        "none twice",
        with_effects(NORTH, dataclasses.replace(NORTH, key="rollout-1:north:deploy:2", number=2), SOUTH),
    ),
    "verified without an effect": ("none skipped", with_effects(NORTH)),
    "verified with other bytes": (
        "none skipped",
        with_effects(NORTH, dataclasses.replace(SOUTH, digest="bb")),
    ),
    "a region acted on its own": (
        "none unasked",
        with_effects(NORTH, SOUTH, Effect("north", "somebody:else:deploy:1", "tides", 2, "deploy", "aa")),
    ),
    "an intent after the halt": (
        "none after a halt",
        dataclasses.replace(
            sound(), acts=tuple(act for act in sound().acts if act.action != "rollout.release")
        ),
    ),
    "sent again after the halt": (
        "none after a halt",
        dataclasses.replace(
            with_acts(Act(9, "deployment.resend", "d1", "1", "intended", "intended", 1)),
        ),
    ),
    "a wave before its turn": (
        "waves in order",
        dataclasses.replace(
            sound(),
            acts=tuple(
                dataclasses.replace(act, order=40) if act.action == "wave.verify" else act
                for act in sound().acts
            ),
        ),
    ),
    "a wave through a gate that failed": (
        "gates hold",
        dataclasses.replace(
            sound(),
            acts=tuple(
                dataclasses.replace(act, action="gatecheck.fail") if act.action == "gatecheck.pass" else act
                for act in sound().acts
            ),
        ),
    ),
    "a job that the broker forgot": (
        "jobs done",
        dataclasses.replace(sound(), jobs=(("certification.tasks.notify", "due"),)),
    ),
    "an altered record": (
        "chain whole",
        dataclasses.replace(sound(), chain_faults=("Record 7 was altered after it was sealed.",)),
    ),
    "a late duplicate undid something newer": (
        "numbers rise",
        with_effects(dataclasses.replace(NORTH, number=5), dataclasses.replace(NORTH, key="x:1"), SOUTH),
    ),
    "a move that is none": (
        "moves are legal",
        with_acts(Act(7, "deployment.intend", "d1", "1", "verified", "intended", 1)),
    ),
    "a state without a trail to it": ("moves are legal", with_row(state="failed")),
    "a rollout that never ends": ("none stuck", dataclasses.replace(sound(), rollouts={"1": "running"})),
    "a deployment nobody looks at": ("none stuck", with_row(state="deploying")),
    "a completed rollout with a region left over": ("none stuck", with_row(state="failed")),
    "a catch-up that never ends": (
        "none stuck",
        dataclasses.replace(sound(), catch_ups={"c1": "running"}),
    ),
    "a region that lacks what is live elsewhere": (
        "none left behind",
        dataclasses.replace(sound(), late="late"),
    ),
    "the portal believes something else": (
        "both sides agree",
        dataclasses.replace(sound(), held={("north", "tides"): "bb", ("south", "tides"): "aa"}),
    ),
}


def test_a_sound_history_violates_nothing():
    assert violations(sound()) == {}


@pytest.mark.parametrize("wrong", MUTANTS)
def test_every_wrong_is_caught_by_the_invariant_that_names_it(wrong):
    name, facts = MUTANTS[wrong]
    assert name in violations(facts)


def test_every_invariant_has_a_wrong_that_it_catches():
    assert {name for name, _ in MUTANTS.values()} == set(INVARIANTS)


def test_no_gate_stands_before_a_wave_that_a_catch_up_added():
    facts = with_acts(
        Act(19, "wave.start", "w3", "1", wave=3), Act(20, "wave.verify", "w3", "1", wave=3)
    )  # fmt: skip
    assert set(violations(facts)) == {"gates hold"}
    assert violations(dataclasses.replace(facts, caught_up=frozenset({("1", 3)}))) == {}


def test_a_connector_removed_by_a_rollback_is_no_violation():
    facts = sound()
    key = KEYS[1].replace("deploy", "rollback")
    acts = [
        Act(20 + at, f"deployment.{event}", "d3", "1", source, target, 1)
        for at, (event, source, target) in enumerate(
            [
                ("intend", "pending", "intended"), ("accept", "intended", "deploying"),
                ("report", "deploying", "reported"), ("verify", "reported", "verified"),
            ]
        )
    ]  # fmt: skip
    back = Row("d3", "1", "north", "tides", "rollback", "verified", key, 2, "", 1)
    gone = dataclasses.replace(
        facts,
        acts=(*facts.acts, *acts),
        effects=(*facts.effects, Effect("north", key, "tides", 2, "remove", "aa")),
        rows=(*facts.rows, back),
        held={**facts.held, ("north", "tides"): ""},
    )
    assert violations(gone) == {}


def test_the_table_names_every_invariant_with_what_was_asked_and_what_violates_it():
    lines = table(with_effects(NORTH, NORTH, SOUTH), Exchanges()).splitlines()
    assert len(lines) > 1 + len(INVARIANTS) + len(OF_EXCHANGES)
    assert lines[1].split() == ["none", "twice", "3", "2"]
    assert any("took effect 2 times" in line for line in lines)
