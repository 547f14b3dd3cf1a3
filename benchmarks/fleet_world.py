"""Rows of a large fleet: regions, connectors with a live version, and rollouts through six waves."""

from __future__ import annotations

import datetime as dt
import itertools

from django.db import connection

from benchmarks import django_ready  # noqa: F401 - sets Django up
from benchmarks.fleet_regions import digest_of
from certification.models import (
    Placement,
    RegionDeployment,
    Revision,
    Rollout,
    RolloutPlan,
    RolloutWave,
    Submission,
)
from certification.planning.coverage import WaveDraft
from certification.services import plans
from certification.services.clock import database_now
from connectors.models import Connector, Publisher, Region, Version
from portal.accounts.models import User

WAVES = 6
_CHUNK = 5_000


class NotEmpty(SystemExit):
    """The database holds regions already: this benchmark fills and leaves one of its own."""


def operator() -> User:
    found, _ = User.objects.get_or_create(
        email="fleet@example.test", defaults={"display_name": "Fleet", "staff_role": "operator"}
    )
    return found


def add_regions(addresses: list[str]) -> list[Region]:
    if Region.objects.exists():
        raise NotEmpty("This database holds regions: give the benchmark an empty one (portal.embedded exec).")
    rows = [
        Region(
            code=f"fleet-{number:02d}",
            name=f"Region {number:02d}",
            base_url=address,
            credentials={"token": "bench"},
        )
        for number, address in enumerate(addresses)
    ]
    preview = Region(code="fleet-preview", name="Preview", base_url=addresses[0], is_preview=True)
    Region.objects.bulk_create([*rows, preview])
    return rows


def add_plan(regions: list[Region]) -> RolloutPlan:
    size = -(-len(regions) // WAVES)
    drafts = [WaveDraft("Preview", ("fleet-preview",), before_sign_off=True)]
    for start in range(0, len(regions), size):
        codes = tuple(region.pk for region in regions[start : start + size])
        drafts.append(WaveDraft(f"Wave {start // size + 1}", codes))
    draft = plans.PlanDraft(
        name="Fleet", waves=tuple(drafts), time_zone="UTC", weekend=(), holiday_countries=(), is_default=True
    )
    return plans.create_plan(draft, actor=operator())


def add_connectors(count: int, regions: list[Region]) -> list[Connector]:
    """Connectors with one version, live in every region and looked at a while ago."""
    publisher, _ = Publisher.objects.get_or_create(slug="fleet", defaults={"name": "Fleet"})
    connectors = Connector.objects.bulk_create(
        [
            Connector(publisher=publisher, name=slug, name_key=slug, slug=slug, state="active")
            for slug in (f"fleet-{number}" for number in range(count))
        ],
        batch_size=_CHUNK,
    )
    versions = Version.objects.bulk_create(
        [
            Version(
                connector=one, number=1, label="1.0.0", digest=digest_of(one.slug), size_bytes=1000,
                created_by=operator(),
            )
            for one in connectors
        ],
        batch_size=_CHUNK,
    )  # fmt: skip
    now = database_now()
    places = (
        Placement(
            connector=version.connector, region=region, last_number=1, reported_version=version,
            reported_at=now, verified_version=version, verified_at=now, probed_digest=version.digest,
            probed_at=now, next_probe_at=now + dt.timedelta(minutes=30),
        )
        for version in versions for region in regions
    )  # fmt: skip
    while chunk := list(itertools.islice(places, _CHUNK)):
        Placement.objects.bulk_create(chunk)
    return connectors


def add_rollouts(
    connectors: list[Connector], plan: RolloutPlan, *, state: str = "deploying"
) -> list[Rollout]:
    """A running rollout for each connector; the first wave's deployments in `state`, the others planned."""
    by = operator()
    versions = {row.connector_id: row for row in Version.objects.filter(connector__in=connectors)}
    submissions = Submission.objects.bulk_create(
        [
            Submission(
                reference=f"F-{one.slug}", connector=one, state="draft", version=versions[one.pk],
                created_by=by,
            )
            for one in connectors
        ],
        batch_size=_CHUNK,
    )  # fmt: skip
    Revision.objects.bulk_create(
        [Revision(submission=one, number=1, version=one.version, handed_in_by=by) for one in submissions],
        batch_size=_CHUNK,
    )
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE certification_submission s SET state = 'rolling_out', revision_id = r.id
                 FROM certification_revision r WHERE r.submission_id = s.id AND s.revision_id IS NULL"""
        )
    now = database_now()
    rollouts = Rollout.objects.bulk_create(
        [
            Rollout(
                submission=submission, connector=submission.connector, version=submission.version,
                digest=submission.version.digest, plan=plan, state="running", starts_on=now.date(),
                next_step_at=now, started_at=now, created_by=by,
            )
            for submission in submissions
        ],
        batch_size=_CHUNK,
    )  # fmt: skip
    _add_waves(rollouts, plan, now, state)
    return rollouts


def _add_waves(rollouts: list[Rollout], plan: RolloutPlan, now: dt.datetime, state: str) -> None:
    specs = list(plan.waves.filter(before_sign_off=False).order_by("number"))
    places: dict[int, list[str]] = {}
    for place in plan.places.all():
        places.setdefault(place.wave_id, []).append(place.region_id)
    waves = RolloutWave.objects.bulk_create(
        [
            RolloutWave(
                rollout=rollout, number=spec.number, name=spec.name,
                planned_at=now + dt.timedelta(days=index), due_at=now + dt.timedelta(days=index),
                state="planned" if index else "running", started_at=None if index else now,
            )
            for rollout in rollouts for index, spec in enumerate(specs)
        ],
        batch_size=_CHUNK,
    )  # fmt: skip
    codes = {spec.number: places[spec.pk] for spec in specs}
    first = specs[0].number
    rows = (
        RegionDeployment(
            rollout=wave.rollout, wave=wave, connector_id=wave.rollout.connector_id, region_id=code,
            version_id=wave.rollout.version_id, number=1 if wave.number == first else None,
            idempotency_key=f"{wave.rollout.connector.slug}:{code}:deploy:1",
            state=state if wave.number == first else "pending",
            next_poll_at=now if wave.number == first else None,
            intended_at=now if wave.number == first else None,
            deadline_at=now + dt.timedelta(hours=1),
        )
        for wave in waves for code in codes[wave.number]
    )  # fmt: skip
    while chunk := list(itertools.islice(rows, _CHUNK)):
        RegionDeployment.objects.bulk_create(chunk)


def analyse() -> None:
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
