"""What everybody may know: how long each step takes, what waits, what is wrong, what is coming, which regions
answer, and how far off our dates were.

No publisher, no connector and no person is named here, and a figure made of few submissions is withheld: it
would tell of a single one.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.models import Count, Min
from django.utils import timezone
from django.utils.translation import gettext as _

from certification.lifecycle import ACTIVE_ROLLOUT_STATES
from certification.models import Freeze, Lane, Rollout, Submission
from certification.queries.forecast_accuracy import Accuracy, accuracy
from certification.queries.incidents import open_public, scopes
from certification.queries.lanes import LANE_OF_KIND
from certification.queries.ledger import STEP_OF, STEPS
from certification.queries.plans import PlacedFreeze, placed
from certification.queries.trains import departures, trains
from connectors.models import Region
from portal.shared.words import in_sentence
from portal.shared.words import lazy as _lazy

DAYS = 90
MIN_SAMPLES = 5
"""With fewer finished submissions no time is shown."""
WHOLE = "whole"
DEPARTURES = dt.timedelta(days=14)
_MEASURED = ("validation", "review", "corrections", "preview", "testing", "planning", "rollout")


@dataclass(frozen=True, slots=True)
class Times:
    """How long a step took in one lane (`lane` empty: in all). Seconds are None with too few samples."""

    step: str
    lane: str
    samples: int
    p50: float | None
    p75: float | None
    p90: float | None

    @property
    def lane_label(self) -> str:
        return str(Lane(self.lane).label) if self.lane else _("All lanes")


@dataclass(frozen=True, slots=True)
class StepTimes:
    """A step with its times: over all lanes, and lane by lane."""

    key: str
    label: str
    note: str
    overall: Times
    lanes: list[Times]

    @property
    def told(self) -> list[Times]:
        """The lanes of which there is something to tell."""
        return [row for row in self.lanes if row.p50 is not None]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A queue: how many wait, and since when the one that waits longest does."""

    key: str
    label: str
    lane: str
    count: int
    oldest: dt.datetime | None


@dataclass(frozen=True, slots=True)
class RegionWord:
    """A region's state in words."""

    name: str
    geography: str
    words: str
    tone: str
    since: dt.datetime | None
    is_preview: bool


@dataclass(frozen=True, slots=True)
class Trouble:
    """An open incident, as everybody may read it; `scope` says whom it concerns and names no connector."""

    title: str
    text: str
    scope: str
    since: dt.datetime


@dataclass(frozen=True, slots=True)
class NextDeparture:
    """When a train leaves, until when rollouts may board it, and how many places are free."""

    train: str
    leaves_at: dt.datetime
    closes_at: dt.datetime
    free: int
    capacity: int


@dataclass(frozen=True, slots=True)
class Status:
    """The whole page. `at` is when it was read: it may be a minute old."""

    at: dt.datetime
    steps: list[StepTimes]
    queues: list[Waiting]
    freezes: list[PlacedFreeze]
    regions: list[RegionWord]
    rollouts: int
    troubles: list[Trouble]
    departures: list[NextDeparture]
    accuracy: list[Accuracy]

    @property
    def has_times(self) -> bool:
        return any(step.overall.samples for step in self.steps)

    @property
    def waiting(self) -> int:
        return sum(queue.count for queue in self.queues)


_NOTES = {
    WHOLE: _lazy("From handing in to live in every region."),
    "validation": _lazy("A worker checks the package against every rule."),
    "review": _lazy("A reviewer reads it and decides."),
    "corrections": _lazy("With the team, after findings, requested changes or a refusal in Preview."),
    "preview": _lazy("The Preview region takes it."),
    "testing": _lazy("The team tests it before anybody else has it."),
    "planning": _lazy("An operator plans the rollout."),
    "rollout": _lazy("Wave after wave until every region has it; freezes and holds included."),
}


def status(*, now: dt.datetime | None = None) -> Status:
    """A dozen queries, whatever there is."""
    now = now or timezone.now()
    return Status(
        at=now,
        steps=step_times(now),
        queues=queues(),
        freezes=placed(Freeze.objects.filter(cancelled_at=None, ends_at__gt=now).order_by("starts_at")[:20]),
        regions=[_region(region) for region in Region.objects.order_by("geography", "name")],
        rollouts=Rollout.objects.filter(state__in=ACTIVE_ROLLOUT_STATES).count(),
        troubles=troubles(),
        departures=next_departures(now),
        accuracy=[row for row in accuracy(days=DAYS) if row.samples >= MIN_SAMPLES],
    )


def troubles() -> list[Trouble]:
    """The public incidents that are open, the latest first."""
    rows = list(open_public())
    concerned = scopes(rows, names_connectors=False)
    return [Trouble(row.title, row.text, concerned[row.pk], row.created_at) for row in rows]


def next_departures(now: dt.datetime) -> list[NextDeparture]:
    """The departures of the coming fortnight that plans let run, at most eight."""
    coming = departures(trains(), AnonymousUser(), start=now, end=now + DEPARTURES)
    return [
        NextDeparture(row.train.name, row.leaves_at, row.closes_at, row.free, row.train.capacity)
        for row in coming
        if not row.closed
    ][:8]


def step_times(now: dt.datetime) -> list[StepTimes]:
    """Percentiles of what was finished in the last 90 days, the whole way first."""
    found: dict[str, list[Times]] = {}
    for row in _percentiles(now - dt.timedelta(days=DAYS)):
        found.setdefault(row.step, []).append(row)
    order = [lane.value for lane in Lane]
    steps = []
    for key in (WHOLE, *_MEASURED):
        rows = found.get(key, [])
        overall = next((row for row in rows if not row.lane), Times(key, "", 0, None, None, None))
        lanes = sorted((row for row in rows if row.lane), key=lambda row: order.index(row.lane))
        label = _("The whole way") if key == WHOLE else STEPS[key][0]
        steps.append(StepTimes(key, label, _NOTES[key], overall, lanes))
    return steps


def _percentiles(since: dt.datetime) -> Iterable[Times]:
    """A submission counts in a step once it has left it, with all the time it spent there."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH recent AS (
                SELECT DISTINCT ledger_id FROM certification_timestretch WHERE ends_at > %(since)s),
            spent AS (
                SELECT s.ledger_id, l.lane, b.state, s.step,
                       sum(s.seconds) AS seconds, max(s.ends_at) AS ended
                  FROM recent
                  JOIN certification_timestretch s USING (ledger_id)
                  JOIN certification_timeledger l ON l.submission_id = s.ledger_id
                  JOIN certification_submission b ON b.id = s.ledger_id
                 WHERE s.holder <> 'nobody' AND s.step = ANY(%(measured)s) AND b.state <> 'withdrawn'
                 GROUP BY s.ledger_id, l.lane, b.state, s.step),
            counted AS (
                SELECT step, lane, seconds FROM spent
                 WHERE ended > %(since)s AND step <> %(step_of)s::jsonb ->> state
                UNION ALL
                SELECT %(whole)s, lane, sum(seconds) FROM spent
                 WHERE state IN ('live', 'superseded')
                 GROUP BY ledger_id, lane HAVING max(ended) > %(since)s)
            SELECT step, coalesce(lane, ''), count(*),
                   percentile_cont(ARRAY[0.5, 0.75, 0.9]) WITHIN GROUP (ORDER BY seconds)
              FROM counted GROUP BY GROUPING SETS ((step), (step, lane))
            """,
            {
                "since": since,
                "measured": list(_MEASURED),
                "step_of": json.dumps(STEP_OF),
                "whole": WHOLE,
            },
        )
        rows = cursor.fetchall()
    for step, lane, samples, percentiles in rows:
        shown = percentiles if samples >= MIN_SAMPLES else (None, None, None)
        yield Times(step, lane, samples, *shown)


def queues() -> list[Waiting]:
    """What waits for us: reviews lane by lane, then rollouts to be planned. One query."""
    rows = {
        (state, kind): (count, oldest)
        for state, kind, count, oldest in Submission.objects.filter(state__in=["in_review", "signed_off"])
        .order_by()
        .values_list("state", "kind")
        .annotate(Count("pk"), Min("state_changed_at"))
    }
    found = []
    for kind, lane in LANE_OF_KIND.items():
        count, oldest = rows.get(("in_review", kind), (0, None))
        label = (
            _("Updates") if lane == Lane.ADDITIVE else f"{lane.label}s" if lane == Lane.NEW else _("Hotfixes")
        )
        found.append(
            Waiting(
                "review", _("Review: %(label)s") % {"label": in_sentence(label)}, str(lane), count, oldest
            )
        )
    planned = [value for (state, _), value in rows.items() if state == "signed_off"]
    oldest = min((at for _, at in planned), default=None)
    found.append(Waiting("planning", _("Rollouts to be planned"), "", sum(n for n, _ in planned), oldest))
    return found


def _region(region: Region) -> RegionWord:
    words, tone, since = _("Working"), "success", region.last_answer_at
    if not region.is_active:
        words, tone, since = _("Not in use"), "neutral", None
    elif region.breaker_opened_at:
        words, tone, since = _("Does not answer"), "danger", region.breaker_opened_at
    elif region.last_answer_at is None:
        words, tone = _("Not heard of yet"), "neutral"
    return RegionWord(region.name, region.geography, words, tone, since, not region.is_production)
