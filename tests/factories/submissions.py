"""Submissions in any state. Up to "submitted" through the services, from there along the lifecycle."""

from __future__ import annotations

from collections import deque
from typing import Any

from certification.lifecycle import SUBMISSION
from certification.models import Submission, TestCredential
from certification.rules.examples import Case
from certification.services import credentials, drafts, submissions
from connectors.models import Connector, Upload, Version
from connectors.services.versions import receive_upload
from portal.accounts.models import User
from portal.shared.actors import SYSTEM
from portal.shared.models import OutboxJob
from portal.shared.secrets import Secret
from portal.shared.transitions import transition
from tests.factories import ConnectorFactory

INTRO = (
    "# Harbour Tides\n\nGives the times of the tides for harbours along the coast.\n\n"
    "## Get credentials\n\nAsk for an API key at the portal of the service, then paste it when you connect.\n"
)
FORM: dict[str, Any] = {
    "contacts": [
        {"role": "primary", "name": "Ada Quay", "email": "ada@example.test"},
        {"role": "support", "name": "Support", "email": "support@example.test"},
    ],
    "categories": ["Data"],
    "tester_notes": "Use the sandbox. Harbour 17 always has data.",
    "change_notes": "Adds the water level.",
    "intro": INTRO,
}
WITH_ERROR = Case(set={"/info/title": "Harbour Tides API"})
"""Breaks INF-004 (error): the title contains the word API."""
WITH_WARNING = Case(
    set={"/info/description": "Gives the times of the tides and the water levels for harbours"}
)
"""Breaks INF-015 (warning): no closing punctuation."""


def upload(connector: Connector, actor: User, case: Case | None = None) -> Upload:
    """A package through the real upload service; the case is a change to a connector that breaks no rule."""
    return receive_upload(connector, files=[("package.zip", (case or Case()).archive())], actor=actor)


def uploaded_version(connector: Connector, actor: User, case: Case | None = None) -> Version:
    version = upload(connector, actor, case).version
    assert version is not None
    return version


def independent(title: str, version: str = "1.0.0", **more: Any) -> Case:
    """A package of an independent publisher, as every team is until it was verified, that breaks no rule."""
    return Case(
        set={"/info/title": title, "/info/version": version, **more},
        properties={"/properties/iconBrandColor": "#da3b01", "/properties/publisher": "Quay Volunteers"},
        files={"icon.png": None},
    )


def numbered(number: int) -> Case:
    """A package that differs from every other number's and breaks no rule."""
    return Case(set={"/info/version": f"1.{number}.0"})


def add_api_key(submission: Submission, actor: User, **changes: Any) -> TestCredential:
    given = credentials.CredentialInput(
        kind="api_key",
        purpose=changes.pop("purpose", "Sandbox"),
        values={"key": Secret(changes.pop("key", "sandbox-key-for-tests"))},
        **changes,
    )
    return credentials.add_credential(submission, given=given, actor=actor)


def draft(actor: User, connector: Connector | None = None, **fields: Any) -> Submission:
    """An empty draft as the service makes it."""
    made: Any = connector or ConnectorFactory(publisher=actor.publishers.first())
    submission = submissions.create_submission(made, actor=actor, **fields)
    return Submission.objects.with_page_data().get(pk=submission.pk)


def ready_draft(
    actor: User, connector: Connector | None = None, *, case: Case | None = None, **fields: Any
) -> Submission:
    """A draft that nothing blocks, unless `case` breaks a rule and the check has run."""
    submission = draft(actor, connector, **fields)
    version = uploaded_version(submission.connector, actor, case)
    drafts.choose_package(submission, version=version, actor=actor)
    drafts.save_draft(submission, fields=FORM, edit_count=submission.edit_count, actor=actor)
    add_api_key(submission, actor)
    return Submission.objects.with_page_data().get(pk=submission.pk)


def submission_in(
    state: str, actor: User, connector: Connector | None = None, *, case: Case | None = None
) -> Submission:
    """A submission in `state` with the audit trail of the shortest way there; its jobs are taken away."""
    submission = ready_draft(actor, connector, case=case)
    if state not in {"draft", "withdrawn"}:
        submissions.submit(submission, actor=actor)
    for event in _way(submission.state, state):
        transition(SUBMISSION, submission, event, actor=SYSTEM, about=[submission.connector])
    OutboxJob.objects.filter(payload__id=str(submission.pk)).delete()
    return Submission.objects.with_page_data().get(pk=submission.pk)


def _way(start: str, goal: str) -> list[str]:
    """The shortest sequence of events from one state to another."""
    waiting: deque[tuple[str, list[str]]] = deque([(start, [])])
    seen = {start}
    while waiting:
        state, way = waiting.popleft()
        if state == goal:
            return way
        for event in SUBMISSION.events_from(state):
            target = SUBMISSION.moves[event].target
            if target not in seen:
                seen.add(target)
                waiting.append((target, [*way, event]))
    raise ValueError(f"no way from {start} to {goal}")
