"""Rows of a large fleet: regions, connectors with a live version, and rollouts through six waves."""

from __future__ import annotations

import datetime as dt

from django.db import connection
from django.db.models import Model

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
from portal.shared.models import AuditRecord, AuditSeal, OutboxJob

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


def add_connectors(count: int) -> list[Connector]:
    """Connectors with one version, live in every region and looked at a while ago."""
    publisher, _ = Publisher.objects.get_or_create(slug="fleet", defaults={"name": "Fleet"})
    connectors = Connector.objects.bulk_create(
        [
            Connector(publisher=publisher, name=slug, name_key=slug, slug=slug, state="active")
            for slug in (f"fleet-{number}" for number in range(count))
        ],
        batch_size=_CHUNK,
    )
    by = operator()
    Version.objects.bulk_create(
        [
            Version(
                connector=one, number=1, label="1.0.0", digest=digest_of(one.slug), size_bytes=1000,
                created_by=by,
            )
            for one in connectors
        ],
        batch_size=_CHUNK,
    )  # fmt: skip
    _insert(
        Placement,
        {
            "connector": "v.connector_id", "region": "r.code", "last_number": "1", "reported_version": "v.id",
            "reported_at": "statement_timestamp()", "verified_version": "v.id",
            "verified_at": "statement_timestamp()", "probed_digest": "v.digest",
            "probed_at": "statement_timestamp()",
            "next_probe_at": "statement_timestamp() + interval '30 minutes'",
        },
        "connectors_version v CROSS JOIN connectors_region r WHERE NOT r.is_preview",
    )  # fmt: skip
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
    RolloutWave.objects.bulk_create(
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
    first = specs[0].number
    _insert(
        RegionDeployment,
        {
            "rollout": "w.rollout_id", "wave": "w.id", "connector": "o.connector_id", "region": "p.region_id",
            "version": "o.version_id", "number": f"CASE WHEN w.number = {first} THEN 1 END",
            "idempotency_key": "c.slug || ':' || p.region_id || ':deploy:1'",
            "state": f"CASE WHEN w.number = {first} THEN '{state}' ELSE 'pending' END",
            "next_poll_at": f"CASE WHEN w.number = {first} THEN statement_timestamp() END",
            "intended_at": f"CASE WHEN w.number = {first} THEN statement_timestamp() END",
            "deadline_at": "statement_timestamp() + interval '1 hour'",
        },
        """certification_rolloutwave w JOIN certification_rollout o ON o.id = w.rollout_id
           JOIN connectors_connector c ON c.id = o.connector_id
           JOIN certification_planwave s ON s.plan_id = o.plan_id AND s.number = w.number
           JOIN certification_planwaveregion p ON p.wave_id = s.id
           WHERE w.rollout_id = ANY(%s)""",
        [rollout.pk for rollout in rollouts],
    )  # fmt: skip


def add_history(records: int, jobs: int) -> None:
    """Sealed audit records and finished jobs, as months leave them."""
    _insert(
        AuditRecord,
        {"action": "'fleet.fill'", "object_key": "'fleet:' || n", "about": "ARRAY['fleet:' || n]"},
        "generate_series(1, %s) n",
        records,
    )
    _insert(
        AuditSeal,
        {
            "sequence": "a.id",
            "record": "a.id",
            "previous_hash": "md5('before ' || a.id)",
            "hash": "md5(a.id::text)",
        },
        "shared_auditrecord a WHERE a.action = 'fleet.fill'",
    )
    _insert(
        OutboxJob,
        {
            "topic": "'fleet.fill'", "handler": "'fleet.fill'", "queue": "'default'", "payload": "'{}'",
            "state": "'done'", "finished_at": "statement_timestamp() - n * interval '1 second'",
        },
        "generate_series(1, %s) n",
        jobs,
    )  # fmt: skip


def _insert(model: type[Model], expressions: dict[str, str], source: str, *arguments: object) -> None:
    """Rows that the database makes itself; columns without an expression get the model's defaults."""
    names: list[str] = []
    values: list[str] = []
    given: list[object] = []
    table = model._meta.db_table
    for column in model._meta.concrete_fields:
        if column.name in expressions:
            values.append(expressions[column.name])
        elif column.primary_key and column.get_internal_type() == "UUIDField":
            values.append("gen_random_uuid()")
        elif column.primary_key or column.has_db_default():
            continue
        else:
            values.append("%s")
            given.append(column.get_db_prep_save(column.get_default(), connection))
        names.append(f'"{column.column}"')
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(
            f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(values)} FROM {source}",
            [*given, *arguments],
        )


def analyse() -> None:
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
