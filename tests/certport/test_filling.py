"""What --set and --from may say, and where secrets may not stand."""

from __future__ import annotations

import pytest

from portal.certport.filling import read_filling, reveal
from portal.certport.problems import CommandFailed, Exit

KEY = "sandbox-key-that-nobody-reads"
CREDENTIAL = """
[[credentials]]
kind = "api_key"
purpose = "Sandbox"
[credentials.values]
header = "X-Api-Key"
key = { env = "SANDBOX_KEY" }
"""


def test_arguments_go_over_the_file_and_texts_may_lie_in_files(tmp_path):
    (tmp_path / "intro.md").write_text("# Tides")
    file = tmp_path / "form.toml"
    file.write_text('kind = "new"\nintro = "@intro.md"\ncategories = ["Data"]\n')
    filling = read_filling(["kind=update", "contacts.primary=Ada Quay <ada@example.test>"], file)
    assert filling.fields == {"kind": "update", "intro": "# Tides", "categories": ["Data"]}
    assert filling.contacts["primary"] == {"role": "primary", "name": "Ada Quay", "email": "ada@example.test"}
    assert not read_filling([], None)


def test_a_secret_comes_from_the_environment_when_it_is_needed(tmp_path, monkeypatch):
    file = tmp_path / "form.toml"
    file.write_text(CREDENTIAL)
    (credential,) = read_filling([], file).credentials
    monkeypatch.setenv("SANDBOX_KEY", KEY)
    assert reveal(credential)["values"] == {"header": "X-Api-Key", "key": KEY}
    assert KEY not in repr(credential)


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["credentials.key=abc"], "not given as arguments"),
        (["colour=blue"], "there are kind"),
        (["intro"], "key=value"),
        (["contacts.primary=ada@example.test"], "Name <address>"),
        (["intro=@absent.md"], "absent.md cannot be read"),
    ],
)
def test_an_argument_that_is_none_is_said(arguments, why):
    with pytest.raises(CommandFailed, match=why) as refused:
        read_filling(arguments, None)
    assert refused.value.exit_code == Exit.USAGE


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (CREDENTIAL.replace('{ env = "SANDBOX_KEY" }', f'"{KEY}"'), "is a secret"),
        (CREDENTIAL.replace('env = "SANDBOX_KEY"', 'file = "key.txt"'), "not understood"),
        (CREDENTIAL, "SANDBOX_KEY is empty"),
        (CREDENTIAL.replace('env = "SANDBOX_KEY"', "prompt = true"), "nobody can be asked"),
        (CREDENTIAL.replace("purpose", "colour"), "have no “colour”"),
        ('colour = "blue"', "“colour” is not understood"),
        ("[[contacts]]\nphone = 1", "have no “phone”"),
        ("categories = 1", "not understood"),
        ("= broken", "cannot be read"),
    ],
)
def test_a_file_that_cannot_be_used_is_said_without_its_secrets(tmp_path, monkeypatch, text, why):
    monkeypatch.delenv("SANDBOX_KEY", raising=False)
    monkeypatch.setattr("sys.stdin.isatty", lambda: False)
    file = tmp_path / "form.toml"
    file.write_text(text)
    with pytest.raises(CommandFailed, match=why) as refused:
        for credential in read_filling([], file).credentials:
            reveal(credential)
    assert KEY not in str(refused.value)


def test_editors_that_mark_utf_8_and_end_lines_as_on_windows_are_understood(tmp_path):
    (tmp_path / "intro.md").write_bytes("\ufeff# Tides\r\n".encode())
    file = tmp_path / "form.toml"
    file.write_bytes('\ufeffintro = "@intro.md"\r\ncategories = ["Data"]\r\n'.encode())
    assert read_filling([], file).fields == {"intro": "# Tides\n", "categories": ["Data"]}
