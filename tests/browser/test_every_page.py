"""Every page of the site map in a real browser: valid, accessible in both themes, quiet, alone, and never too wide.

The addresses are those of the access matrix, so a new page is looked at without being named here. `make test` looks at the
main pages, each as the role that works there; with TEST_EFFORT=full every page is looked at, and with PAGES_OF=all by every
role that gets in.
"""

from __future__ import annotations

import os

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.architecture.access import CONNECTORS, REVIEWS, ROLLOUTS, SUBMISSIONS, TABLE
from tests.browser.stage import PAGES, Stage
from tests.effort import IS_FULL, effort

AXE = Axe().axe_script
# All pages take a while: `-k "quiet and fits and 3"` looks at one piece of them.
PIECES = effort(1, 12)
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
    "region_list", "review_changes", "review_detail", "review_queue", "rollout_detail",
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
# Heads of rows and columns stand over their cells: to the side where lines begin, or with figures at the other.
CENTRED = """[...document.querySelectorAll("main table.table th, main .matrix th")]
  .filter(each => each.checkVisibility() && getComputedStyle(each).textAlign === "center").length"""
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def _lookers(name: str) -> list[str]:
    allowed = TABLE[name].methods["GET"].allowed
    found = [role for role in ROLES if role in allowed]
    if name not in MAIN and not IS_FULL:
        return []
    if name in SEEN_BY_ALL or os.environ.get("PAGES_OF") == "all":
        return found
    first = next((roles for names, roles in WORKS if name in names), ("administrator",))
    return [next((role for role in first if role in allowed), found[0])] if found else []


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
    if (centred := page.evaluate(CENTRED)) > 0:
        faults.append(f"{centred} heads of rows or columns are centred")
    if (moved := page.evaluate("window.shifts")) > 0.1:
        faults.append(f"moved by {moved:.2f} while it was loaded")
    return [*faults, *stage.complaints]


@pytest.mark.parametrize("piece", range(PIECES))
def test_every_page_is_valid_accessible_quiet_and_fits(stage, piece):
    looked, faults = 0, []
    for name in sorted(PAGES)[piece::PIECES]:
        for role in _lookers(name):
            if stage.visit(role, stage.path(name)):
                looked += 1
                faults += [f"{name} as {role}: {fault}" for fault in _faults(stage)]
    assert faults == [], "\n" + "\n".join(faults)
    assert looked > (110 if IS_FULL else 30) // PIECES, f"only {looked} pages were found"


def test_the_page_of_a_live_connector_is_so_too(stage, public_path):
    assert stage.visit("anonymous", public_path)
    assert _faults(stage) == []
