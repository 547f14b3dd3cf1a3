"""Submissions that wait for a reviewer, and definitions of any size."""

from __future__ import annotations

import copy
import io
import json
import zipfile
from typing import Any

from certification.lifecycle import SUBMISSION
from certification.models import Submission
from certification.rules.examples import base
from certification.services import drafts, submissions
from certification.services.threads import carry_over_to_latest
from connectors.models import Connector
from connectors.services.versions import receive_upload
from portal.accounts.models import User
from portal.shared.actors import SYSTEM
from portal.shared.models import OutboxJob
from portal.shared.transitions import transition
from tests.factories.submissions import numbered, submission_in

DEFINITION = "apiDefinition.swagger.json"
_NOUNS = ("berth", "vessel", "pilot", "tide", "permit", "invoice", "crane", "container")


def in_review(owner: User, connector: Connector | None = None, *, kind: str = "new") -> Submission:
    """A submission whose turn is the reviewers'."""
    submission = submission_in("in_review", owner, connector)
    if kind != submission.kind:
        Submission.objects.filter(pk=submission.pk).update(kind=kind)
    return reviewed(submission)


def reviewed(submission: Submission) -> Submission:
    """As services and pages load it."""
    return Submission.objects.select_related(
        "connector__publisher", "connector__live_version", "revision__version", "revision__handed_in_by"
    ).get(pk=submission.pk)


def large_definition(operations: int = 40) -> dict[str, Any]:
    """A definition with as many operations; a thousand make about a megabyte."""
    definition = copy.deepcopy(base.DEFINITION)
    one = next(iter(definition["paths"].values()))["get"]
    definition["paths"] = {}
    for number in range(operations):
        noun = _NOUNS[number % len(_NOUNS)]
        method = ("get", "post", "patch", "delete")[number // len(_NOUNS) % 4]
        operation = copy.deepcopy(one)
        operation["operationId"] = f"{method.title()}{noun.title()}{number}"
        operation["summary"] = f"{method.title()} {noun} {number}"
        operation["description"] = f"Works on the {noun}s of a harbour, list {number}."
        definition["paths"][f"/harbours/{{harbourId}}/{noun}s/{number}"] = {method: operation}
    return definition


def archive(definition: dict[str, Any] | str, **files: str) -> bytes:
    """A package with this definition; further files by name."""
    words = definition if isinstance(definition, str) else json.dumps(definition, indent=2) + "\n"
    members = {
        DEFINITION: words,
        "apiProperties.json": json.dumps(base.PROPERTIES, indent=2),
        "readme.md": base.README,
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in {**members, **files}.items():
            target.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


def resubmit(submission: Submission, package: bytes, actor: User) -> Submission:
    """Send it back, hand another package in, and bring it to review again with its threads carried over."""
    transition(SUBMISSION, submission, "request_changes", actor=SYSTEM, reason="Please change it.")
    version = receive_upload(submission.connector, files=[("package.zip", package)], actor=actor).version
    assert version is not None
    fresh = Submission.objects.with_page_data().get(pk=submission.pk)
    drafts.choose_package(fresh, version=version, actor=actor)
    submissions.submit(Submission.objects.with_page_data().get(pk=submission.pk), actor=actor)
    for event in ("start_validation", "pass_validation"):
        transition(SUBMISSION, submission, event, actor=SYSTEM)
    OutboxJob.objects.filter(payload__id=str(submission.pk)).delete()
    carry_over_to_latest(str(submission.pk))
    return reviewed(submission)


__all__ = ["archive", "in_review", "large_definition", "numbered", "resubmit", "reviewed"]
