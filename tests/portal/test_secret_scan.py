"""Secrets pasted into comments are taken out; talk about secrets is left alone."""

from __future__ import annotations

import time

import pytest

from portal.shared.secret_scan import MASK, mask_secrets

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
SECRETS = {
    "https://files.example/p.zip?sv=2024&sig=Zm9vYmFyYmF6cXV4%3D&se=1": "Zm9vYmFyYmF6cXV4",
    "https://bucket.example/x?X-Amz-Signature=0123456789abcdef": "0123456789abcdef",
    "curl -H 'Authorization: Bearer abcDEF0123456789abcDEF012345'": "abcDEF0123456789abcDEF012345",
    "Authorization: Basic dXNlcjpwYXNzd29yZA==": "dXNlcjpwYXNzd29yZA==",
    f"the answer had {JWT} in it": JWT,
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nabc\n-----END RSA PRIVATE KEY-----": "MIIEow",
    "-----BEGIN PRIVATE KEY-----\ncut off here MIIEow": "MIIEow",
    "postgres://app:hunter2secret@db.example/app": "hunter2secret",
    'client_secret = "a1b2c3d4e5f6g7"': "a1b2c3d4e5f6g7",
    "password: S3cr3tValue": "S3cr3tValue",
    "it works with api_key=AwMtnkTbrhcZVwtrLIWfZhRU": "AwMtnkTbrhcZVwtrLIWfZhRU",
    "use ccp_0123456789abcdefghijABCDEFGHIJ please": "ccp_0123456789abcdefghijABCDEFGHIJ",
    "key AKIAABCDEFGHIJKLMNOP": "AKIAABCDEFGHIJKLMNOP",
}
HARMLESS = [
    "The bearer token goes into the Authorization header.",
    "apiKey: securestring is the right type for it.",
    "See https://docs.example/auth?code=200 and ?page=12.",
    "password: choose a longer description",
    "client_secret: clientSecretOfTheApp, api_key=YOUR_CLIENT_SECRET_HERE and secret: XMLHttpRequestSecretName",
    "Basic authentication needs two parameters.",
    "sha256 9f2c4be1a07d53c8e6a1b94f0d7732ac58e0f1b6d24c9a7e3b5f8d1c0a962e47",
    "#/paths/~1token/get has no description",
]


@pytest.mark.parametrize("text", SECRETS)
def test_a_secret_is_replaced_by_a_mark(text: str) -> None:
    scan = mask_secrets(text)
    assert SECRETS[text] not in scan.text
    assert MASK in scan.text
    assert scan.count >= 1


@pytest.mark.parametrize("text", HARMLESS)
def test_words_about_secrets_stay_as_they_are(text: str) -> None:
    scan = mask_secrets(text)
    assert (scan.text, scan.count) == (text, 0)


def test_the_words_around_a_secret_stay() -> None:
    assert (
        mask_secrets("before Bearer abcDEF0123456789abcDEF012345 after").text == f"before Bearer {MASK} after"
    )


def test_masking_twice_changes_nothing() -> None:
    for text in SECRETS:
        once = mask_secrets(text)
        assert mask_secrets(once.text).count == 0


def test_a_long_hostile_text_is_scanned_in_linear_time() -> None:
    text = "-----BEGIN " * 2_000 + "password=" * 2_000 + "eyJ" + "a" * 20_000
    started = time.perf_counter()
    mask_secrets(text)
    assert time.perf_counter() - started < 1
