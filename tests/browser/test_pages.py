"""The way in, in a real browser; how every page looks is in test_every_page.py."""

from __future__ import annotations

import pytest
from allauth.account.models import EmailAddress

from tests.factories import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]
WIDTHS = (1440, 390)


@pytest.mark.parametrize("width", WIDTHS)
def test_somebody_signs_in_with_the_form(cast, visit, width):
    EmailAddress.objects.create(user=cast.owner, email=cast.owner.email, verified=True, primary=True)
    with visit(None, width=width) as page:
        page.goto("/accounts/login/")
        page.fill("input[name=login]", cast.owner.email)
        page.fill("input[name=password]", PASSWORD)
        page.click("form[action*=login] button[type=submit], main form button.btn--primary")
        page.wait_for_url("**/")
        assert page.locator("h1").count() == 1
        assert page.complaints == []
