"""Drafts made by a program that sends two JSON documents: the properties and the definition.

What such a program cannot send (icon, script, documents) stays as it is in the package before.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from certification.models import Submission
from certification.policies import can_create_submission
from certification.queries.pushes import newest_package, open_submission
from certification.services.drafts import choose_package, editable
from certification.services.submissions import create_submission
from connectors import package_records as records
from connectors.definitions import read_files
from connectors.definitions.names import CANONICAL_NAMES, Role
from connectors.models import Connector, Publisher, Version
from connectors.policies import can_register_connector
from connectors.services.connectors import register_connector
from connectors.services.versions import load_package, receive_upload
from portal.accounts.models import User
from portal.shared import outbox
from portal.shared.errors import InvalidInput
from portal.shared.policy import require

Documents = Mapping[Role, Mapping[str, Any]]
_MOST_PROBLEMS = 10


@dataclass(frozen=True)
class Pushed:
    """The draft, and the package that its form holds now."""

    submission: Submission
    version: Version


def push_new(publisher: Publisher, *, name: str, documents: Documents, actor: User) -> Pushed:
    """Register a connector and open its first draft with the package; all of it or nothing.

    Raises InvalidInput when the name is in use or the documents are no package.
    """
    require(can_register_connector, actor, publisher)
    files = _files(documents, {})
    with transaction.atomic():
        connector = register_connector(publisher, name=name, actor=actor)
        return _told(_into_form(connector, None, files, actor), actor)


def push_update(connector: Connector, *, documents: Documents, actor: User) -> Pushed:
    """Put the package into the open draft, or into a new one.

    Raises InvalidInput when the documents are no package, IllegalTransition while the open submission is
    with the reviewers.
    """
    require(can_create_submission, actor, connector)
    base = newest_package(connector)
    before = {name: file.content for name, file in load_package(base).files.items()} if base else {}
    files = _files(documents, before)
    with transaction.atomic():
        return _told(_into_form(connector, open_submission(connector), files, actor), actor)


def _told(pushed: Pushed, actor: User) -> Pushed:
    """Whoever pushed is mailed what is still to be done: the program shows them no page."""
    outbox.emit("submission.push", id=str(pushed.submission.pk), user_id=str(actor.pk))
    return pushed


def add_introduction(submission: Submission, text: str, *, actor: User) -> Version | None:
    """Put intro.md into the form's package where it has none: such a program sends no documents. None when
    there is nothing to do.

    Raises InvalidInput when it is no package with it, IllegalTransition when the form is closed.
    """
    require(can_create_submission, actor, submission.connector)
    name = CANONICAL_NAMES[Role.INTRO]
    held = load_package(submission.version) if submission.version else None
    if held is None or held.intro or not text.strip():
        return None
    before = {each: file.content for each, file in held.files.items()}
    files = _files({}, {**before, name: text.encode()})
    with transaction.atomic():
        return _into_form(submission.connector, submission, files, actor).version


def _into_form(
    connector: Connector, submission: Submission | None, files: Mapping[str, bytes], actor: User
) -> Pushed:
    if submission is None:
        submission = create_submission(connector, actor=actor)
    else:
        editable(submission)
    version = receive_upload(connector, files=list(files.items()), actor=actor).version
    assert version is not None, "_files has read this package before"
    choose_package(submission, version=version, actor=actor)
    return Pushed(submission, version)


def _files(documents: Documents, before: Mapping[str, bytes]) -> dict[str, bytes]:
    """The whole package. A document that says the same as before keeps its bytes, so that fetching and
    pushing back makes no new version."""
    files = dict(before)
    for role, document in documents.items():
        name = CANONICAL_NAMES[role]
        if name not in before or _read(before[name]) != document:
            files[name] = _written(document)
    package = read_files(files)
    if records.is_unusable(package):
        found = records.refusals_of(package)[:_MOST_PROBLEMS]
        raise InvalidInput(_("This is no package that could be stored."), fields={"files": found})
    return files


def _read(content: bytes) -> Any:
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None


def _written(document: Mapping[str, Any]) -> bytes:
    try:
        return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode()
    except (ValueError, RecursionError):
        raise InvalidInput(
            _("The documents hold characters or a depth that JSON files cannot have.")
        ) from None
