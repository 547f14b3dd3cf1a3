"""The publishers' own client, unmodified, against a running portal."""

from __future__ import annotations

import json
import os
import subprocess
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from certification.rules.examples.base import DEFINITION
from portal.accounts.models import ApiToken
from portal.accounts.tokens import create_token
from tests.conftest import Cast

PACONN = Path(__file__).resolve().parents[2] / ".venv" / "paconn" / "bin" / "paconn"
pytestmark = pytest.mark.django_db(transaction=True)


class Command:
    """paconn in a home folder with a token file."""

    def __init__(self, home: Path, address: str) -> None:
        self.home, self.address = home, address

    def sign_in(self, cast: Cast, scope: str = ApiToken.Scope.VALIDATE, **more: Any) -> str:
        token, text = create_token(
            owner=cast.developer,
            name="paconn",
            scopes=[scope],
            lifetime=timedelta(days=30),
            publisher_id=cast.publisher.pk,
            actor=cast.developer,
        )
        self.write_token(
            {
                "token_type": "Bearer",
                "access_token": text.reveal(),
                "expires_on": int(token.expires_at.timestamp()),
                "oid": str(cast.developer.pk),
            }
            | more
        )
        return text.reveal()

    def write_token(self, content: dict[str, Any]) -> None:
        folder = self.home / ".paconn"
        folder.mkdir(exist_ok=True)
        kept = {name: value for name, value in content.items() if value is not None}
        (folder / "accessTokens.json").write_text(json.dumps(kept))

    def validate(self, definition: Any) -> tuple[int, str]:
        file = self.home / "apiDefinition.swagger.json"
        file.write_text(json.dumps(definition), encoding="utf-8")
        return self.run("validate", "--api-def", str(file), "--pau", self.address)

    def run(self, *arguments: str) -> tuple[int, str]:
        environment = {"HOME": str(self.home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8", "NO_PROXY": "*"}
        done = subprocess.run(
            [PACONN, *arguments],
            cwd=self.home,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return done.returncode, done.stdout + done.stderr


@pytest.fixture
def paconn(tmp_path: Path, live_server: Any) -> Command:
    assert PACONN.exists(), "run `make environment-dev`: it installs the client"
    return Command(tmp_path, live_server.url)


def changed(**members: Any) -> dict[str, Any]:
    return {**DEFINITION, **members}


def test_a_good_definition_is_validated_successfully(paconn: Command, cast: Cast) -> None:
    paconn.sign_in(cast)
    code, output = paconn.validate(DEFINITION)
    assert "validated successfully" in output
    assert code == 0


def test_findings_are_printed_with_the_official_name_first_and_the_command_ends_well(
    paconn: Command, cast: Cast
) -> None:
    paconn.sign_in(cast)
    code, output = paconn.validate(changed(swagger="3.0"))
    assert code == 0
    line = next(line for line in output.splitlines() if "DEF-002" in line)
    assert line.startswith("error SpecificationVersionIncorrect /swagger: ")
    assert line.endswith("(DEF-002)")


def test_letters_of_every_script_arrive_as_they_were_written(paconn: Command, cast: Cast) -> None:
    paconn.sign_in(cast)
    info = {**DEFINITION["info"], "title": "Brønnøysund «Tider»!"}
    _, output = paconn.validate(changed(info=info))
    assert "INF-007b" in output
    assert "\\u" not in output
    assert "Ã" not in output


def test_with_a_strict_token_errors_fail_the_command(paconn: Command, cast: Cast) -> None:
    paconn.sign_in(cast, ApiToken.Scope.VALIDATE_STRICT)
    code, output = paconn.validate(changed(swagger="3.0"))
    assert code == 1
    assert "ApiSwaggerInvalid" in output
    assert "/rules/DEF-002/" in output
    assert "Traceback" not in output


def test_with_a_strict_token_warnings_do_not(paconn: Command, cast: Cast) -> None:
    paconn.sign_in(cast, ApiToken.Scope.VALIDATE_STRICT)
    info = {**DEFINITION["info"], "description": DEFINITION["info"]["description"].rstrip(".")}
    code, output = paconn.validate(changed(info=info))
    assert code == 0
    assert "(INF-015)" in output


def test_the_setting_makes_errors_fail_for_every_token(paconn: Command, cast: Cast, settings: Any) -> None:
    settings.PACONN_ERRORS_FAIL = True
    paconn.sign_in(cast)
    assert paconn.validate(changed(swagger="3.0"))[0] == 1


def test_a_token_file_without_an_object_id_works(paconn: Command, cast: Cast) -> None:
    paconn.sign_in(cast, oid=None)
    assert "validated successfully" in paconn.validate(DEFINITION)[1]


def test_the_file_that_the_page_makes_is_accepted_by_the_client(
    paconn: Command, cast: Cast, client: Client, sign_in: Any
) -> None:
    browser = sign_in(cast.developer, client)
    session = browser.session
    session["account_authentication_methods"] = [
        {"method": "password", "at": time.time(), "reauthenticated": True}
    ]
    session["account_authentication_methods_user"] = str(cast.developer.pk)
    session.save()
    answer = browser.post(
        "/account/tokens/paconn/", {"name": "laptop", "publisher": str(cast.publisher.pk), "days": 30}
    )
    assert answer["Content-Disposition"] == 'attachment; filename="accessTokens.json"'
    paconn.write_token(answer.json())
    assert "validated successfully" in paconn.validate(DEFINITION)[1]


@pytest.mark.parametrize(
    ("text", "hint"),
    [("ccp_unknown", "make a new one"), ("someone-elses-token", "token file")],
    ids=["unknown", "foreign"],
)
def test_a_bad_token_is_refused_with_a_reason_and_no_traceback(paconn: Command, text: str, hint: str) -> None:
    paconn.write_token({"token_type": "Bearer", "access_token": text, "expires_on": 4102444800})
    code, output = paconn.validate(DEFINITION)
    assert code == 1
    assert hint in output
    assert "Traceback" not in output


def test_a_netrc_entry_that_replaces_the_token_is_named(paconn: Command, cast: Cast) -> None:
    paconn.sign_in(cast)
    host = paconn.address.removeprefix("http://").partition(":")[0]
    netrc = paconn.home / ".netrc"
    netrc.write_text(f"machine {host} login somebody password something\n")
    netrc.chmod(0o600)
    code, output = paconn.validate(DEFINITION)
    assert code == 1
    assert "~/.netrc" in output


def test_a_token_that_only_checks_downloads_nothing_and_is_told_in_json(paconn: Command, cast: Cast) -> None:
    paconn.sign_in(cast)
    code, output = paconn.run(
        "download", "-e", "env", "-c", "shared_x", "-d", str(paconn.home), "-u", paconn.address
    )
    assert code == 1
    assert "its scopes lack read" in output
    assert "Traceback" not in output
