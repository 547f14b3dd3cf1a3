"""The component sheet looks as it did. After a change that is meant: `make design`, and look at what changed in design.json."""

from __future__ import annotations

import datetime as dt
import os

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.backends.signed_cookies import SessionStore
from django.template.loader import render_to_string
from django.test import RequestFactory

from tests.browser import looks
from tests.browser.stage import Stage

pytestmark = [pytest.mark.browser, pytest.mark.django_db, pytest.mark.timeout(300)]
MOMENT = dt.datetime(2026, 3, 2, 9, 30, tzinfo=dt.UTC)
# As everybody else sees it, a phone, and the dark.
WIDE, NARROW = 1440, 390


@pytest.fixture
def sheet(new_stage):
    """`sheet(width=390, scheme="dark")`: the sheet of one moment, in a browser whose clock stands still."""

    def show(**options) -> Stage:
        request = RequestFactory().get("/design/")
        request.user, request.session = AnonymousUser(), SessionStore()
        with time_machine.travel(MOMENT, tick=False):
            content = render_to_string("design/sheet.html", request=request)
        stage: Stage = new_stage(**options)
        stage.page.clock.set_fixed_time(MOMENT)
        stage.show("/design/", content)
        stage.page.evaluate("document.fonts.ready")
        return stage

    return show


def _layout(stage: Stage) -> dict[str, str]:
    return stage.page.evaluate(looks.READ, [looks.LAYOUT, True])


def _colours(stage: Stage) -> dict[str, str]:
    return stage.page.evaluate(looks.READ, [looks.COLOURS, False])


def test_every_component_looks_as_agreed(sheet):
    light, dark, narrow = sheet(), sheet(scheme="dark"), sheet(width=NARROW)
    seen = {
        "colours, light": _colours(light),
        "colours, dark": _colours(dark),
        f"layout, {WIDE}": _layout(light),
        # Most are the same on a phone.
        f"layout, {NARROW}": dict(_layout(narrow).items() - _layout(light).items()),
    }
    if os.environ.get("DESIGN") == "renew":
        looks.store(seen)
    found = list(looks.differences(looks.stored(), seen))
    assert found == [], "\n" + "\n".join(found[:40])
    assert len(seen["colours, light"]) > 200


@pytest.mark.parametrize(
    ("style", "component"),
    [
        ("--success-bg: #e8f6ef", "span.badge.tone-success"),
        ("--s-4: 1.05rem", "div.card__body"),
        ("--control: 2.1rem", "button.btn"),
        ("--text-sm: 0.8rem", "p.small"),
    ],
)
def test_a_shade_or_a_pixel_is_noticed(sheet, style, component):
    stage = sheet()
    before = {"colours": _colours(stage), "layout": _layout(stage)}
    stage.page.evaluate(
        """style => {
          const sheet = new CSSStyleSheet();
          sheet.replaceSync(`:root { ${style} !important }`);
          document.adoptedStyleSheets = [sheet];
        }""",
        style,
    )
    stage.page.wait_for_timeout(300)
    after = {"colours": _colours(stage), "layout": _layout(stage)}
    assert component in "\n".join(looks.differences(before, after))
