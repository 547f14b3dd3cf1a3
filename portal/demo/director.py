"""Tells many stories at once in the order of their times, and lets the portal work in between.

A story is a generator: it does something through the services, then yields the moment at which it goes on.
Between two moments the portal's own machinery runs: follow-up jobs, waves that are due, answers of regions.
"""

from __future__ import annotations

import datetime as dt
import heapq
from collections.abc import Generator
from itertools import count

from django.db.models import Min

from certification.lifecycle import UNDER_WAY
from certification.models import RegionDeployment, RolloutWave
from certification.services import previews, rollouts
from portal.demo.clock import Clock
from portal.shared import outbox
from portal.shared.models import OutboxJob

Story = Generator[dt.datetime, None, None]

_REGIONS_AT_ONCE = 3
_REGION_SECONDS = 47
"""Regions answer a few at a time, and the told time goes on by so much: no two waves look the same."""
_MOST_ROUNDS = 5_000


class Director:
    """Runs stories up to `ends_at`. `clock` is the told time."""

    def __init__(self, clock: Clock, *, ends_at: dt.datetime) -> None:
        self.clock = clock
        self.ends_at = ends_at
        self._waiting: list[tuple[dt.datetime, int, Story]] = []
        self._order = count()

    def tell(self, story: Story) -> None:
        """Begin a story now; it runs to its first moment."""
        self._step(story)

    def run(self) -> None:
        """Go from moment to moment until every story is told and the end is reached."""
        for _ in range(_MOST_ROUNDS):
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
            done = outbox.drain(limit=5_000)
            rollouts.advance_due()
            polled = rollouts.poll_due(limit=_REGIONS_AT_ONCE)
            if not done and not polled:
                break
            if polled:
                self.clock.set(self.clock.now() + dt.timedelta(seconds=_REGION_SECONDS))
        previews.check_deadlines()
        outbox.drain(limit=5_000)

    def _next_due(self) -> dt.datetime | None:
        """When the machinery has something to do next."""
        jobs = OutboxJob.objects.filter(state=OutboxJob.State.DUE).aggregate(at=Min("due_at"))["at"]
        polls = RegionDeployment.objects.filter(state__in=UNDER_WAY).aggregate(at=Min("next_poll_at"))["at"]
        waves = RolloutWave.objects.filter(state="planned", rollout__state__in=("scheduled", "running"))
        # A wave that waits for the one before it has passed its time already: an answer wakes it.
        begin = waves.filter(due_at__gt=self.clock.now()).aggregate(at=Min("due_at"))["at"]
        found = [moment for moment in (jobs, polls, begin) if moment is not None]
        return min(found, default=None)
