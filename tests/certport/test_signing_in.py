"""certport login, whoami, renew, logout: against a running portal, with a person who types the code."""

from __future__ import annotations

import json
import re
import stat

import pytest
from django.test import Client

from portal.accounts.models import ApiToken
from tests.certport.conftest import ALL
from tests.certport.consenting import consent, person_at

pytestmark = pytest.mark.django_db(transaction=True)


def log_in(certport, cast, *arguments: str, **answer: object):
    """Start `certport login`, type its code in the portal; exit code, output, and what it said."""
    with certport.started("login", "--url", certport.url, *arguments, patience=40) as process:
        said = ""
        while not (code := re.search(r"type\s+([B-Z]{4}-[B-Z]{4})", said)):
            line = process.stderr.readline()
            assert line, said
            said += line
        consent(person_at(Client(), cast.developer), code[1], **{"scopes": list(ALL), **answer})
        out, rest = process.communicate(timeout=40)
    return process.returncode, out, said + rest


def test_a_person_signs_in_with_a_code_and_out_again(certport, cast, settings):
    settings.DEVICE_POLL_SECONDS = 1
    code, out, said = log_in(certport, cast, "--name", "certport on a laptop", "--json")
    assert code == 0, said
    assert json.loads(out)["email"] == cast.developer.email
    file = certport.folder / "home" / "credentials.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    token = json.loads(file.read_text())["portals"][certport.url]["token"]
    assert token not in out + said
    assert ApiToken.objects.get().name == "certport on a laptop"
    known = certport("whoami", "--json").document
    assert known["scopes"] == list(ALL)
    assert known["teams"] == ["northwind-harbour"]
    assert certport("renew").code == 0
    renewed = json.loads(file.read_text())["portals"][certport.url]["token"]
    assert renewed != token
    assert cast.developer.email in certport("whoami").out
    assert certport("logout").code == 0
    assert not ApiToken.objects.filter(revoked_at=None).exists()
    ended = certport("whoami", "--url", certport.url)
    assert (ended.code, "not signed in" in ended.said) == (3, True)


def test_a_refusal_in_the_portal_ends_the_command(certport, cast, settings):
    settings.DEVICE_POLL_SECONDS = 1
    code, out, said = log_in(certport, cast, answer="refuse")
    assert (code, out) == (3, "")
    assert "Refused in the portal" in said


def test_a_sign_in_may_ask_for_less(certport, cast, settings):
    settings.DEVICE_POLL_SECONDS = 1
    assert log_in(certport, cast, "--scope", "read", scopes=["read"])[0] == 0
    assert certport("whoami", "--json").document["scopes"] == ["read"]


def test_a_token_that_was_revoked_says_what_to_do(certport, cast):
    certport.enter(cast.developer)
    ApiToken.objects.update(revoked_at=ApiToken.objects.get().created_at)
    ended = certport("list")
    assert ended.code == 3
    assert "certport login" in ended.said
    assert certport("logout").code == 0, "what the portal has forgotten can be forgotten here"


def test_a_build_brings_its_token_in_the_environment(certport, cast):
    text = certport.enter(cast.developer)
    (certport.folder / "home" / "credentials.json").unlink()
    ended = certport("list", "--json", CERTPORT_URL=certport.url, CERTPORT_TOKEN=text)
    assert (ended.code, ended.document) == (0, [])


def test_a_file_in_a_repository_does_not_choose_who_gets_the_token_of_a_build(certport, cast):
    (certport.folder / "certport.toml").write_text(f'url = "{certport.url}"\n')
    ended = certport("list", CERTPORT_TOKEN="ccp_secret")
    assert ended.code == 2
    assert "CERTPORT_URL" in ended.said


def test_nothing_is_sent_in_clear_text_over_a_network(certport):
    ended = certport("login", "--url", "http://portal.example")
    assert ended.code == 2
    assert "https" in ended.said


def test_a_portal_that_is_away_is_told_with_its_own_exit_code(certport, cast):
    certport.enter(cast.developer)
    home = certport.folder / "home" / "credentials.json"
    home.write_text(home.read_text().replace(certport.url, "http://127.0.0.1:9"))
    ended = certport("whoami", "--json")
    assert ended.code == 6
    assert "cannot be reached" in ended.document["error"]["message"]
