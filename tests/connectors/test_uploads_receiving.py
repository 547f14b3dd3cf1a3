"""Taking in packages: what is kept, what is refused, what becomes a version."""

from __future__ import annotations

import os
import threading

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction
from django.db import connection as db_connection
from django.urls import reverse

from connectors.models import Connector, Upload, Version
from connectors.services import versions as services
from connectors.services.upload_bytes import split_files
from portal.shared import storage
from portal.shared.audit import history
from portal.shared.errors import Conflict, InvalidInput, NotPermitted, TooLarge, Unavailable
from tests.factories import ConnectorFactory
from tests.factories.connectors import good_files, hostile_archives, png, uploaded, zipped

pytestmark = pytest.mark.django_db
HOSTILE = hostile_archives()


@pytest.fixture(autouse=True)
def _own_store(settings, tmp_path):
    settings.PACKAGE_ROOT = tmp_path


@pytest.fixture
def connector(cast) -> Connector:
    return ConnectorFactory(publisher=cast.publisher)


def send(connector, cast, files, **options):
    return services.receive_upload(connector, files=files, **{"actor": cast.developer, **options})


def test_a_good_archive_becomes_an_immutable_version(cast, connector):
    raw = zipped(good_files(version="1.4.0"))
    upload = send(connector, cast, [("tides.zip", raw)])
    version = upload.version
    assert (upload.state, upload.problems) == ("accepted", [])
    assert (version.label, version.number) == ("1.4.0", 1)
    assert storage.load(upload.digest) == raw
    assert services.load_package(version).digest == version.digest
    assert [each["id"] for each in version.facts["operations"]] == ["GetTides", "ListStations"]
    assert (version.facts["host"], version.facts["authentication"]) == ("api.northwind.example", ["api_key"])
    assert "version.create" in {record.action for record in history(connector)}
    with pytest.raises(DatabaseError), transaction.atomic():
        Version.objects.filter(pk=version.pk).update(digest="0" * 64)


def test_single_files_make_the_same_version_as_the_archive_of_them(cast, connector):
    first = send(connector, cast, [("tides.zip", zipped(good_files()))])
    loose = send(connector, cast, good_files())
    assert loose.version == first.version
    assert connector.versions.count() == 1
    assert split_files(storage.load(loose.digest)) == good_files()


def test_the_same_upload_twice_is_the_same_version_and_two_uploads(cast, connector):
    raw = zipped(good_files())
    first, second = (send(connector, cast, [("tides.zip", raw)]) for _ in range(2))
    assert first.version == second.version
    assert connector.uploads.count() == 2


def test_a_label_in_use_gets_the_number_added_and_a_strange_one_becomes_the_number(cast, connector):
    labels = [
        send(connector, cast, good_files(version=version, padding=padding)).version.label
        for version, padding in (("1.0.0", 0), ("1.0.0", 1), ("version one!", 2), ("9" * 50, 3))
    ]
    assert labels == ["1.0.0", "1.0.0+2", "3", "4"]


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_a_hostile_archive_is_refused_with_a_finding_and_its_bytes_are_kept(cast, connector, name):
    raw, code = HOSTILE[name]
    upload = send(connector, cast, [("package.zip", raw)])
    assert upload.state == "refused"
    assert upload.version is None
    refusing = {problem["code"] for problem in upload.problems if problem["refuses"]}
    assert code in refusing
    assert all(problem["message"] and problem["fix"] for problem in upload.problems)
    assert storage.load(upload.digest) == raw
    assert Upload.objects.get(pk=upload.pk).size_bytes == len(raw)
    assert not connector.versions.exists()
    assert history(connector)[0].action == "upload.refuse"


def test_there_are_enough_hostile_archives():
    assert len(HOSTILE) >= 20


@pytest.mark.parametrize(
    "name", ["../apiDefinition.swagger.json", "/etc/passwd", "images\\x.png", "a\0b.json"]
)
def test_hostile_names_of_single_files_are_refused_and_kept(cast, connector, name):
    upload = send(connector, cast, [*good_files(), (name, b"x")])
    assert upload.state == "refused"
    assert split_files(storage.load(upload.digest))[-1] == (name, b"x")


def test_broken_json_is_accepted_with_line_column_and_what_to_do(cast, connector):
    files = [("apiDefinition.swagger.json", b'{\n  "swagger": "2.0",\n}\n'), ("icon.png", png())]
    upload = send(connector, cast, files)
    problem = next(each for each in upload.problems if each["code"] == "json-syntax")
    assert (problem["file"], problem["line"]) == ("apiDefinition.swagger.json", 2)
    assert problem["column"] > 1
    assert '"swagger": "2.0",' in problem["excerpt"]
    missing = [entry["path"] for entry in upload.tree if entry["state"] == "missing"]
    assert missing == ["apiProperties.json"]


def test_characters_that_no_column_takes_do_not_stop_an_upload(cast, connector):
    paths = rb'{"/a\u0000": {"get": {"operationId": "\u0000\udfff"}}}'
    nasty = rb'{"\u0000key": "\ud800", "paths": ' + paths + rb', "\u0000key": 1}'
    upload = send(
        connector, cast, [("apiDefinition.swagger.json", nasty), ("apiProperties.json", b"\xff\xfe{")]
    )
    assert upload.state == "accepted"
    assert {"nul-character", "duplicate-key"} & {problem["code"] for problem in upload.problems}
    assert len(Version.objects.get().facts["operations"]) == 1


@pytest.mark.django_db(transaction=True)
def test_uploads_at_the_same_moment_make_one_version_per_package(cast, connector):
    packages = [zipped(good_files(padding=padding)) for padding in (0, 0, 1, 1)]
    barrier, states = threading.Barrier(4), []

    def attempt(raw: bytes) -> None:
        try:
            barrier.wait(10)
            states.append(send(connector, cast, [("a.zip", raw)]).state)
        finally:
            db_connection.close()

    threads = [threading.Thread(target=attempt, args=(raw,)) for raw in packages]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert states == ["accepted"] * 4
    assert sorted(connector.versions.values_list("label", flat=True)) == ["1.0.0", "1.0.0+2"]


def test_files_that_are_no_part_of_a_connector_are_no_package(cast, connector):
    upload = send(connector, cast, [("holiday.txt", b"x")])
    assert upload.state == "refused"
    assert upload.problems[0]["code"] == "empty-archive"


def test_nothing_is_recorded_when_the_disk_refuses(cast, connector, monkeypatch):
    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(Unavailable):
        send(connector, cast, good_files())
    assert not Upload.objects.exists()
    assert not Version.objects.exists()
    assert not [path for path in storage.path_of("0" * 64).parent.parent.rglob("*") if path.is_file()]


def test_a_flipped_byte_on_disk_is_noticed_and_nothing_is_given_out(cast, connector, sign_in):
    version = uploaded(connector, cast.developer)
    path = storage.path_of(version.digest)
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(Unavailable) as refused:
        services.package_bytes(version)
    assert refused.value.code == "package-damaged"
    answer = sign_in(cast.developer).get(reverse("version_package", args=[version.pk]))
    assert answer.status_code == 503


def test_sending_the_same_bytes_again_repairs_the_damaged_copy(cast, connector):
    version = uploaded(connector, cast.developer)
    storage.path_of(version.digest).write_bytes(b"damaged")
    assert uploaded(connector, cast.developer) == version
    assert services.load_package(version).digest == version.digest


def test_sizes_counts_and_names_are_checked_before_anything_is_kept(cast, connector, settings):
    settings.MAX_UPLOAD_BYTES = 1000
    with pytest.raises(TooLarge):
        send(connector, cast, [("a.json", b"x" * 1001)])
    with pytest.raises(InvalidInput):
        send(connector, cast, [])
    with pytest.raises(InvalidInput, match="called"):
        send(connector, cast, [("icon.png", b"x"), ("icon.png", b"y")])
    with pytest.raises(InvalidInput, match="at most 60"):
        send(connector, cast, [(f"{n}.json", b"x") for n in range(61)])
    assert not Upload.objects.exists()


def test_quotas_are_told_with_what_to_do(cast, connector, monkeypatch):
    uploaded(connector, cast.developer)
    monkeypatch.setattr(services, "MAX_VERSIONS", 1)
    with pytest.raises(Conflict, match="has 1 versions") as refused:
        send(connector, cast, good_files(padding=5))
    assert refused.value.code == "quota-reached"
    assert send(connector, cast, [("again.zip", zipped(good_files()))]).state == "accepted"
    monkeypatch.setattr(services, "MAX_CONNECTOR_BYTES", 10)
    with pytest.raises(Conflict, match="administrator"):
        send(connector, cast, good_files())


def test_a_closed_connector_takes_no_uploads(cast):
    closed = ConnectorFactory(publisher=cast.publisher, state="cancelled")
    with pytest.raises(Conflict):
        send(closed, cast, good_files())


@pytest.mark.parametrize("who", ["tester", "viewer", "reviewer", "administrator", "stranger"])
def test_only_owners_and_developers_upload(cast, connector, who):
    with pytest.raises(NotPermitted):
        send(connector, cast, good_files(), actor=getattr(cast, who))


# Over HTTP


def post(client, connector, *files: SimpleUploadedFile):
    return client.post(reverse("upload_new", args=[connector.pk]), {"files": list(files)})


def test_a_person_uploads_and_lands_on_what_the_server_saw(cast, connector, sign_in):
    client = sign_in(cast.developer)
    answer = post(client, connector, SimpleUploadedFile("tides.zip", zipped(good_files())))
    upload = Upload.objects.get()
    assert answer.url == reverse("upload_detail", args=[upload.pk])
    page = client.get(answer.url).content.decode()
    assert "Received and stored" in page
    assert "apiDefinition.swagger.json" in page


def test_the_folders_of_single_files_are_kept(cast, connector, sign_in):
    boundary = "BoUnDaRy"
    parts = []
    for name, content in (*good_files(), ("tides/images/pier.png", png(10))):
        path = name if name.startswith("tides/") else f"tides/{name}"
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="files"; filename="{path}"\r\n\r\n'
        parts.append(head.encode() + content + b"\r\n")
    body = b"".join(parts) + f"--{boundary}--\r\n".encode()
    sign_in(cast.developer).generic(
        "POST", reverse("upload_new", args=[connector.pk]), body, f"multipart/form-data; boundary={boundary}"
    )
    names = {entry["name"] for entry in Upload.objects.get().tree}
    assert "images/pier.png" in names


def test_an_oversized_request_is_refused_by_its_length_before_it_is_read(cast, connector, sign_in, settings):
    client = sign_in(cast.developer)
    settings.MAX_UPLOAD_BYTES = 1000
    announced = client.generic(
        "POST",
        reverse("upload_new", args=[connector.pk]),
        b"x",
        "multipart/form-data; boundary=b",
        CONTENT_LENGTH=900_000,
    )
    assert announced.status_code == 413
    streamed = post(client, connector, SimpleUploadedFile("a.json", b"x" * 2000))
    assert streamed.status_code == 413
    assert "1,000 bytes" in streamed.content.decode()
    assert not Upload.objects.exists()


def test_uploading_needs_the_forms_token(cast, connector, sign_in, client):
    from django.test import Client

    strict = sign_in(cast.developer, Client(enforce_csrf_checks=True))
    assert post(strict, connector, SimpleUploadedFile("a.zip", zipped(good_files()))).status_code == 403
    assert not Upload.objects.exists()


def test_a_stranger_finds_neither_upload_nor_version_nor_bytes(cast, connector, sign_in):
    version = uploaded(connector, cast.developer)
    upload = version.uploads.get()
    client = sign_in(cast.stranger)
    addresses = [
        reverse("upload_new", args=[connector.pk]),
        reverse("version_list", args=[connector.pk]),
        reverse("upload_detail", args=[upload.pk]),
        reverse("version_detail", args=[version.pk]),
        reverse("version_file", args=[version.pk, "icon.png"]),
        reverse("version_icon", args=[version.pk]),
        reverse("version_package", args=[version.pk]),
    ]
    assert [client.get(address).status_code for address in addresses] == [404] * len(addresses)
    assert post(client, connector, SimpleUploadedFile("a.zip", zipped(good_files()))).status_code == 404


def test_the_icon_is_served_from_its_pixels_and_inert(cast, connector, sign_in):
    version = uploaded(connector, cast.developer)
    answer = sign_in(cast.viewer).get(reverse("version_icon", args=[version.pk]))
    assert answer["Content-Type"] == "image/png"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert answer.content.startswith(b"\x89PNG")


def test_the_download_is_exactly_the_canonical_package(cast, connector, sign_in):
    version = uploaded(connector, cast.developer)
    answer = sign_in(cast.reviewer).get(reverse("version_package", args=[version.pk]))
    assert answer.content == storage.load(version.digest)
    assert "attachment" in answer["Content-Disposition"]


def test_the_viewer_escapes_text_and_shows_the_stretch_with_the_line_asked_for(cast, connector, sign_in):
    lines = ",\n".join(f'"k{n}": "<script>alert({n})</script>"' for n in range(3000)).encode()
    files = [("apiDefinition.swagger.json", b"{\n" + lines + b"\n}"), *good_files()[1:]]
    version = send(connector, cast, files).version
    client = sign_in(cast.viewer)
    address = reverse("version_file", args=[version.pk, "apiDefinition.swagger.json"])
    page = client.get(address, {"line": "2500"}).content.decode()
    assert 'id="L2500" class="is-hit"' in page
    assert 'id="L2001"' in page
    assert 'id="L2000"' not in page
    assert "<script>alert" not in page
    assert client.get(address, {"line": "99999999999"}).status_code == 200
    assert client.get(reverse("version_file", args=[version.pk, "../x"])).status_code == 404


def test_a_definition_in_one_long_line_is_cut_for_the_browser(cast, connector, sign_in):
    version = send(
        connector, cast, [("apiDefinition.swagger.json", b'{"a": "' + b"x" * 1_100_000 + b'"}')]
    ).version
    answer = sign_in(cast.viewer).get(
        reverse("version_file", args=[version.pk, "apiDefinition.swagger.json"])
    )
    assert len(answer.content) < 60_000
    assert "cut: the whole line" in answer.content.decode()
