"""What is to be written into a submission's form: `--set` arguments and a TOML file, checked for secrets.

What a field may hold is the portal's business: it answers for each field. Here only the shape is read.
"""

from __future__ import annotations

import getpass
import os
import re
import sys
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from portal.certport.problems import CommandFailed, Exit

TEXTS = ("kind", "tester_notes", "change_notes", "intro")
FIELDS = (*TEXTS, "categories", "contacts")
_CONTACT = re.compile(r"(?P<name>[^<>]*)<(?P<email>[^<>]+)>")
_CONTACT_MEMBERS = frozenset({"role", "name", "email"})
_CREDENTIAL_MEMBERS = frozenset({"kind", "purpose", "values", "expires_on"})
# The parts of a credential that may stand in a file; every other one is secret.
_OPEN_VALUES = frozenset({"username", "client_id", "scopes", "header", "sign_in_url", "token_url"})


@dataclass(slots=True)
class Filling:
    """`fields` as the API takes them; of `contacts` those to be set, by role; `credentials` whole, with the
    places of their secrets instead of the secrets."""

    fields: dict[str, Any] = field(default_factory=dict)
    contacts: dict[str, dict[str, str]] = field(default_factory=dict)
    credentials: list[dict[str, Any]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.fields or self.contacts or self.credentials)


def read_filling(assignments: Sequence[str], file: Path | None) -> Filling:
    """What the file says, and over it what the arguments say."""
    filling = _from_file(file) if file is not None else Filling()
    for assignment in assignments:
        _assign(filling, assignment)
    return filling


def _assign(filling: Filling, assignment: str) -> None:
    name, sign, value = assignment.partition("=")
    noun, _dot, role = name.strip().partition(".")
    if not sign:
        raise _wrong(f"--set {assignment}: write key=value.")
    if noun == "contacts" and role:
        filling.contacts[role] = _contact(role, value)
    elif name == "categories":
        filling.fields["categories"] = [each.strip() for each in value.split(",") if each.strip()]
    elif name in TEXTS:
        filling.fields[name] = _text(value, Path.cwd())
    elif noun == "credentials":
        raise _wrong("Credentials are not given as arguments, which others can read: use --from.")
    else:
        raise _wrong(f"--set {name}: there are {', '.join((*TEXTS, 'categories', 'contacts.ROLE'))}.")


def _contact(role: str, value: str) -> dict[str, str]:
    found = _CONTACT.fullmatch(value.strip())
    if found is None:
        raise _wrong(f"--set contacts.{role}: write “Name <address>”.")
    return {"role": role, "name": found["name"].strip(), "email": found["email"].strip()}


def _text(value: str, folder: Path) -> str:
    """A text, or with @ before it the content of a file."""
    if not value.startswith("@"):
        return value
    path = folder / value[1:]
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise _wrong(f"{path} cannot be read: {error}") from error


def _from_file(file: Path) -> Filling:
    try:
        given = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise _wrong(f"{file} cannot be read: {error}") from error
    filling = Filling()
    for name, value in given.items():
        if name in TEXTS and isinstance(value, str):
            filling.fields[name] = _text(value, file.parent)
        elif name == "categories" and _are(value, str):
            filling.fields[name] = value
        elif name == "contacts" and _are(value, dict):
            for row in value:
                _known(file, "contacts", row, _CONTACT_MEMBERS)
                filling.contacts[str(row.get("role", ""))] = {key: str(text) for key, text in row.items()}
        elif name == "credentials" and _are(value, dict):
            filling.credentials = [_credential(file, row) for row in value]
        else:
            raise _wrong(f"{file}: “{name}” is not understood.")
    return filling


def _are(value: Any, kind: type) -> bool:
    return isinstance(value, list) and all(isinstance(each, kind) for each in value)


def _known(file: Path, name: str, row: Mapping[str, Any], members: frozenset[str]) -> None:
    if unknown := set(row) - members:
        raise _wrong(f"{file}: {name} have no “{min(unknown)}”.")


def _credential(file: Path, row: Mapping[str, Any]) -> dict[str, Any]:
    _known(file, "credentials", row, _CREDENTIAL_MEMBERS)
    values = row.get("values")
    if not isinstance(values, dict) or not {"kind", "purpose"} <= set(row):
        raise _wrong(f"{file}: credentials have kind, purpose and values.")
    for name, value in values.items():
        if isinstance(value, str) and name not in _OPEN_VALUES:
            place = f'{name} = {{ env = "VARIABLE" }}, or {{ prompt = true }}'
            raise _wrong(f"{file}: “{name}” is a secret: write {place}.")
        if not isinstance(value, str) and not _is_place(value):
            raise _wrong(f"{file}: “{name}” is not understood.")
    return {**row, "expires_on": str(row["expires_on"]) if "expires_on" in row else None}


def _is_place(value: Any) -> bool:
    if not isinstance(value, dict) or len(value) != 1:
        return False
    return isinstance(value.get("env"), str) or value.get("prompt") is True


def reveal(credential: Mapping[str, Any]) -> dict[str, Any]:
    """The credential as the API takes it, with its secrets fetched from where they are."""
    label = credential["purpose"]
    values = {
        name: value if isinstance(value, str) else _secret(f"{label}, {name}", value)
        for name, value in credential["values"].items()
    }
    return {**credential, "values": values}


def _secret(label: str, place: Mapping[str, Any]) -> str:
    if "env" in place:
        value = os.environ.get(place["env"], "")
        if not value:
            raise _wrong(f"{label}: the variable {place['env']} is empty.")
        return value
    if not sys.stdin.isatty():
        raise _wrong(f"{label}: nobody can be asked here; name a variable of the environment.")
    return getpass.getpass(f"{label}: ")


def _wrong(text: str) -> CommandFailed:
    return CommandFailed(text, Exit.USAGE)
