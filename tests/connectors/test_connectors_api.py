"""The API of connectors, versions, uploads and health: same services, same rights as the pages."""

from __future__ import annotations

import random
import resource
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from connectors.models import Connector, Upload
from connectors.services import connectors as services
from portal.accounts.models import ApiToken
from portal.accounts.tokens import create_token
from portal.shared import storage
from tests.factories import ConnectorFactory
from tests.factories.connectors import good_files, hostile_archives, uploaded, zipped

pytestmark = pytest.mark.django_db
ALL = [ApiToken.Scope.READ, ApiToken.Scope.CONNECTORS]


@pytest.fixture(autouse=True)
def _own_store(settings, tmp_path):
    settings.PACKAGE_ROOT = tmp_path


def caller(user, *, scopes=ALL, publisher=None) -> Client:
    _, text = create_token(
        owner=user,
        name="test",
        scopes=scopes,
        lifetime=timedelta(days=1),
        publisher_id=publisher.pk if publisher else None,
        actor=user,
    )
    return Client(headers={"Authorization": f"Bearer {text.reveal()}"})


def register(api, cast, **headers):
    body = {
        "publisher": cast.publisher.slug,
        "name": "Harbour Tides",
        "backend_host": "api.northwind.example",
    }
    return api.post(reverse("api:connector-list"), body, content_type="application/json", headers=headers)


def test_a_connector_is_registered_once_per_idempotency_key(cast):
    api = caller(cast.developer)
    first, again = (register(api, cast, **{"Idempotency-Key": "k1"}) for _ in range(2))
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert Connector.objects.count() == 1
    taken = register(api, cast)
    assert (taken.status_code, taken.json()["code"]) == (400, "name-taken")
    assert "name" in taken.json()["errors"]


def test_connectors_are_listed_found_changed_ticked_and_cancelled(cast):
    api = caller(cast.owner)
    made = register(api, cast).json()
    one = reverse("api:connector-detail", args=[made["id"]])
    assert [
        each["id"] for each in api.get(reverse("api:connector-list"), {"q": "tides"}).json()["results"]
    ] == [made["id"]]
    assert api.get(reverse("api:connector-list"), {"state": "retired"}).json()["results"] == []
    assert api.get(one).json()["publisher"] == cast.publisher.slug
    changed = api.patch(one, {"summary": "New."}, content_type="application/json")
    assert changed.json()["summary"] == "New."
    ticked = api.post(
        reverse("api:connector-checklist", args=[made["id"]]),
        {"item": "icon", "is_done": True},
        content_type="application/json",
    )
    assert list(ticked.json()["checklist"]) == ["icon"]
    cancelled = api.post(
        reverse("api:connector-cancel", args=[made["id"]]), {}, content_type="application/json"
    )
    assert cancelled.json()["state"] == "cancelled"
    again = api.post(reverse("api:connector-cancel", args=[made["id"]]), {}, content_type="application/json")
    assert (again.status_code, again.json()["code"]) == (409, "illegal-transition")


def test_fields_that_are_not_offered_are_not_written(cast):
    api = caller(cast.owner)
    made = register(api, cast).json()
    one = reverse("api:connector-detail", args=[made["id"]])
    api.patch(
        one,
        {
            "state": "active",
            "slug": "x",
            "publisher": "fjord-analytics",
            "contact": str(cast.owner.pk),
            "live_version": 1,
        },
        content_type="application/json",
    )
    assert api.get(one).json() == made


@pytest.mark.parametrize(
    ("who", "read", "write"), [("viewer", 200, 403), ("stranger", 404, 404), ("reviewer", 200, 403)]
)
def test_roles_hold_over_the_api(cast, who, read, write):
    connector = services.register_connector(cast.publisher, name="Harbour Tides", actor=cast.owner)
    version = uploaded(connector, cast.owner)
    api = caller(getattr(cast, who))
    for name, pk in (
        ("connector-detail", connector.pk),
        ("connector_versions", connector.pk),
        ("connector_uploads", connector.pk),
        ("connector_health", connector.pk),
        ("version-detail", version.pk),
        ("version-package", version.pk),
    ):
        assert api.get(reverse(f"api:{name}", args=[pk])).status_code == read, name
    change = api.patch(
        reverse("api:connector-detail", args=[connector.pk]), {}, content_type="application/json"
    )
    send = api.post(
        reverse("api:connector_uploads", args=[connector.pk]), {"files": [SimpleUploadedFile("a.zip", b"x")]}
    )
    assert (change.status_code, send.status_code) == (write, write)


def test_a_token_without_the_scope_writes_nothing_and_nobody_reads_without_one(cast, client):
    api = caller(cast.owner, scopes=[ApiToken.Scope.READ])
    assert register(api, cast).status_code == 403
    assert client.get(reverse("api:connector-list")).status_code == 401
    assert not Connector.objects.exists()


def test_a_token_of_one_team_sees_and_makes_nothing_of_another(cast):
    other = ConnectorFactory(publisher=cast.other_publisher)
    cast.other_publisher.memberships.create(user=cast.owner, role="owner")
    uploaded(other, cast.owner)
    api = caller(cast.owner, publisher=cast.publisher)
    assert api.get(reverse("api:connector-detail", args=[other.pk])).status_code == 404
    assert api.get(reverse("api:connector_uploads", args=[other.pk])).status_code == 404
    assert api.get(reverse("api:version-detail", args=[other.versions.get().pk])).status_code == 404
    body = {"publisher": cast.other_publisher.slug, "name": "Fjord Pilot"}
    assert api.post(reverse("api:connector-list"), body, content_type="application/json").status_code == 400


def test_packages_are_uploaded_listed_and_downloaded(cast):
    connector = services.register_connector(cast.publisher, name="Harbour Tides", actor=cast.owner)
    api, address = caller(cast.developer), reverse("api:connector_uploads", args=[connector.pk])
    raw = zipped(good_files())
    sent = [
        api.post(address, {"files": [SimpleUploadedFile("a.zip", raw)]}, headers={"Idempotency-Key": "once"})
        for _ in range(2)
    ]
    assert [answer.status_code for answer in sent] == [201, 201]
    assert Upload.objects.count() == 1
    version = sent[0].json()["version"]
    refused = api.post(
        address, {"files": [SimpleUploadedFile("b.zip", hostile_archives()["parent folder"][0])]}
    )
    assert (refused.status_code, refused.json()["state"], refused.json()["version"]) == (201, "refused", None)
    assert refused.json()["problems"][0]["code"] == "zip-slip"
    assert [each["state"] for each in api.get(address).json()["results"]] == ["refused", "accepted"]
    listed = api.get(reverse("api:connector_versions", args=[connector.pk])).json()["results"]
    assert [each["digest"] for each in listed] == [version["digest"]]
    detail = api.get(reverse("api:version-detail", args=[version["id"]])).json()
    assert [each["id"] for each in detail["facts"]["operations"]] == ["GetTides", "ListStations"]
    package = api.get(reverse("api:version-package", args=[version["id"]]))
    assert len(package.content) == version["size_bytes"]


def test_an_upload_that_is_too_large_is_a_413_problem(cast, settings):
    settings.MAX_UPLOAD_BYTES = 100
    connector = ConnectorFactory(publisher=cast.publisher)
    answer = caller(cast.developer).post(
        reverse("api:connector_uploads", args=[connector.pk]),
        {"files": [SimpleUploadedFile("a.zip", b"x" * 500)]},
    )
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


@contextmanager
def full_disk(most_bytes: int):
    """No file grows any more: the system itself breaks writing off in the middle, as on a full disk."""
    usual = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, usual[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, usual)


def test_a_full_disk_is_said_leaves_nothing_and_the_same_key_goes_on_afterwards(cast, tmp_path):
    connector = ConnectorFactory(publisher=cast.publisher)
    api, address = caller(cast.developer), reverse("api:connector_uploads", args=[connector.pk])
    raw = zipped([*good_files(), ("script.csx", random.Random(7).randbytes(100_000).hex().encode())])

    def send():
        files = {"files": [SimpleUploadedFile("a.zip", raw)]}
        return api.post(address, files, headers={"Idempotency-Key": "once"})

    with full_disk(64 * 1024):
        refused = send()
    assert (refused.status_code, refused.json()["code"]) == (503, "unavailable")
    assert "nothing was recorded" in refused.json()["detail"]
    assert not Upload.objects.exists()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []

    first, again = send(), send()
    assert (first.status_code, first.json()["id"]) == (201, again.json()["id"])
    assert storage.load(Upload.objects.get().digest) == raw


@pytest.mark.parametrize("group_by", ["step", "operation", "region", "version", "status"])
def test_health_answers_every_grouping_without_data(cast, group_by):
    connector = ConnectorFactory(publisher=cast.publisher)
    answer = caller(cast.viewer).get(
        reverse("api:connector_health", args=[connector.pk]), {"group_by": group_by, "window": "7d"}
    )
    body = answer.json()
    assert (body["has_data"], body["total"]["success_rate"], body["last_report_at"]) == (False, None, None)
    assert len(body["groups"]) == (28 if group_by == "step" else 0)


def test_health_refuses_unknown_windows(cast):
    connector = ConnectorFactory(publisher=cast.publisher)
    answer = caller(cast.viewer).get(reverse("api:connector_health", args=[connector.pk]), {"window": "5y"})
    assert answer.status_code == 400
