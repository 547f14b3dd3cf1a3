"""Pages: CPU per request against a bare view behind the same middleware, for the same signed-in person.

    DATABASE_URL=... python -m benchmarks.pages [--rows 20000] [--pairs 15]

The tables are filled first, in a transaction that is rolled back at the end. Requests go through Django's
handler in this process, so the CPU time is the portal's alone; PostgreSQL's share is in the wall time. A page
and the bare view take turns and the medians are compared. The number of queries is counted once.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
import uuid
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path, reverse
from django.utils import timezone

from benchmarks import django_ready  # noqa: F401 - sets Django up
from benchmarks.measuring import Pair, compare
from certification.models import Revision, Submission
from connectors.latency import BUCKETS
from connectors.models import Connector, Membership, Publisher, Version
from connectors.services import health
from portal.accounts.models import User
from portal.shared.actors import SYSTEM
from portal.urls import urlpatterns as portal_urls
from tests.factories import RegionFactory
from tests.factories.reviews import in_review
from tests.factories.rollouts import scheduled_rollout

WAVES = tuple(" ".join(f"bench-{wave}-{n}" for n in range(size)) for wave, size in enumerate((2, 4, 6, 7, 7)))


@login_required
def bare(request: HttpRequest) -> HttpResponse:
    """What any page costs: the middleware, the session, the person."""
    return HttpResponse("bare")


urlpatterns = [*portal_urls, path("bare/", bare, name="bare")]


@dataclass(frozen=True)
class Page:
    name: str
    url: str
    browser: Client


def _people() -> SimpleNamespace:
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


def fill(rows: int, cast: SimpleNamespace) -> None:
    """So many submissions, half of them waiting for a review, over a hundred teams and the cast's own."""
    marks = [uuid.uuid4().hex for _ in range(rows)]
    teams = [
        cast.publisher,
        *(Publisher(name=f"Team {n} {marks[0][:6]}", slug=f"t-{n}-{marks[0]}") for n in range(100)),
    ]
    Publisher.objects.bulk_create(teams[1:])
    connectors = [
        Connector(
            publisher=teams[n % len(teams)], name=f"Tides {n}", name_key=mark, slug=mark, state="active"
        )
        for n, mark in enumerate(marks)
    ]
    versions = [
        Version(
            connector=one,
            number=1,
            label="1.0.0",
            digest=one.slug * 2,
            size_bytes=9,
            created_by=cast.developer,
        )
        for one in connectors
    ]
    at = timezone.now()
    submissions = [
        Submission(
            reference=f"B-{one.slug[:12]}",
            connector=one,
            created_by=cast.developer,
            submitted_at=at - timedelta(minutes=n),
            queued_at=at - timedelta(minutes=n),
        )
        for n, one in enumerate(connectors)
    ]
    revisions = [
        Revision(submission=one, number=1, version=version, handed_in_by=cast.developer)
        for one, version in zip(submissions, versions, strict=True)
    ]
    for model, objects in (
        (Connector, connectors),
        (Version, versions),
        (Submission, submissions),
        (Revision, revisions),
    ):
        model._base_manager.bulk_create(objects, batch_size=2_000)  # type: ignore[arg-type]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE certification_submission s SET revision_id = r.id, version_id = r.version_id, "
            "state = CASE WHEN hashtext(s.reference) % 2 = 0 THEN 'in_review' ELSE 'validation_failed' END "
            "FROM certification_revision r WHERE r.submission_id = s.id AND s.reference LIKE 'B-%'"
        )
        cursor.execute("ANALYZE")


def _month_of_health(connector: Connector) -> None:
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


def _browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    session = client.session
    session["trial_entry"] = bool(user.staff_role)
    session.save()
    return client


def world(rows: int) -> list[Page]:
    """Fill the tables and name the pages to measure."""
    cast = _people()
    fill(rows, cast)
    submission = in_review(cast.owner)
    rollout = scheduled_rollout(cast, *WAVES, due=False)
    _month_of_health(rollout.connector)
    owner, reviewer, operator = (_browser(user) for user in (cast.owner, cast.reviewer, cast.operator))
    return [
        Page("submissions, 50 of all", reverse("submission_list"), operator),
        Page("submissions, own team", reverse("submission_list"), owner),
        Page("submission", reverse("submission_detail", args=[submission.pk]), owner),
        Page("review queue", reverse("review_queue"), reviewer),
        Page("review", reverse("review_detail", args=[submission.pk]), reviewer),
        Page("connectors", reverse("connector_list"), operator),
        Page("connector", reverse("connector_detail", args=[rollout.connector.pk]), owner),
        Page("rollout, 27 regions", reverse("rollout_detail", args=[rollout.pk]), operator),
        Page("rollout, live part", reverse("rollout_live", args=[rollout.pk]), operator),
        Page(
            "health, 30 days", reverse("connector_health", args=[rollout.connector.pk]) + "?range=30d", owner
        ),
        Page("API, 50 submissions", "/api/v1/submissions/?page_size=50", operator),
    ]


def measure(page: Page, pairs: int) -> tuple[Pair, int, float]:
    """CPU against the bare view, number of queries, median wall seconds."""

    def ours() -> None:
        answer = page.browser.get(page.url)
        assert answer.status_code == 200, f"{page.url}: {answer.status_code}"

    def base() -> None:
        assert page.browser.get("/bare/").status_code == 200

    ours()
    queries: list[str] = []

    def count(execute: Any, sql: str, *rest: Any) -> Any:
        queries.append(sql)
        return execute(sql, *rest)

    with connection.execute_wrapper(count):
        ours()
    pair = compare(ours, base, pairs=pairs, base_times=5)
    walls = []
    for _ in range(5):
        began = time.perf_counter()
        ours()
        walls.append(time.perf_counter() - began)
    return pair, len(queries), statistics.median(walls)


def main() -> None:
    parser = argparse.ArgumentParser(description="CPU per page against a bare view.")
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--pairs", type=int, default=15)
    options = parser.parse_args()
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver"]
    settings.ROOT_URLCONF = __name__ if __name__ != "__main__" else "benchmarks.pages"
    with tempfile.TemporaryDirectory() as folder, transaction.atomic():
        settings.PACKAGE_ROOT = Path(folder)
        pages = world(options.rows)
        print(f"{options.rows:,} submissions in the table; median of {options.pairs} pairs")
        print(f"{'page':<26} {'queries':>7} {'wall ms':>8} {'CPU ms':>7} {'bare ms':>8} {'of bare':>8}")
        for page in pages:
            pair, queries, wall = measure(page, options.pairs)
            print(
                f"{page.name:<26} {queries:>7} {wall * 1000:>8.1f} {pair.ours * 1000:>7.1f} "
                f"{pair.base * 1000:>8.2f} {pair.base / pair.ours:>8.1%}"
            )
        transaction.set_rollback(True)


if __name__ == "__main__":
    main()
