"""Tells many stories at once in the order of their times, and lets the portal work in between.

A story is a generator: it does something through the services, then yields the moment at which it goes on.
Between two moments the portal's own machinery runs: follow-up jobs, waves that are due, answers of regions.
"""

from __future__ import annotations

import datetime as dt
import heapq
from collections.abc import Generator
from itertools import count
from uuid import UUID

from django.db import connection
from django.db.models import Exists, Min, OuterRef, QuerySet
from django.db.models.functions import Now

from certification import tasks
from certification.lifecycle import UNDER_WAY
from certification.models import Notification, RegionDeployment, Rollout, RolloutWave
from certification.services import forecasts, notifications, previews, reviews, rollouts
from portal.demo.clock import Clock, replaced
from portal.shared import outbox
from portal.shared.models import OutboxJob

Story = Generator[dt.datetime, None, None]

_REGIONS_AT_ONCE = 13
_REGION_SECONDS = 97
"""Regions answer a few at a time, and the told time goes on by so much: no two waves look the same."""
_LIGHT_EVENTS = frozenset({"deployment.verify", "wave.start", "wave.verify", "rollout.start"})
_LOOKS_EVERY = dt.timedelta(hours=2)
"""Deadlines and claims are looked at so often."""
_MOST_ROUNDS = 5_000
_IDLE_ROUNDS = 2
"""A round that only writes intents is followed by one that sends them; two in a row lead nowhere."""
_TIDY_EVERY = 60
_AFTER_A_WEEKEND = dt.timedelta(hours=1)
_DIGESTS_EVERY = dt.timedelta(hours=20)


class Director:
    """Runs stories up to `ends_at`. `clock` is the told time."""

    def __init__(self, clock: Clock, *, ends_at: dt.datetime) -> None:
        self.clock = clock
        self.ends_at = ends_at
        self._waiting: list[tuple[dt.datetime, int, Story]] = []
        self._order = count()
        self._digests_sent = self._looked_at = clock.now()
        self._forecasts, self._post = _Forecasts(), _Post()

    def tell(self, story: Story) -> None:
        """Begin a story now; it runs to its first moment."""
        self._step(story)

    def run(self) -> None:
        """Go from moment to moment until every story is told and the end is reached."""
        with (
            replaced(tasks, "refresh_forecasts", self._forecasts.note),
            replaced(tasks, "deliver", self._post.note),
        ):
            self._run()

    def _run(self) -> None:
        for round_ in range(_MOST_ROUNDS):
            if round_ % _TIDY_EVERY == 0:
                _tidy()
            self._work()
            due = self._next_due()
            moment = min(self._waiting[0][0] if self._waiting else self.ends_at, due or self.ends_at)
            if moment >= self.ends_at and not self._waiting:
                break
            self.clock.set(moment)
            while self._waiting and self._waiting[0][0] <= self.clock.now():
                self._step(heapq.heappop(self._waiting)[2])
        else:
            raise RuntimeError("the stories do not come to an end")

    def _step(self, story: Story) -> None:
        moment = next(story, None)
        if moment is None:
            return
        now = self.clock.now()
        if moment < now:
            # Days that were moved off a weekend can overtake the next one; the workers still come in between.
            moment = now + _AFTER_A_WEEKEND
        heapq.heappush(self._waiting, (moment, next(self._order), story))

    def _work(self) -> None:
        """Everything the workers would have done by now."""
        idle = 0
        while idle < _IDLE_ROUNDS and _is_anything_due():
            done = self._run_jobs() + self._ask_regions()
            rollouts.advance_due()
            idle = 0 if done else idle + 1
        self._forecasts.refresh()
        self._post.send()
        now = self.clock.now()
        if now - self._looked_at > _LOOKS_EVERY:
            self._looked_at = now
            previews.check_deadlines()
            reviews.release_expired_claims()
        if now - self._digests_sent > _DIGESTS_EVERY:
            self._digests_sent = now
            notifications.send_digests()
        self._run_jobs()
        self._post.send()

    def _run_jobs(self) -> int:
        """Run what is due, and what that makes due.

        By id: within one transaction a search for the next due job would walk over all that are done.
        """
        count = 0
        while ids := list(
            _due_jobs().filter(due_at__lte=Now()).order_by("due_at", "pk").values_list("pk", flat=True)
        ):
            for pk in ids:
                outbox.run(pk)
            count += len(ids)
        return count

    def _ask_regions(self) -> int:
        count = 0
        while polled := rollouts.poll_due(limit=_REGIONS_AT_ONCE):
            count += polled
            self.clock.set(self.clock.now() + dt.timedelta(seconds=_REGION_SECONDS))
        return count

    def _next_due(self) -> dt.datetime | None:
        """When the machinery has something to do next."""
        jobs = _due_jobs().aggregate(at=Min("due_at"))["at"]
        polls = _polls().aggregate(at=Min("next_poll_at"))["at"]
        waves = RolloutWave.objects.filter(state="planned", rollout__state__in=("scheduled", "running"))
        # A wave that waits for the one before it has passed its time already: an answer wakes it.
        begin = waves.filter(due_at__gt=self.clock.now()).aggregate(at=Min("due_at"))["at"]
        # One that waits at a gate is looked at again.
        under_way = RolloutWave.objects.filter(rollout=OuterRef("pk"), state="running")
        gates = Rollout.objects.filter(~Exists(under_way), state="running", next_step_at__isnull=False)
        look = gates.aggregate(at=Min("next_step_at"))["at"]
        found = [moment for moment in (jobs, polls, begin, look) if moment is not None]
        return min(found, default=None)


class _Forecasts:
    """Forecasts to be made anew: one for each rollout and moment, after the weightiest of its events."""

    def __init__(self) -> None:
        self._wanted: dict[UUID, tuple[str, str]] = {}

    def note(self, *, id: str, event: str, **_facts: str) -> None:
        """Takes the place of the task."""
        for rollout_id in forecasts.concerned_by(event, id):
            before = self._wanted.get(rollout_id)
            if before is None or before[0] in _LIGHT_EVENTS:
                self._wanted[rollout_id] = (event, id)

    def refresh(self) -> None:
        wanted, self._wanted = self._wanted, {}
        for rollout_id, (event, object_id) in wanted.items():
            forecasts.refresh(rollout_id, forecasts.cause_of(event, object_id))


class _Post:
    """Mail that goes nowhere: what was queued is marked as sent, all of a moment at once."""

    def __init__(self) -> None:
        self._waiting: list[str] = []

    def note(self, *, id: str) -> None:
        """Takes the place of the task."""
        self._waiting.append(id)

    def send(self) -> None:
        waiting, self._waiting = self._waiting, []
        if waiting:
            queued = Notification.objects.filter(pk__in=waiting, state=Notification.State.QUEUED)
            queued.update(state=Notification.State.SENT, sent_at=Now(), sealed=None)


def _is_anything_due() -> bool:
    """Jobs, questions to regions, Previews and rehearsals that deploy, rollouts to step: in one query."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT EXISTS (SELECT FROM shared_outboxjob
                               WHERE state = 'due' AND due_at <= statement_timestamp())
                   OR EXISTS (SELECT FROM certification_regiondeployment
                               WHERE state = ANY(%s) AND next_poll_at <= statement_timestamp())
                   OR EXISTS (SELECT FROM certification_rollout
                               WHERE state IN ('scheduled', 'running', 'rolling_back')
                                 AND next_step_at <= statement_timestamp())
                   OR EXISTS (SELECT FROM certification_preview p
                               WHERE p.state = 'deploying' AND NOT EXISTS (
                                     SELECT FROM certification_regiondeployment d
                                      WHERE d.preview_id = p.id AND d.state = ANY(%s)))
                   OR EXISTS (SELECT FROM certification_rehearsal h
                               WHERE h.state = 'running' AND NOT EXISTS (
                                     SELECT FROM certification_regiondeployment d
                                      WHERE d.rehearsal_id = h.id AND d.state = ANY(%s)))""",
            [sorted(UNDER_WAY)] * 3,
        )
        return bool(cursor.fetchone()[0])


def _due_jobs() -> QuerySet[OutboxJob]:
    return OutboxJob.objects.filter(state=OutboxJob.State.DUE)


def _polls() -> QuerySet[RegionDeployment]:
    return RegionDeployment.objects.filter(state__in=UNDER_WAY)


def _tidy() -> None:
    """What autovacuum does for growing tables, and cannot do for rows of a transaction that is open."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT gin_clean_pending_list('auditrecord_about'::regclass)")
        cursor.execute("ANALYZE shared_auditrecord, shared_outboxjob, certification_regiondeployment")
