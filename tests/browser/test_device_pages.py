"""Letting a program in, in a real browser: code, consent and end, on both sizes and in both themes."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client

from portal.accounts.models import DeviceSignIn
from tests.factories import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]
_TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def _check(page, where: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    assert [each["id"] for each in found] == [], where
    assert page.evaluate(_TOO_WIDE) <= 0, where


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1440, "light")])
def test_a_person_types_the_code_by_keyboard_and_allows(cast, visit, width, scheme):
    cache.clear()
    long_name = "certport on build-machine-with-a-very-long-name-17.harbour.example"
    asked = {"client_id": long_name}
    codes = Client().post("/api/v1/oauth/device/", asked, content_type="application/json").json()
    with visit(cast.developer, width=width, scheme=scheme) as page:
        page.goto("/account/device/")
        page.fill("[name=password]", PASSWORD)
        page.keyboard.press("Enter")
        page.wait_for_selector("[name=code]")
        _check(page, "code")
        page.fill("[name=code]", codes["user_code"].lower())
        page.keyboard.press("Enter")
        page.wait_for_selector("[name=scopes]")
        _check(page, "consent")
        assert page.locator("[name=scopes]:checked").count() == 5
        page.uncheck("[value='rollouts:write']")
        page.click("button[value=agree]")
        page.wait_for_selector(f"text=“{long_name}” is signed in")
        _check(page, "end")
        assert page.complaints == []
    assert "rollouts:write" not in DeviceSignIn.objects.get().scopes
