from __future__ import annotations

import pytest

from connectors.models import Region
from tests.factories import RegionFactory

NEW = {
    "code": "uk-south",
    "name": "UK South",
    "geography": "Europe",
    "base_url": "http://127.0.0.1:9/uk-south",
    "token": "kestrel-token-9d1",
    "paired_with": [],
}


def post(browser, path: str, body: dict[str, object]):
    return browser.post(path, body, content_type="application/json")


def test_everybody_reads_names_and_only_operators_addresses(cast, sign_in):
    RegionFactory(code="west", base_url="http://127.0.0.1:9/west")
    [row] = sign_in(cast.viewer).get("/api/v1/regions/").json()
    assert (row["code"], row["base_url"]) == ("west", None)
    [row] = sign_in(cast.operator).get("/api/v1/regions/").json()
    assert row["base_url"] == "http://127.0.0.1:9/west"


def test_an_administrator_adds_changes_and_switches_a_region_and_never_sees_its_token(cast, sign_in):
    browser = sign_in(cast.administrator)
    made = post(browser, "/api/v1/regions/", NEW)
    assert made.status_code == 201, made.content
    assert made.json()["is_active"] is False
    changed = browser.put(
        "/api/v1/regions/uk-south/",
        {key: value for key, value in NEW.items() if key not in {"code", "token"}} | {"name": "UK South 2"},
        content_type="application/json",
    )
    assert changed.json()["name"] == "UK South 2"
    switched = post(browser, "/api/v1/regions/uk-south/switch/", {"is_active": True, "reason": "Ready"})
    assert switched.json()["is_active"] is True
    assert Region.objects.get().credentials["token"].reveal() == NEW["token"]
    for answer in (made, changed, switched, browser.get("/api/v1/regions/uk-south/")):
        assert NEW["token"] not in answer.content.decode()


@pytest.mark.parametrize("role", ["owner", "reviewer", "operator"])
def test_nobody_else_changes_regions(cast, sign_in, role):
    browser = sign_in(getattr(cast, role))
    assert post(browser, "/api/v1/regions/", NEW).status_code == 403
    assert not Region.objects.exists()


def test_an_unreachable_region_is_told_with_the_reason(cast, sign_in):
    RegionFactory(code="west", base_url="http://127.0.0.1:9/west")
    answer = post(sign_in(cast.administrator), "/api/v1/regions/west/contact/", {}).json()
    assert answer["answered"] is False
    assert answer["problem"]


def test_a_bad_address_is_refused_with_the_field(cast, sign_in):
    answer = post(sign_in(cast.administrator), "/api/v1/regions/", {**NEW, "base_url": "ftp://x"})
    assert (answer.status_code, list(answer.json()["errors"])) == (400, ["base_url"])
