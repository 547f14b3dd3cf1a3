"""Tells many stories at once in the order of their times, and lets the portal work in between.

A story is a generator: it does something through the services, then yields the moment at which it goes on.
Between two moments the portal's own machinery runs: follow-up jobs, waves that are due, answers of regions.
"""

from __future__ import annotations

import datetime as dt
import heapq
from collections.abc import Generator
from itertools import count

from django.db import connection
from django.db.models import Exists, Min, OuterRef, QuerySet
from django.db.models.functions import Now

from certification.lifecycle import UNDER_WAY
from certification.models import RegionDeployment, Rollout, RolloutWave
from certification.services import notifications, previews, reviews, rollouts
from portal.demo.clock import Clock
from portal.shared import outbox
from portal.shared.models import OutboxJob

Story = Generator[dt.datetime, None, None]

_REGIONS_AT_ONCE = 6
_REGION_SECONDS = 47
"""Regions answer a few at a time, and the told time goes on by so much: no two waves look the same."""
_MOST_ROUNDS = 5_000
_TIDY_EVERY = 60
_DIGESTS_EVERY = dt.timedelta(hours=20)


class Director:
    """Runs stories up to `ends_at`. `clock` is the told time."""

    def __init__(self, clock: Clock, *, ends_at: dt.datetime) -> None:
        self.clock = clock
        self.ends_at = ends_at
        self._waiting: list[tuple[dt.datetime, int, Story]] = []
        self._order = count()
        self._digests_sent = clock.now()

    def tell(self, story: Story) -> None:
        """Begin a story now; it runs to its first moment."""
        self._step(story)

    def run(self) -> None:
        """Go from moment to moment until every story is told and the end is reached."""
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
        if moment is not None:
            heapq.heappush(self._waiting, (moment, next(self._order), story))

    def _work(self) -> None:
        """Everything the workers would have done by now."""
        for _ in range(_MOST_ROUNDS):
            done = self._run_jobs() + self._ask_regions()
            rollouts.advance_due()
            if not done and not self._is_polling():
                break
        previews.check_deadlines()
        reviews.release_expired_claims()
        if self.clock.now() - self._digests_sent > _DIGESTS_EVERY:
            self._digests_sent = self.clock.now()
            notifications.send_digests()
        self._run_jobs()

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

    def _is_polling(self) -> bool:
        return _polls().filter(next_poll_at__lte=Now()).exists()

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


def _due_jobs() -> QuerySet[OutboxJob]:
    return OutboxJob.objects.filter(state=OutboxJob.State.DUE)


def _polls() -> QuerySet[RegionDeployment]:
    return RegionDeployment.objects.filter(state__in=UNDER_WAY)


def _tidy() -> None:
    """What autovacuum does for growing tables, and cannot do for rows of a transaction that is open."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT gin_clean_pending_list('auditrecord_about'::regclass)")
        cursor.execute("ANALYZE shared_auditrecord, shared_outboxjob, certification_regiondeployment")
