"""What the benchmark of pages looks at: people, submissions and hours of telemetry, as many as asked for."""

from __future__ import annotations

import uuid
from datetime import timedelta
from types import SimpleNamespace

from django.db import connection
from django.utils import timezone

from certification.models import Revision, Submission
from connectors.latency import BUCKETS
from connectors.models import Connector, Membership, Publisher, Region, Version
from connectors.services import health, health_connector_hours
from portal.accounts.models import User
from portal.shared.actors import SYSTEM
from tests.factories import RegionFactory

REGIONS, OPERATIONS = 7, 3


def people() -> SimpleNamespace:
    """A team with an owner and a developer, a reviewer and an operator."""

    def person(name: str, staff_role: str = "") -> User:
        user: User = User.objects.create_user(
            f"{name}-{uuid.uuid4().hex[:8]}@example.test", staff_role=staff_role
        )
        return user

    team = Publisher.objects.create(name=f"Bench {uuid.uuid4().hex[:8]}", slug=uuid.uuid4().hex[:20])
    cast = SimpleNamespace(
        publisher=team,
        owner=person("owner"),
        developer=person("developer"),
        reviewer=person("reviewer", "reviewer"),
        operator=person("operator", "operator"),
    )
    Membership.objects.create(publisher=team, user=cast.owner, role="owner")
    Membership.objects.create(publisher=team, user=cast.developer, role="developer")
    return cast


def submissions(rows: int, connectors: int, cast: SimpleNamespace) -> None:
    """So many submissions, half of them waiting for a review, over a hundred teams and the cast's own."""
    marks = [uuid.uuid4().hex for _ in range(connectors)]
    teams = [
        cast.publisher,
        *(Publisher(name=f"Team {n} {marks[0][:6]}", slug=f"t-{n}-{marks[0]}") for n in range(100)),
    ]
    Publisher.objects.bulk_create(teams[1:])
    made = [
        Connector(
            publisher=teams[n % len(teams)], name=f"Tides {n}", name_key=mark, slug=mark, state="active"
        )
        for n, mark in enumerate(marks)
    ]
    places = [(made[n % connectors], n // connectors + 1) for n in range(rows)]
    versions = [
        Version(
            connector=one,
            number=number,
            label=f"1.0.{number}",
            digest=f"{one.slug}{number:032x}",
            size_bytes=9,
            created_by=cast.developer,
        )
        for one, number in places
    ]
    at = timezone.now()
    handed_in = [
        Submission(
            reference=f"B-{one.slug[:10]}-{number}",
            connector=one,
            # One submission of a connector may be open at a time.
            state="draft" if number == 1 else "withdrawn",
            created_by=cast.developer,
            submitted_at=at - timedelta(minutes=n),
            queued_at=at - timedelta(minutes=n),
        )
        for n, (one, number) in enumerate(places)
    ]
    revisions = [
        Revision(submission=one, number=1, version=version, handed_in_by=cast.developer)
        for one, version in zip(handed_in, versions, strict=True)
    ]
    for model, objects in (
        (Connector, made),
        (Version, versions),
        (Submission, handed_in),
        (Revision, revisions),
    ):
        model._base_manager.bulk_create(objects, batch_size=2_000)  # type: ignore[arg-type]
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE certification_submission AS s
                  SET revision_id = r.id, version_id = r.version_id,
                      state = CASE WHEN s.state = 'withdrawn' THEN 'live'
                                   WHEN hashtext(s.reference) % 2 = 0 THEN 'in_review'
                                   ELSE 'validation_failed' END
                 FROM certification_revision AS r WHERE r.submission_id = s.id AND s.reference LIKE 'B-%'"""
        )
        cursor.execute(
            """UPDATE connectors_connector AS c SET live_version_id = v.id FROM connectors_version AS v
                WHERE v.connector_id = c.id AND v.number = 1 AND c.name LIKE 'Tides %'"""
        )
        cursor.execute("ANALYZE")


def telemetry(rows: int) -> int:
    """About so many hours of counts of all live connectors up to now; how many days they reach back."""
    codes = list(Region.objects.filter(is_preview=False).values_list("pk", flat=True)[:REGIONS])
    live = Connector._base_manager.exclude(live_version=None).count()
    hours = max(rows // (live * REGIONS * OPERATIONS), 1)
    latency = [0, 0, 3, 40, 50, 7] + [0] * (BUCKETS - 6)
    with connection.cursor() as cursor:
        # Hour by hour: a statement ends well before the time that statements have.
        for ago in range(hours):
            cursor.execute(
                """INSERT INTO connectors_healthhour
                          (connector_id, region_id, version_label, operation, hour, requests, successes,
                           throttled, statuses, latency, connections)
                   SELECT c.id, r, '1.0.1', 'Operation' || o,
                          date_trunc('hour', now(), 'UTC') - %s * interval '1 hour', 100, 97, 1, %s, %s, 12
                     FROM connectors_connector AS c, unnest(%s::text[]) AS r, generate_series(1, %s) AS o
                    WHERE c.live_version_id IS NOT NULL""",
                [ago, '{"200": 97, "404": 2, "429": 1}', latency, codes, OPERATIONS],
            )
        cursor.execute("ANALYZE connectors_healthhour")
    health_connector_hours.mend()
    return hours // 24


def month_of_health(connector: Connector) -> None:
    """Thirty days of one busy connector, hour by hour."""
    last = timezone.now().replace(minute=0, second=0, microsecond=0) - timedelta(hours=1)
    code = uuid.uuid4().hex[:20]
    RegionFactory(code=code)
    latency = (0, 0, 3, 40, 50, 6) + (0,) * (BUCKETS - 6)
    health.import_hours(
        (
            health.Hour(
                connector.pk,
                code,
                "1.0.0",
                f"Operation{number}",
                last - timedelta(hours=hour),
                {"200": 97, "404": 2},
                latency,
            )
            for hour in range(30 * 24)
            for number in range(8)
        ),
        actor=SYSTEM,
    )
