from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction

from certification.lifecycle import (
    DEPLOYMENT,
    NEXT_STEPS,
    OVERRIDE,
    PREVIEW,
    REVIEW_THREAD,
    ROLLOUT,
    SUBMISSION,
    TURNS,
    WAIVER,
    WAVE,
)
from connectors.lifecycle import CONNECTOR, INVITATION
from connectors.models import Connector
from portal.shared.actors import SYSTEM
from portal.shared.errors import Conflict, IllegalTransition
from portal.shared.models import AuditRecord
from portal.shared.transitions import Lifecycle, Move, transition
from tests.factories import ConnectorFactory

LIFECYCLES = [
    CONNECTOR,
    INVITATION,
    SUBMISSION,
    REVIEW_THREAD,
    WAIVER,
    PREVIEW,
    ROLLOUT,
    WAVE,
    DEPLOYMENT,
    OVERRIDE,
]


@pytest.mark.parametrize("lifecycle", LIFECYCLES, ids=lambda item: item.noun)
def test_every_state_is_reachable_and_only_terminal_states_are_dead_ends(lifecycle: Lifecycle):
    targets = {move.target for move in lifecycle.moves.values()}
    first = lifecycle.states.values[0]
    assert set(lifecycle.states.values) - targets <= {first}
    for state in lifecycle.states.values:
        assert bool(lifecycle.events_from(state)) == (state not in lifecycle.terminal), state


def test_every_submission_state_says_whose_turn_it_is_and_what_happens_next():
    assert set(TURNS) == set(NEXT_STEPS) == set(SUBMISSION.states.values)


def test_a_table_that_names_an_unknown_state_is_refused():
    with pytest.raises(ValueError, match="unknown states"):
        Lifecycle("x", CONNECTOR.states, {"go": Move(("planned",), "nowhere")})


def test_a_table_that_leaves_a_terminal_state_is_refused():
    with pytest.raises(ValueError, match="leaves a terminal state"):
        Lifecycle(
            "x", CONNECTOR.states, {"go": Move(("retired",), "active")}, terminal=frozenset({"retired"})
        )


def test_a_move_writes_state_audit_and_brings_the_callers_object_up_to_date(db):
    connector = ConnectorFactory()
    transition(
        CONNECTOR, connector, "activate", actor=SYSTEM, reason="first release", changes={"summary": "new"}
    )
    assert (connector.state, connector.summary) == ("active", "new")
    stored = Connector.objects.get(pk=connector.pk)
    assert (stored.state, stored.summary) == ("active", "new")
    [record] = AuditRecord.objects.filter(action="connector.activate")
    assert record.data == {"from": "planned", "to": "active"}
    assert record.reason == "first release"


def test_an_illegal_move_is_a_conflict_and_changes_nothing(db):
    connector = ConnectorFactory()
    with pytest.raises(IllegalTransition, match="Planned") as caught:
        transition(CONNECTOR, connector, "retire", actor=SYSTEM)
    assert caught.value.status == 409
    assert Connector.objects.get(pk=connector.pk).state == "planned"
    assert not AuditRecord.objects.exists()


def test_the_stored_state_decides_not_the_loaded_one(db):
    connector = ConnectorFactory()
    stale = Connector.objects.get(pk=connector.pk)
    transition(CONNECTOR, connector, "cancel", actor=SYSTEM)
    assert stale.state == "planned"
    with pytest.raises(IllegalTransition):
        transition(CONNECTOR, stale, "cancel", actor=SYSTEM)


def test_a_guard_that_refuses_undoes_everything(db):
    connector = ConnectorFactory()

    def refuse(row: Connector) -> None:
        raise Conflict("Not today.")

    with pytest.raises(Conflict):
        transition(CONNECTOR, connector, "activate", actor=SYSTEM, guard=refuse)
    assert Connector.objects.get(pk=connector.pk).state == "planned"


@pytest.mark.django_db(transaction=True)
def test_of_racing_moves_exactly_one_wins():
    for _ in range(40):
        connector = ConnectorFactory()
        barrier = threading.Barrier(4)
        outcomes: list[str] = []

        def attempt(connector_id=connector.pk, barrier=barrier, outcomes=outcomes) -> None:
            mine = Connector.objects.get(pk=connector_id)
            barrier.wait()
            try:
                transition(CONNECTOR, mine, "cancel", actor=SYSTEM)
                outcomes.append("won")
            except IllegalTransition:
                outcomes.append("refused")
            finally:
                connection.close()

        threads = [threading.Thread(target=attempt) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == ["refused", "refused", "refused", "won"]


@pytest.mark.parametrize("lifecycle", LIFECYCLES, ids=lambda item: item.noun)
def test_the_database_knows_the_legal_states(db, lifecycle: Lifecycle):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE contype = 'c' AND conname = %s",
            [f"{lifecycle.noun}_state_known"],
        )
        [[definition]] = cursor.fetchall()
    for state in lifecycle.states.values:
        assert f"'{state}'" in definition


def test_transitions_run_inside_the_callers_transaction(db):
    connector = ConnectorFactory()
    with pytest.raises(RuntimeError, match="undo"), transaction.atomic():
        transition(CONNECTOR, connector, "activate", actor=SYSTEM)
        raise RuntimeError("undo")
    assert Connector.objects.get(pk=connector.pk).state == "planned"
