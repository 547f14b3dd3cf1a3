"""Addresses that the API does not have answer as those that it has."""

from __future__ import annotations

import pytest
from django.test import Client


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
@pytest.mark.parametrize("path", ["mail-texts/no%20such%20kind/", "connectors/a%0Ab/objective/"])
def test_an_unknown_address_is_told_in_the_shape_of_the_api(method, path):
    # As a program sends it: a token, and no form token.
    browser = Client(enforce_csrf_checks=True)
    answer = getattr(browser, method)(
        f"/api/v1/{path}", content_type="application/json", headers={"authorization": "Bearer none"}
    )  # fmt: skip
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["detail"]
