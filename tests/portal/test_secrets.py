from __future__ import annotations

import json
import pickle

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from connectors.models import Region
from portal.shared.logs import redact
from portal.shared.secrets import Secret, decrypt, encrypt, key_id, keyring
from tests.factories import RegionFactory

CANARY = "kestrel-canary-5f1d"


def test_a_secret_shows_itself_to_nobody_but_reveal():
    secret = Secret(CANARY)
    assert secret.reveal() == CANARY
    for text in (str(secret), repr(secret), f"{secret}", f"{secret!r}", "%s" % secret, str([secret])):  # noqa: UP031
        assert CANARY not in text
    with pytest.raises(TypeError):
        json.dumps(secret)
    with pytest.raises(TypeError):
        pickle.dumps(secret)


def test_what_is_encrypted_names_its_key_and_comes_back():
    stored = encrypt(CANARY)
    assert CANARY not in stored
    assert stored.partition(":")[0] in keyring()
    assert decrypt(stored) == CANARY


def test_an_older_key_still_decrypts_and_a_removed_one_says_so(settings):
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.FIELD_ENCRYPTION_KEYS = [old]
    stored = encrypt(CANARY)
    settings.FIELD_ENCRYPTION_KEYS = [new, old]
    assert decrypt(stored) == CANARY
    assert encrypt(CANARY).startswith(key_id(new))
    settings.FIELD_ENCRYPTION_KEYS = [new]
    with pytest.raises(LookupError, match=key_id(old)):
        decrypt(stored)


def test_an_altered_value_does_not_decrypt():
    stored = encrypt(CANARY)
    with pytest.raises(LookupError, match="altered"):
        decrypt(stored[:-4] + "AAA=")


def test_a_key_that_is_no_key_is_explained(settings):
    settings.FIELD_ENCRYPTION_KEYS = ["too-short"]
    with pytest.raises(ImproperlyConfigured, match="Fernet keys"):
        keyring()


def test_the_column_holds_no_clear_text(db):
    RegionFactory(code="west", credentials={"token": CANARY})
    with connection.cursor() as cursor:
        cursor.execute("SELECT credentials FROM connectors_region WHERE code = 'west'")
        [[stored]] = cursor.fetchall()
    assert CANARY not in stored
    assert Region.objects.get(code="west").credentials["token"].reveal() == CANARY


def test_logs_mask_by_name_and_by_shape():
    event = redact(None, "info", {"password": CANARY, "note": f"Authorization: Bearer {CANARY}", "n": 1})
    assert CANARY not in str(event)
    assert event["n"] == 1
