"""Uploads in pieces: by the protocol, of one person, whole or not at all."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from certification.services import retention
from connectors.models import ResumableUpload, Upload
from connectors.services import resumable
from portal.accounts.tokens import create_token
from tests.factories import ConnectorFactory
from tests.factories.connectors import good_files, zipped

pytestmark = pytest.mark.django_db
TUS = {"Tus-Resumable": "1.0.0"}
PIECE = "application/offset+octet-stream"


@pytest.fixture(autouse=True)
def pieces(settings, tmp_path) -> None:
    settings.RESUMABLE_ROOT = tmp_path / "resumable"


@pytest.fixture
def content() -> bytes:
    return zipped(good_files())


@pytest.fixture
def connector(cast):
    return ConnectorFactory(publisher=cast.publisher)


def program(person, connector=None, *scopes: str) -> Client:
    _token, text = create_token(
        owner=person,
        name="certport",
        scopes=scopes or ("read", "connectors:write"),
        lifetime=timedelta(days=1),
        publisher_id=None,
        connector_id=connector.pk if connector else None,
        actor=person,
    )
    return Client(HTTP_AUTHORIZATION=f"Bearer {text.reveal()}")


def begin(client: Client, connector, size: int, **told: str):
    metadata = ",".join(f"{name} {base64.b64encode(text.encode()).decode()}" for name, text in told.items())
    headers = {**TUS, "Upload-Length": str(size), "Upload-Metadata": metadata}
    return client.post(f"/api/v1/connectors/{connector.pk}/resumable-uploads/", headers=headers)


def send(client: Client, place: str, piece: bytes, offset: int, **headers: str):
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.patch(
        place, piece, content_type=PIECE, headers={**TUS, "Upload-Offset": str(offset), **more}
    )


def test_a_package_in_pieces_becomes_an_upload_like_any_other(cast, connector, content):
    client = program(cast.developer)
    digest = hashlib.sha256(content).hexdigest()
    begun = begin(client, connector, len(content), filename="tides.zip", sha256=digest)
    assert begun.status_code == 201, begun.content
    place = begun["Location"].removeprefix("http://testserver")
    assert begun["Upload-Expires"].endswith("GMT")
    half = len(content) // 2
    first = send(client, place, content[:half], 0)
    assert (first.status_code, first["Upload-Offset"]) == (204, str(half))
    told = client.head(place, headers=TUS)
    assert (told["Upload-Offset"], told["Upload-Length"]) == (str(half), str(len(content)))
    assert told["Cache-Control"] == "no-store"
    assert client.get(place).json()["upload"] is None
    last = send(client, place, content[half:], half)
    assert (last.status_code, last["Upload-Offset"]) == (204, str(len(content)))
    upload = client.get(place).json()["upload"]
    assert (upload["state"], upload["filename"], upload["digest"]) == ("accepted", "tides.zip", digest)
    assert Upload.objects.get().version is not None
    assert not resumable.path_of(ResumableUpload.objects.get().pk).exists()
    # The answer to the last piece was lost: its sender asks where it is, and is done.
    assert client.head(place, headers=TUS)["Upload-Offset"] == str(len(content))


def test_what_is_sent_at_another_place_damaged_or_too_long_is_not_taken(cast, connector, content):
    client = program(cast.developer)
    place = begin(client, connector, len(content))["Location"]
    good = "sha256 " + base64.b64encode(hashlib.sha256(content[:10]).digest()).decode()
    assert send(client, place, content[:10], 0, Upload_Checksum=good).status_code == 204
    assert send(client, place, content[:10], 0).status_code == 409
    assert send(client, place, content[10:20], 11).status_code == 409
    damaged = send(client, place, content[10:20], 10, Upload_Checksum=good)
    assert (damaged.status_code, damaged.json()["code"]) == (460, "checksum-mismatch")
    assert send(client, place, content[10:20], 10, Upload_Checksum="md5 xxxx").status_code == 400
    assert send(client, place, content + b"more", 10).status_code == 413
    assert client.patch(place, b"x", content_type="application/json", headers=TUS).status_code == 415
    assert ResumableUpload.objects.get().received_bytes == 10


def test_the_whole_has_to_be_what_was_announced(cast, connector, content):
    client = program(cast.developer)
    place = begin(client, connector, len(content), sha256="0" * 64)["Location"]
    refused = send(client, place, content, 0)
    assert refused.status_code == 400
    assert "another" in refused.json()["detail"]
    assert client.head(place, headers=TUS).status_code == 404
    assert not Upload.objects.exists()
    assert not ResumableUpload.objects.exists()


def test_sizes_versions_and_words_are_checked_before_anything_is_kept(cast, connector, settings):
    client = program(cast.developer)
    assert begin(client, connector, settings.MAX_UPLOAD_BYTES + 1).status_code == 413
    assert begin(client, connector, 0).status_code == 400
    assert begin(client, connector, 9, sha256="zz").status_code == 400
    address = f"/api/v1/connectors/{connector.pk}/resumable-uploads/"
    assert client.post(address, headers={**TUS, "Upload-Length": "-1"}).status_code == 400
    assert (
        client.post(address, headers={**TUS, "Upload-Length": "9", "Upload-Metadata": "a ü"}).status_code
        == 400
    )
    other = client.post(address, headers={"Tus-Resumable": "0.2.2", "Upload-Length": "9"})
    assert (other.status_code, other["Tus-Version"]) == (412, "1.0.0")
    described = client.options(address)
    assert described["Tus-Extension"] == "creation,expiration,checksum"
    assert described["Tus-Max-Size"] == str(settings.MAX_UPLOAD_BYTES)
    assert not ResumableUpload.objects.exists()
    for _number in range(resumable.MOST_AT_ONCE):
        assert begin(client, connector, 9).status_code == 201
    assert begin(client, connector, 9).status_code == 409


def test_an_upload_is_its_senders_alone_within_scopes_and_bindings(cast, connector):
    place = begin(program(cast.developer), connector, 9)["Location"]
    for person in (cast.owner, cast.stranger, cast.administrator):
        assert program(person).head(place, headers=TUS).status_code == 404
        assert send(program(person), place, b"x", 0).status_code == 404
    assert begin(program(cast.viewer), connector, 9).status_code == 403
    assert begin(program(cast.stranger), connector, 9).status_code == 404
    assert begin(program(cast.developer, None, "read"), connector, 9).status_code == 403
    bound = program(cast.developer, connector)
    assert send(bound, place, b"x", 0).status_code == 204
    other = program(cast.developer, ConnectorFactory(publisher=cast.publisher))
    assert begin(other, connector, 9).status_code == 404
    assert send(other, place, b"x", 1).status_code == 404


def test_what_is_not_finished_in_time_is_over_with_its_file(cast, connector, settings):
    client = program(cast.developer)
    place = begin(client, connector, 9)["Location"]
    send(client, place, b"abc", 0)
    row = ResumableUpload.objects.get()
    assert resumable.path_of(row.pk).read_bytes() == b"abc"
    assert resumable.forget_files() == 0
    with time_machine.travel(
        timezone.now() + timedelta(hours=settings.RESUMABLE_UPLOAD_HOURS, minutes=1), tick=False
    ):
        late = resumable.start(connector, size_bytes=9, filename="x", actor=cast.developer)
    with pytest.raises(resumable.Gone):
        ResumableUpload.objects.filter(pk=row.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
        resumable.append(row, b"def", offset=3, actor=cast.developer)
    retention.keep_to_rules()
    assert list(ResumableUpload.objects.all()) == [late]
    assert resumable.forget_files() == 1
    assert not resumable.path_of(row.pk).exists()


def test_bytes_that_were_never_confirmed_are_written_over(cast, connector, content):
    """A server that died after writing a piece and before confirming it."""
    client = program(cast.developer)
    place = begin(client, connector, len(content), sha256=hashlib.sha256(content).hexdigest())["Location"]
    send(client, place, content[:10], 0)
    path = resumable.path_of(ResumableUpload.objects.get().pk)
    path.write_bytes(content[:10] + b"lost" * 1_000)
    assert send(client, place, content[10:], 10).status_code == 204
    assert client.get(place).json()["upload"]["state"] == "accepted"
