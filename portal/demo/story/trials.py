"""The last chapter: testers at the console, a Preview half tested, a credential that stopped working."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from itertools import cycle, islice
from typing import Any

from certification.models import Preview, Submission, TestCredential
from certification.queries.console import Bench, bench_of
from certification.services import credential_tests, runs
from certification.services.runs import Try
from connectors.runtime import CallableOperation
from connectors.runtime.examples import example_of
from portal.accounts.models import User
from portal.demo.clock import replaced
from portal.shared.actors import SYSTEM
from portal.shared.errors import PortalError
from portal.shared.secrets import Secret

_REASON = "Checking what the operation answers with the sample data."
_KNOWN_ID, _SPARE_ID = "103", "109"
_MOST_OPERATIONS = 9


def tell() -> None:
    """Told after every other story, at the present of the demo world."""
    # Days of testing in a moment: nobody has to wait for the minute to pass.
    with replaced(runs, "RUNS_PER_MINUTE", 100_000):
        for submission in _submissions("preview_testing"):
            _test_preview(submission)
        in_review = list(_submissions("in_review"))
        for submission in in_review[:3]:
            _review(submission)
    for submission in reversed(in_review):
        if _spoil(submission):
            break


def _submissions(state: str) -> Iterable[Submission]:
    found = Submission.objects.filter(state=state).order_by("created_at")
    return found.select_related("connector__publisher", "version", "revision__version")


def _testers(submission: Submission) -> list[User]:
    memberships = submission.connector.publisher.memberships.exclude(role="viewer")
    return [each.user for each in memberships.select_related("user").order_by("created_at")]


def _test_preview(submission: Submission) -> None:
    """Most operations ten times, the rest now and then, some with wrong input: as testers do it."""
    preview = Preview.objects.filter(submission=submission, state="testing").first()
    testers = _testers(submission)
    if preview is None or not testers:
        return
    bench, credential = bench_of(submission), submission.credentials.first()
    by = cycle(testers)
    for number, operation in enumerate(bench.operations[:_MOST_OPERATIONS]):
        if operation.is_trigger and operation.method != "get":
            continue
        times = (10, 4, 0)[number % 3] if operation.method != "delete" else 1
        wanted = _try(bench, operation, credential)
        for actor in islice(by, times):
            _call(submission, wanted, actor)
        wrong = _wrong(operation)
        if number % 2 == 0 and wrong:
            _call(submission, Try(operation.operation_id, wrong, wanted.credential_id, True), next(by))


def _review(submission: Submission) -> None:
    reviewer = User.objects.filter(staff_role="reviewer").exclude(
        memberships__publisher=submission.connector.publisher
    )
    actor = reviewer.order_by("email").first()
    bench, credential = bench_of(submission), submission.credentials.first()
    if actor is None:
        return
    for operation in [each for each in bench.operations if each.is_safe][:3]:
        _call(submission, _try(bench, operation, credential), actor)


def _spoil(submission: Submission) -> bool:
    """The key was revoked at the service; the nightly test found out. False where no key is in use."""
    credential = submission.credentials.filter(kind=TestCredential.Kind.API_KEY).first()
    if credential is None:
        return False
    credential.fields = {"key": Secret("revoked-by-the-service")}
    credential.save(update_fields=["fields"])
    credential_tests.prove(credential, occasion="nightly", actor=SYSTEM)
    return True


def _call(submission: Submission, wanted: Try, actor: User) -> None:
    # An operation whose inputs cannot be made up is left for the visitor.
    with suppress(PortalError):
        runs.run_operation(submission, wanted, actor=actor)


def _try(bench: Bench, operation: CallableOperation, credential: TestCredential | None) -> Try:
    given: dict[str, Any] = {}
    for declared in operation.asked:
        if declared.place == "path":
            given[declared.key] = _SPARE_ID if operation.method == "delete" else _KNOWN_ID
        elif declared.place == "body":
            given[declared.key] = _filled(example_of(bench.definition, declared.schema))
        elif declared.is_required and not declared.has_default:
            given[declared.key] = str(declared.choices[0]) if declared.choices else "1"
    needs = bench.needs_credential(operation) and credential is not None
    return Try(operation.operation_id, given, credential.pk if needs and credential else None, reason=_REASON)


def _filled(value: Any) -> Any:
    """An example without empty texts, which a service refuses."""
    if isinstance(value, dict):
        return {name: _filled(child) for name, child in value.items()}
    if isinstance(value, list):
        return [_filled(child) for child in value]
    return value if value != "" else "Sample"


def _wrong(operation: CallableOperation) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for declared in operation.asked:
        if declared.place == "path":
            given[declared.key] = "no-such-entry"
        elif declared.place == "query" and declared.type == "integer":
            given[declared.key] = "many"
        elif declared.place == "body":
            given[declared.key] = "{}"
    return given
