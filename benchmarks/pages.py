"""Pages: CPU per request against a bare view behind the same middleware, for the same signed-in person.

    DATABASE_URL=… python -m benchmarks.pages [--rows 20000] [--connectors 2000] [--telemetry 0] [--pairs 15]

The tables are filled first, in a transaction that is rolled back at the end. Requests go through Django's
handler in this process, so the CPU time is the portal's alone; PostgreSQL's share is in the wall time. A page
and the bare view take turns and the medians are compared. The number of queries is counted once.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path, reverse

from benchmarks import (
    django_ready,  # noqa: F401 - sets Django up
    page_world,
)
from benchmarks.measuring import Pair, compare
from portal.accounts.models import User
from portal.urls import urlpatterns as portal_urls
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


def _browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    session = client.session
    session["trial_entry"] = bool(user.staff_role)
    session.save()
    return client


def world(options: argparse.Namespace) -> list[Page]:
    """Fill the tables and name the pages to measure."""
    cast = page_world.people()
    page_world.submissions(options.rows, options.connectors, cast)
    submission = in_review(cast.owner)
    rollout = scheduled_rollout(cast, *WAVES, due=False)
    page_world.month_of_health(rollout.connector)
    days = page_world.telemetry(options.telemetry) if options.telemetry else 0
    print(
        f"{options.rows:,} submissions of {options.connectors:,} connectors, "
        f"{options.telemetry:,} hours of telemetry ({days} days)"
    )
    owner, reviewer, operator = (_browser(user) for user in (cast.owner, cast.reviewer, cast.operator))
    health = reverse("connector_health", args=[rollout.connector.pk])
    return [
        Page("home of an owner", reverse("home"), owner),
        Page("home of a reviewer", reverse("home"), reviewer),
        Page("home of an operator", reverse("home"), operator),
        Page("submissions, 50 of all", reverse("submission_list"), operator),
        Page("submissions, own team", reverse("submission_list"), owner),
        Page("submission", reverse("submission_detail", args=[submission.pk]), owner),
        Page("review queue", reverse("review_queue"), reviewer),
        Page("review", reverse("review_detail", args=[submission.pk]), reviewer),
        Page("connectors", reverse("connector_list"), operator),
        Page("connector", reverse("connector_detail", args=[rollout.connector.pk]), owner),
        Page("rollouts", reverse("rollout_list"), operator),
        Page("rollout, 27 regions", reverse("rollout_detail", args=[rollout.pk]), operator),
        Page("rollout, live part", reverse("rollout_live", args=[rollout.pk]), operator),
        Page("calendar", reverse("calendar_month"), operator),
        Page("health, 30 days", f"{health}?window=30d", owner),
        Page("health of all", reverse("fleet_overview"), operator),
        Page("live connectors", reverse("public_list"), operator),
        Page("status", reverse("status"), operator),
        Page("search", f"{reverse('search')}?q=tides", operator),
        Page("publishers", reverse("publisher_list"), operator),
        Page("API, 50 submissions", "/api/v1/submissions/?page_size=50", operator),
        Page("API, events", "/api/v1/events/", operator),
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
    parser.add_argument("--rows", type=int, default=20_000, help="submissions")
    parser.add_argument("--connectors", type=int, default=2_000)
    parser.add_argument(
        "--telemetry", type=int, default=0, help="hours of counts; 10000000 take minutes to write"
    )
    parser.add_argument("--pairs", type=int, default=15)
    options = parser.parse_args()
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "testserver"]
    settings.ROOT_URLCONF = __name__ if __name__ != "__main__" else "benchmarks.pages"
    with tempfile.TemporaryDirectory() as folder, transaction.atomic():
        settings.PACKAGE_ROOT = Path(folder)
        pages = world(options)
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
