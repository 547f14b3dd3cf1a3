"""The checks of what a campaign's portal told and took can fail: each deliberate wrong is caught by the one that names it."""

from __future__ import annotations

import dataclasses

import pytest

from tests.faults.exchanges import (
    INVARIANTS,
    Batch,
    Delivery,
    Endpoint,
    Exchanges,
    Gate,
    Letter,
    Mail,
    Reception,
    Stored,
    Told,
    looked_at,
    violations,
)
from tests.faults.invariants import Act

PLACE = ("north", "tides", "1.2.0")


def sound() -> Exchanges:
    """A letter that came twice because its answer was lost, a message that was tried three times, the rest once."""
    return Exchanges(
        mails=(Mail("<a>", is_answered=False), Mail("<a>"), Mail("<b>")),
        letters=(Letter("<a>", "sent", claims=2, failures=1), Letter("<b>", "sent")),
        receptions=(
            Reception("/shaky", "m1", "aa", fault="500"), Reception("/shaky", "m1", "aa"),
            Reception("/gone", "m2", "aa", fault="410"),
        ),
        deliveries=(
            Delivery("/shaky", "m1", 7, "delivered", (0, 500, 200)), Delivery("/gone", "m2", 7, "failed", (410,)),
            Delivery("/gone", "m3", 8, "cancelled"),
        ),
        endpoints=(Endpoint("/shaky", is_active=True), Endpoint("/gone", is_active=False)),
        events=(7,),
        told=(Told("upload-1", 201, "u1", "dd"), Told("upload-1", 201, "u1", "dd")),
        stored=(Stored("u1", "upload-1.zip", "dd", "ee"),),
        files={"dd": "dd", "ee": "ee"},
        batches=(Batch("b1", PLACE, 200, 3_000),),
        taken={"b1": 3},
        counted={PLACE: 3_000},
        sums={PLACE: 3_000},
        gates=(Gate("well", 1, "pass", "pass", 3_000), Gate("ill", 1, "fail", "fail", 3_000)),
        ill=frozenset({"ill"}),
        acts=(
            Act(1, "wave.start", "w1", "ill", wave=1), Act(2, "gatecheck.fail", "g1", "ill", wave=1),
            Act(3, "rollout.halt", "ill", "ill"), Act(4, "deployment.intend", "d1", "well"),
        ),
    )  # fmt: skip


def but(**changes: object) -> Exchanges:
    return dataclasses.replace(sound(), **changes)


def with_delivery(**changes: object) -> Exchanges:
    first, *others = sound().deliveries
    return but(deliveries=(dataclasses.replace(first, **changes), *others))


MUTANTS: dict[str, tuple[str, Exchanges]] = {
    "a letter that is lost": ("mail arrives", but(mails=sound().mails[:2])),
    "a letter that never ends": ("mail arrives", but(letters=(*sound().letters, Letter("<c>", "queued")))),
    "a mail with an identity of its own": ("mail arrives", but(mails=(*sound().mails, Mail("<x>")))),
    "a letter that is sent again without need": ("mail once", but(mails=(*sound().mails, Mail("<b>")))),
    "an event that a receiver was not told of": ("hooks arrive", but(events=(7, 8))),
    "an event that was told twice": (
        "hooks arrive",
        but(deliveries=(*sound().deliveries, Delivery("/shaky", "m4", 7, "delivered", (200,)))),
    ),
    "delivered without anybody who took it": ("hooks arrive", but(receptions=sound().receptions[:1])),
    "a message that waits for ever": ("hooks arrive", with_delivery(state="waiting")),
    "a message without a signature": (
        "hooks whole",
        but(receptions=(*sound().receptions, Reception("/shaky", "m1", "aa", is_signed=False))),
    ),
    "a repetition with another body": (
        "hooks whole",
        but(receptions=(*sound().receptions, Reception("/shaky", "m1", "bb"))),
    ),
    "a repetition with another id": (
        "hooks whole",
        but(receptions=(*sound().receptions, Reception("/shaky", "m9", "aa"))),
    ),
    "a message that was tried again after it was taken": ("hooks whole", with_delivery(statuses=(200, 200))),
    "a message that was given up early": ("hooks whole", with_delivery(state="failed", statuses=(500, 500))),
    "a receiver that is gone and still on": (
        "gone is gone",
        but(endpoints=(Endpoint("/shaky", is_active=True), Endpoint("/gone", is_active=True))),
    ),
    "a receiver that is asked again after it was gone": (
        "gone is gone",
        but(deliveries=(*sound().deliveries, Delivery("/gone", "m5", 9, "failed", (410,)))),
    ),
    "an answer without a row": ("uploads once", but(stored=())),
    "a deed that was done twice": (
        "uploads once",
        but(stored=(*sound().stored, Stored("u2", "upload-1.zip", "dd", "ee"))),
    ),
    "a row without its bytes": ("uploads once", but(files={"dd": "dd"})),
    "bytes that broke off": ("uploads once", but(files={"dd": "dd", "ee": "ff"})),
    "another file than was sent": ("uploads once", but(told=(Told("upload-1", 201, "u1", "xx"),))),
    "telemetry that counts twice": ("telemetry once", but(counted={PLACE: 6_000})),
    "telemetry that is kept twice": (
        "telemetry once",
        but(counted={PLACE: 6_000}, sums={PLACE: 6_000}),
    ),
    "telemetry that is lost": ("telemetry once", but(taken={}, counted={}, sums={})),
    "an ill version that passes": ("gates tell", but(gates=(Gate("ill", 1, "pass", "pass", 3_000),))),
    "a well version that fails": ("gates tell", but(gates=(Gate("well", 1, "fail", "fail", 3_000),))),
    "a pass on missing data": ("gates tell", but(gates=(Gate("well", 1, "pass", "", 0),))),
    "a failed gate that halts nothing": ("failed gates halt", but(acts=sound().acts[:2])),
    "a deed between the failure and the halt": (
        "failed gates halt",
        but(acts=(*sound().acts[:2], Act(3, "deployment.intend", "d2", "ill"), Act(4, "rollout.halt", "ill", "ill"))),
    ),
}  # fmt: skip


def test_a_sound_history_violates_nothing():
    assert violations(sound()) == {}


@pytest.mark.parametrize("wrong", MUTANTS)
def test_every_wrong_is_caught_by_the_invariant_that_names_it(wrong):
    name, facts = MUTANTS[wrong]
    assert name in violations(facts)


def test_every_invariant_has_a_wrong_that_it_catches_and_says_of_how_many_it_was_asked():
    assert {name for name, _ in MUTANTS.values()} == set(INVARIANTS) == set(looked_at(sound()))


def test_a_letter_whose_worker_died_may_come_again():
    letters = (Letter("<a>", "sent", claims=3, failures=1), Letter("<b>", "sent"))
    assert violations(but(letters=letters, mails=(*sound().mails, Mail("<a>")))) == {}
