"""Drafts pushed and fetched by the publishers' own client, unmodified, against a running portal."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from django.core import signing

from certification.models import Revision, Submission
from certification.queries.pushes import newest_package
from certification.rules.examples.base import DEFINITION, ICON, INTRO, PROPERTIES, SCRIPT
from certification.services.submissions import create_submission
from connectors.models import Connector, Membership, Version
from connectors.services.connectors import register_connector
from connectors.services.versions import load_package, receive_upload
from portal.accounts.models import ApiToken, User
from portal.accounts.tokens import create_token
from tests.conftest import Cast
from tests.paconn.test_client import Command

pytestmark = pytest.mark.django_db(transaction=True)
Scope = ApiToken.Scope
PUSHING = [Scope.VALIDATE, Scope.READ, Scope.CONNECTORS, Scope.SUBMISSIONS]
SLUG = "harbour-tides"


class Pusher(Command):
    """paconn in a folder with the two files that it sends."""

    def allow(self, user: User, publisher_id: Any = None, scopes: list[Any] = PUSHING) -> str:
        token, text = create_token(
            owner=user,
            name="paconn",
            scopes=scopes,
            lifetime=timedelta(days=30),
            publisher_id=publisher_id,
            actor=user,
        )
        self.write_token(
            {
                "token_type": "Bearer",
                "access_token": text.reveal(),
                "expires_on": int(token.expires_at.timestamp()),
                "oid": str(user.pk),
            }
        )
        return text.reveal()

    def files(self, definition: Any = DEFINITION, properties: Any = PROPERTIES) -> list[str]:
        (self.home / "properties.json").write_text(json.dumps(properties))
        (self.home / "definition.json").write_text(json.dumps(definition))
        return ["-p", str(self.home / "properties.json"), "-d", str(self.home / "definition.json")]

    def create(self, environment: str = "any", *more: str, **files: Any) -> tuple[int, str]:
        settings = ["-u", self.address, "-w"]
        return self.run("create", "-e", environment, *self.files(**files), *settings, *more)

    def update(self, slug: str = SLUG, **files: Any) -> tuple[int, str]:
        return self.run("update", "-e", "any", "-c", slug, *self.files(**files), "-u", self.address)

    def download(self, slug: str = SLUG) -> tuple[int, str, Path]:
        folder = self.home / "fetched"
        code, output = self.run(
            "download", "-e", "any", "-c", slug, "-d", str(folder), "-u", self.address, "-w"
        )
        return code, output, folder


@pytest.fixture
def paconn(tmp_path: Path, live_server: Any, monkeypatch: pytest.MonkeyPatch) -> Pusher:
    # The client writes its settings.json where it is started.
    monkeypatch.chdir(tmp_path)
    return Pusher(tmp_path, live_server.url)


@pytest.fixture
def whole(cast: Cast) -> Submission:
    """A draft whose package has icon, script and introduction, as the portal's page takes it in."""
    connector = register_connector(cast.publisher, name="Harbour Tides", actor=cast.developer)
    files = [
        ("apiDefinition.swagger.json", json.dumps(DEFINITION).encode()),
        ("apiProperties.json", json.dumps(PROPERTIES).encode()),
        ("icon.png", ICON),
        ("script.csx", SCRIPT.encode() if isinstance(SCRIPT, str) else SCRIPT),
        ("intro.md", INTRO.encode()),
    ]
    receive_upload(connector, files=files, actor=cast.developer)
    return create_submission(connector, actor=cast.developer)


def contents(version: Version | None) -> dict[str, bytes]:
    assert version is not None
    return {name: file.content for name, file in load_package(version).files.items()}


def renamed_operation() -> dict[str, Any]:
    return {**DEFINITION, "info": {**DEFINITION["info"], "version": "1.1.0"}}


def test_create_makes_a_connector_with_a_draft_that_holds_the_package(paconn: Pusher, cast: Cast) -> None:
    paconn.allow(cast.developer)
    code, output = paconn.create()
    assert code == 0, output
    draft = Submission.objects.get()
    assert (draft.state, draft.connector.slug, draft.connector.publisher) == ("draft", SLUG, cast.publisher)
    held = contents(draft.version)
    assert json.loads(held["apiDefinition.swagger.json"]) == DEFINITION
    assert json.loads(held["apiProperties.json"]) == PROPERTIES
    assert json.loads((paconn.home / "settings.json").read_text())["connectorId"] == SLUG


def test_what_was_created_is_downloaded_as_it_was(paconn: Pusher, cast: Cast) -> None:
    paconn.allow(cast.developer)
    paconn.create()
    code, output, folder = paconn.download()
    assert code == 0, output
    assert json.loads((folder / "apiDefinition.swagger.json").read_text()) == DEFINITION
    assert json.loads((folder / "apiProperties.json").read_text()) == PROPERTIES


def test_a_second_create_with_the_name_changes_nothing_and_says_why(paconn: Pusher, cast: Cast) -> None:
    paconn.allow(cast.developer)
    paconn.create()
    code, output = paconn.create(definition=renamed_operation())
    assert code == 1
    assert "Your team already has" in output
    assert "Traceback" not in output
    assert (Connector.objects.count(), Version.objects.count()) == (1, 1)


def test_update_goes_into_the_open_draft(paconn: Pusher, cast: Cast) -> None:
    paconn.allow(cast.developer)
    paconn.create()
    code, output = paconn.update(definition=renamed_operation())
    assert code == 0, output
    draft = Submission.objects.get()
    assert draft.version is not None
    assert (draft.version.number, draft.version.label) == (2, "1.1.0")


def test_update_keeps_what_the_client_cannot_send(paconn: Pusher, cast: Cast, whole: Submission) -> None:
    before = contents(newest_package(whole.connector))
    paconn.allow(cast.developer)
    assert paconn.update(definition=renamed_operation())[0] == 0
    whole.refresh_from_db()
    after = contents(whole.version)
    assert set(after) == set(before)
    assert {name for name in after if after[name] != before[name]} == {"apiDefinition.swagger.json"}


def test_update_opens_a_draft_where_none_is_open(paconn: Pusher, cast: Cast) -> None:
    register_connector(cast.publisher, name="Harbour Tides", actor=cast.developer)
    paconn.allow(cast.developer)
    assert paconn.update()[0] == 0
    assert Submission.objects.get().state == "draft"


def test_pushing_back_what_was_downloaded_makes_no_new_version(
    paconn: Pusher, cast: Cast, whole: Submission
) -> None:
    paconn.allow(cast.developer)
    paconn.download()
    assert paconn.update()[0] == 0
    assert Version.objects.count() == 1


def test_while_reviewers_have_it_an_update_is_refused(paconn: Pusher, cast: Cast, whole: Submission) -> None:
    revision = Revision.objects.create(
        submission=whole, number=1, version=Version.objects.get(), handed_in_by=cast.developer
    )
    Submission.objects.filter(pk=whole.pk).update(state="in_review", revision=revision)
    paconn.allow(cast.developer)
    code, output = paconn.update(definition=renamed_operation())
    assert code == 1
    assert whole.reference in output
    assert "Traceback" not in output
    assert Version.objects.count() == 1


def test_download_brings_icon_and_script(paconn: Pusher, cast: Cast, whole: Submission) -> None:
    paconn.allow(cast.developer)
    code, output, folder = paconn.download()
    assert code == 0, output
    assert (folder / "icon.png").read_bytes() == ICON
    assert (folder / "script.csx").exists()


def test_the_secret_of_the_client_gets_into_no_package(paconn: Pusher, cast: Cast) -> None:
    token = {"type": "oauthSetting", "oAuthSettings": {"identityProvider": "oauth2", "clientId": "tides"}}
    properties = {"properties": {**PROPERTIES["properties"], "connectionParameters": {"token": token}}}
    paconn.allow(cast.developer)
    code, output = paconn.create("any", "--secret", "hush-hush-4711", properties=properties)
    assert code == 0, output
    held = contents(Submission.objects.get().version)
    assert json.loads(held["apiProperties.json"]) == properties
    assert not any(b"hush-hush" in content for content in held.values())


def test_with_several_teams_the_environment_names_one(paconn: Pusher, cast: Cast) -> None:
    Membership.objects.create(publisher=cast.other_publisher, user=cast.developer, role="developer")
    paconn.allow(cast.developer)
    code, output = paconn.create()
    assert code == 1
    assert "fjord-analytics, northwind-harbour" in output
    assert not Connector.objects.exists()
    assert paconn.create("fjord-analytics")[0] == 0
    assert Connector.objects.get().publisher == cast.other_publisher


def test_a_token_of_one_team_makes_nothing_in_another(paconn: Pusher, cast: Cast) -> None:
    Membership.objects.create(publisher=cast.other_publisher, user=cast.developer, role="developer")
    paconn.allow(cast.developer, cast.publisher.pk)
    code, output = paconn.create("fjord-analytics")
    assert code == 1
    assert "another team" in output
    assert paconn.create()[0] == 0
    assert Connector.objects.get().publisher == cast.publisher


@pytest.mark.parametrize("who", ["stranger", "reviewer", "administrator"])
def test_who_is_not_of_the_team_neither_reads_nor_writes(
    paconn: Pusher, cast: Cast, whole: Submission, who: str
) -> None:
    paconn.allow(getattr(cast, who))
    assert paconn.download()[0] == 1
    code, output = paconn.update(definition=renamed_operation())
    assert (code, "Traceback" in output) == (1, False)
    assert Version.objects.count() == 1


def test_viewers_read_and_do_not_write(paconn: Pusher, cast: Cast, whole: Submission) -> None:
    paconn.allow(cast.viewer)
    assert paconn.download()[0] == 0
    assert paconn.update(definition=renamed_operation())[0] == 1
    assert paconn.create("any", definition={**DEFINITION, "info": {**DEFINITION["info"], "title": "Ebb"}})[0]
    assert (Connector.objects.count(), Version.objects.count()) == (1, 1)


def test_a_token_that_only_checks_is_told_what_it_lacks(paconn: Pusher, cast: Cast) -> None:
    paconn.allow(cast.developer, scopes=[Scope.VALIDATE])
    code, output = paconn.create()
    assert code == 1
    assert "connectors:write" in output
    assert "Token file for paconn" in output
    assert not Connector.objects.exists()


def test_addresses_of_files_are_signed_and_die(
    paconn: Pusher, cast: Cast, whole: Submission, monkeypatch: pytest.MonkeyPatch
) -> None:
    headers = {"Authorization": f"Bearer {paconn.allow(cast.developer)}"}
    address = f"{paconn.address}/providers/Microsoft.PowerApps/apis/{SLUG}"
    link = requests.get(address, headers=headers, timeout=20).json()["properties"]["iconUri"]
    assert requests.get(link, timeout=20).content == ICON
    forged = requests.get(link[:-2] + "xx", timeout=20)
    assert (forged.status_code, forged.headers["Content-Type"]) == (404, "application/json")
    later = signing.time.time() + 601
    monkeypatch.setattr(signing.time, "time", lambda: later)
    assert requests.get(link, timeout=20).status_code == 404


def test_lists_hold_ones_own_teams_and_connectors(paconn: Pusher, cast: Cast, whole: Submission) -> None:
    register_connector(cast.other_publisher, name="Fjord Depths", actor=cast.stranger)
    headers = {"Authorization": f"Bearer {paconn.allow(cast.developer)}"}

    def names(path: str) -> list[str]:
        found = requests.get(f"{paconn.address}/providers/{path}", headers=headers, timeout=20).json()
        return [entry["name"] for entry in found["value"]]

    assert names("Microsoft.PowerApps/apis") == [SLUG]
    assert names("Microsoft.ProcessSimple/environments") == ["northwind-harbour"]


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b'{"properties": 1}', b'{"properties": {"openApiDefinition": []}}', b"[" * 100_000],
    ids=["empty", "list", "number", "no definition", "deep"],
)
def test_bodies_that_are_no_connector_are_refused_in_json(paconn: Pusher, cast: Cast, body: bytes) -> None:
    headers = {"Authorization": f"Bearer {paconn.allow(cast.developer)}"}
    answer = requests.post(
        f"{paconn.address}/providers/Microsoft.PowerApps/apis", data=body, headers=headers, timeout=20
    )
    assert answer.status_code in {400, 422}
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json()["detail"]


def test_an_icon_ends_the_push_at_once_and_makes_nothing(paconn: Pusher, cast: Cast) -> None:
    (paconn.home / "icon.png").write_bytes(ICON)
    paconn.allow(cast.developer)
    assert paconn.create("any", "-i", str(paconn.home / "icon.png"))[0] == 1
    assert not Connector.objects.exists()
