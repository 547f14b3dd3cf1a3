"""Builds the demo world in one transaction: it is there as a whole, or not at all."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from django.conf import settings
from django.db import connection, transaction

from certification.lifecycle import SubmissionState
from certification.models import GateCheck, Rollout, RolloutWave, Submission
from certification.rules import Context, Profile, check_package
from certification.rules.findings import Report
from certification.services import validation
from certification.services.clock import database_now, due_from
from connectors.definitions import read_archive
from connectors.services import health
from portal.demo import by_hand, care, joining, people, telemetry
from portal.demo.clock import Clock, replaced, told_time
from portal.demo.director import Director
from portal.demo.gates import ToldGates, told_gates
from portal.demo.lent import told_services
from portal.demo.presence import is_there
from portal.demo.regions import ToldRegions, told_regions
from portal.demo.story import beginnings, cast, trials
from portal.demo.world import World
from portal.shared import audit, outbox

HISTORY_DAYS = 92
_LOCK = 0xDE30
_PATIENCE_AT_GATES = dt.timedelta(days=1)
Say = Callable[[str], None]


class WorldIncomplete(Exception):
    """The stories did not lead where they should; nothing was kept."""


def build(base_url: str, token: str, *, with_telemetry: bool = True, say: Say = lambda _: None) -> bool:
    """Tell the whole history up to this moment; False when the world is there already.

    `base_url` and `token` are those of the reference agent that plays the regions.
    """
    # Outside: making partitions takes locks that the workers should not wait for.
    health.keep_partitions()
    # Until the commit: nobody needs to be rung for jobs that are done by then.
    with replaced(outbox, "ring", lambda _: None), transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
            # Thousands of small lookups with many joins: planning them costs more than running them.
            cursor.execute("SET LOCAL join_collapse_limit = 1; SET LOCAL jit = off")
        if is_there():
            return False
        present = database_now()
        with _stage(present) as (clock, regions, gates):
            world = World(clock, regions, gates, ends_at=present)
            _tell(world, base_url, token)
            by_hand.add_station(administrator=world.user(people.ADA), operator=world.user(people.OSKAR))
            joining.write()
        _hand_over_to_the_portal()
        _check_complete()
        if with_telemetry:
            say(f"{telemetry.write(present):,} hours of telemetry")
            care.write(present)
        while audit.seal():
            pass
    return True


@contextmanager
def _stage(present: dt.datetime) -> Iterator[tuple[Clock, ToldRegions, ToldGates]]:
    """Told time and told regions.

    Mail is marked as sent and goes nowhere; packages of our own making are checked in this process; failures
    that belong to a story are not logged.
    """
    with ExitStack() as stack:
        stack.callback(logging.disable, logging.NOTSET)
        logging.disable(logging.CRITICAL)
        stack.enter_context(
            replaced(settings, "EMAIL_BACKEND", "django.core.mail.backends.dummy.EmailBackend")
        )
        stack.enter_context(replaced(settings, "TRIAL_CLOCK_SCALE", 1.0))
        stack.enter_context(replaced(validation, "check_bytes", _check_here))
        regions = stack.enter_context(told_regions())
        stack.enter_context(told_services())
        gates = stack.enter_context(told_gates())
        clock = stack.enter_context(told_time(present - dt.timedelta(days=HISTORY_DAYS)))
        yield clock, regions, gates


def _check_here(
    data: bytes, *, filename: str, profile: Profile, context: Context | None = None, previous: bytes = b""
) -> Report:
    context = context or Context()
    if previous:
        context = replace(context, previous=read_archive(previous))
    return check_package(read_archive(data, filename=filename), profile, context=context)


def _tell(world: World, base_url: str, token: str) -> None:
    beginnings.opening(world, base_url, token)
    director = Director(world.clock, ends_at=world.ends_at)
    for story in cast.stories(world):
        director.tell(story)
    director.run()
    trials.tell()
    # What followed from the last chapter.
    director.run()


def _hand_over_to_the_portal() -> None:
    """From here on the real clock goes: waits to come are as short as the trial makes them."""
    by_hand.look_later()
    now = database_now()
    for wave in RolloutWave.objects.filter(state="planned", planned_at__gt=now):
        RolloutWave.objects.filter(pk=wave.pk).update(due_at=due_from(wave.planned_at, now))
    # Where a person has to decide at a gate, nobody looks again before they did: real users call nothing yet.
    asks = GateCheck.objects.filter(
        stage="gate", verdict="inconclusive", is_let_through=False, rollout__state="running"
    ).values("rollout_id")
    Rollout.objects.filter(next_step_at__gt=now).exclude(pk__in=asks).update(next_step_at=now)
    Rollout.objects.filter(pk__in=asks).update(next_step_at=now + _PATIENCE_AT_GATES)


def _check_complete() -> None:
    found = set(Submission.objects.values_list("state", flat=True))
    missing = set(SubmissionState.values) - found
    if missing:
        raise WorldIncomplete(f"no submission is {', '.join(sorted(missing))}")
