"""The fixed cast, and what every test may use."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import pytest
from _pytest.terminal import TerminalReporter
from django.db.models.functions import Now
from django.test import Client
from hypothesis import HealthCheck, settings

from connectors.models import Membership, Publisher
from portal.accounts.models import User
from portal.shared import outbox
from tests import checked_once, emptying
from tests.factories import MembershipFactory, PublisherFactory, UserFactory
from tests.template_database import drop_template, use_template

# How fast examples are made says how busy the machine is.
settings.register_profile("busy", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy")

# They wait for processes of their own most of the time: begun first, they wait beside tests that compute. The demo
# world is the longest file of all: begun last, it would run alone.
_LONGEST_FIRST = (
    "tests/journeys/",
    "tests/portal/test_embedded_portal.py",
    "tests/portal/test_demo_world.py",
    "tests/browser/",
    "tests/architecture/",
    "tests/faults/",
)


# They drive processes of their own (a browser, workers, regions) in real time, on machines that are busy with other
# tests: one that fails is asked once more, and the summary says so. Every other test has one chance.
_IN_REAL_TIME = ("browser", "journey", "fault")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        return next((n for n, part in enumerate(_LONGEST_FIRST) if item.nodeid.startswith(part)), 9)

    items.sort(key=place)
    for item in items:
        if any(item.get_closest_marker(name) for name in _IN_REAL_TIME):
            item.add_marker(pytest.mark.flaky(reruns=1))


_failures: list[pytest.TestReport] = []


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    # A rerun takes the reports of failed subtests out of pytest's own statistics.
    if report.outcome in ("failed", "rerun"):
        _failures.append(report)


def pytest_terminal_summary(terminalreporter: TerminalReporter) -> None:
    """Say why a test was asked once more: what fails one time in ten is a fault too, and its reason is worth keeping."""
    asked_again = {report.nodeid for report in terminalreporter.stats.get("rerun", ())}
    for report in _failures:
        if report.nodeid in asked_again and report.longreprtext:
            terminalreporter.section(f"asked once more: {report.nodeid}", sep="-")
            terminalreporter.write_line(report.longreprtext[-6000:])


def pytest_collection_finish() -> None:
    """Thousands of collected tests are no garbage: looking through them again and again took an eighth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix, request, tmp_path_factory, django_db_blocker
):
    if hasattr(request.config, "workerinput"):
        with django_db_blocker.unblock():
            use_template(tmp_path_factory.getbasetemp().parent)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    factory = getattr(session.config, "_tmp_path_factory", None)
    if factory is not None and not hasattr(session.config, "workerinput"):
        drop_template(factory.getbasetemp())


@pytest.fixture(scope="session", autouse=True)
def nothing_is_done_twice():
    checked_once.remember()
    emptying.keep_what_is_always_the_same()


@dataclass(frozen=True)
class Cast:
    """One team with everybody in it, a stranger of another team, and the staff."""

    publisher: Publisher
    owner: User
    developer: User
    tester: User
    viewer: User
    other_publisher: Publisher
    stranger: User
    reviewer: User
    second_reviewer: User
    operator: User
    second_operator: User
    administrator: User


_MEMBERS = ("owner", "developer", "tester", "viewer")
_STAFF = {
    "reviewer": "reviewer",
    "second reviewer": "reviewer",
    "operator": "operator",
    "second operator": "operator",
    "administrator": "administrator",
}


@pytest.fixture
def cast(db: None) -> Cast:
    # Three statements for everybody: half of all tests begin with this cast.
    publisher = PublisherFactory.build(name="Northwind Harbour", slug="northwind-harbour")
    other = PublisherFactory.build(name="Fjord Analytics", slug="fjord-analytics", kind="independent")
    _insert([publisher, other])
    people = {
        name: UserFactory.build(
            email=f"{name.replace(' ', '.')}@example.test",
            display_name=name.title(),
            staff_role=_STAFF.get(name, ""),
        )
        for name in (*_MEMBERS, "stranger", *_STAFF)
    }
    _insert([*people.values()])
    roles = [MembershipFactory.build(publisher=publisher, user=people[role], role=role) for role in _MEMBERS]
    _insert([*roles, MembershipFactory.build(publisher=other, user=people["stranger"], role="owner")])
    named = {name.replace(" ", "_"): person for name, person in people.items()}
    return Cast(publisher=publisher, other_publisher=other, **named)


def _insert(rows: Sequence[Publisher] | Sequence[User] | Sequence[Membership]) -> None:
    """One statement for all; each row a little younger than the one before, as if they had come one by one."""
    for age, row in enumerate(reversed(rows)):
        row.created_at = Now() - timedelta(microseconds=age)
    type(rows[0])._default_manager.bulk_create(rows)


@pytest.fixture
def sign_in(client: Client):
    """Sign a person in without the pages; staff count as having shown their second factor."""

    def enter(user: User, browser: Client | None = None) -> Client:
        browser = browser or client
        browser.force_login(user)
        session = browser.session
        session["trial_entry"] = bool(user.staff_role)
        session.save()
        return browser

    return enter


@pytest.fixture
def drain_outbox():
    """Run every due job now, visibly."""
    return outbox.drain
