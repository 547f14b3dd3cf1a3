"""Every page of the site map in a real browser: valid, accessible in both themes, quiet, alone, and never too wide.

The addresses are those of the access matrix, so a new page is looked at without being named here. `make test` looks at the
main pages, each as the role that works there; with TEST_EFFORT=full every page is looked at, and with PAGES_OF=all by every
role that gets in.
"""

from __future__ import annotations

import os

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.db import connection, connections

from tests.architecture.access import CONNECTORS, REVIEWS, ROLLOUTS, SUBMISSIONS, TABLE, kwargs_for
from tests.architecture.routes import ROUTES
from tests.architecture.world import built
from tests.browser.stage import Stage
from tests.effort import IS_FULL

AXE = Axe().axe_script
pytestmark = [pytest.mark.browser, pytest.mark.django_db, pytest.mark.timeout(900)]
ROLES = ("owner", "reviewer", "operator", "administrator", "guest_tester", "anonymous")
# Who works in a part of the site; the first of them that gets in looks at its pages.
WORKS = (
    ({*CONNECTORS, *SUBMISSIONS}, ("owner",)),
    ({*REVIEWS}, ("reviewer",)),
    ({*ROLLOUTS}, ("operator", "owner", "guest_tester")),
)
SEEN_BY_ALL = {"home", "submission_detail"}
# What people have before them most of the day, and one of each kind of page besides.
MAIN = SEEN_BY_ALL | {
    "account_login", "account_signup", "administration", "calendar_month", "connector_detail", "connector_health",
    "credential_list", "finding_list", "gate_detail", "mail_text_list", "plan_create", "preview_detail",
    "public_connector", "region_list", "review_changes", "review_detail", "review_queue", "rollout_detail",
    "rollout_list", "rule_list", "status", "submission_documentation", "submission_edit", "submission_list",
    "treatment_create", "version_detail",
}  # fmt: skip
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
EVERYTHING = {"runOnly": {"type": "tag", "values": TAGS}, "resultTypes": ["violations"], "iframes": False}
COLOURS = {
    "runOnly": {"type": "rule", "values": ["color-contrast"]},
    "resultTypes": ["violations"],
    "iframes": False,
}
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
PAGES = {
    route.name: route
    for route in ROUTES
    if not route.is_api and route.name in TABLE and "GET" in TABLE[route.name].methods
}
# A mail as its reader's program would show it, in a frame where nothing runs.
del PAGES["mail_specimen_body"]


def _lookers(name: str) -> list[str]:
    allowed = TABLE[name].methods["GET"].allowed
    found = [role for role in ROLES if role in allowed]
    if name not in MAIN and not IS_FULL:
        return []
    if name in SEEN_BY_ALL or os.environ.get("PAGES_OF") == "all":
        return found
    first = next((roles for names, roles in WORKS if name in names), ("administrator",))
    return [next((role for role in first if role in allowed), found[0])] if found else []


@pytest.fixture(scope="module")
def world(chromium, django_db_setup, django_db_blocker):
    """After the browser: what is opened inside its loop has to be closed there."""
    with django_db_blocker.unblock():
        with built() as made:
            yield made
        connections.close_all()


@pytest.fixture(scope="module")
def stage(chromium, world):
    # While the browser thinks, the transaction that holds the world rests.
    connection.cursor().execute("SET LOCAL idle_in_transaction_session_timeout = 0")
    page = chromium.new_page(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    yield Stage(page, world)
    page.close()


def _path(stage: Stage, name: str) -> str:
    found, route = TABLE[name], PAGES[name]
    query = "&".join(f"{key}={value}" for key, value in found.query.items())
    return route.path(kwargs_for(stage.world, found, route.kwargs)) + (f"?{query}" if query else "")


def _violations(page, options: dict, where: str) -> list[str]:
    found = page.evaluate("options => axe.run(options)", options)["violations"]
    return [f"{where}: {each['id']} {[node['target'] for node in each['nodes']][:3]}" for each in found]


def _faults(stage: Stage) -> list[str]:
    page = stage.page
    page.evaluate(AXE)
    faults = _violations(page, EVERYTHING, "light")
    page.emulate_media(color_scheme="dark")
    faults += _violations(page, COLOURS, "dark")
    for width in (390, 1440):
        page.set_viewport_size({"width": width, "height": 900})
        if (wide := page.evaluate(TOO_WIDE)) > 0:
            faults.append(f"{wide} px too wide at {width}")
    page.emulate_media(color_scheme="light")
    if (moved := page.evaluate("window.shifts")) > 0.1:
        faults.append(f"moved by {moved:.2f} while it was loaded")
    return [*faults, *stage.complaints]


def test_every_page_is_valid_accessible_quiet_and_fits(stage):
    looked, faults = 0, []
    for name in sorted(PAGES):
        for role in _lookers(name):
            if stage.visit(role, _path(stage, name)):
                looked += 1
                faults += [f"{name} as {role}: {fault}" for fault in _faults(stage)]
    assert faults == [], "\n" + "\n".join(faults)
    assert looked > (110 if IS_FULL else 30), f"only {looked} pages were found"


@pytest.mark.parametrize("role", ["owner", "reviewer", "operator"])
def test_the_first_page_is_light_and_stands_still(stage, role):
    """14 requests and 111 kB when this was written, with an empty cache."""
    assert stage.visit(role, "/")
    assert sum(size for _, size in stage.sent) <= 120_000, sorted(stage.sent, key=lambda each: -each[1])
    assert len(stage.sent) <= 20, stage.sent
    assert stage.page.evaluate("window.shifts") <= 0.05
    # Generous: the machine may be busy with other tests.
    assert stage.page.evaluate("window.longest") <= 1_000
