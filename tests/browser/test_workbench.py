"""The workbench by keyboard alone, in a real browser."""

from __future__ import annotations

import pytest

from certification.models import Thread
from tests.factories import ConnectorFactory
from tests.factories.reviews import in_review

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True), pytest.mark.timeout(240)]


def test_an_operation_is_opened_commented_on_and_left_by_keyboard(cast, visit):
    submission = in_review(cast.owner, ConnectorFactory(publisher=cast.publisher))
    with visit(cast.reviewer) as page:
        page.goto(f"/submissions/{submission.pk}/review/")
        page.wait_for_load_state("networkidle")
        page.keyboard.press("j")
        operation = page.evaluate("document.activeElement.closest('details').dataset.place")
        page.keyboard.press("o")
        page.wait_for_selector("details.op[open] .nodes")
        page.keyboard.press("m")
        page.wait_for_selector("form.thread-form textarea:focus")
        page.keyboard.type("Which tide?")
        page.keyboard.press("Control+Enter")
        page.wait_for_selector("details.thread > summary:focus")
        assert page.locator("form.thread-form").count() == 0
        assert page.complaints == []
    assert Thread.objects.get().pointer == operation
