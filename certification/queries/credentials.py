"""Reads of test credentials: what is known about them without their values."""

from __future__ import annotations

from dataclasses import dataclass, field

from certification.models import CredentialTest, Submission, TestCredential
from connectors.definitions.openapi import text
from connectors.queries.packages import package_of
from connectors.runtime.choosing import pick_test_operation, safe_operations
from connectors.runtime.connection import parameters_of


@dataclass(frozen=True, slots=True)
class CredentialRow:
    """A credential and the newest test of it, None before the first."""

    credential: TestCredential
    test: CredentialTest | None


def credential_rows(submission: Submission) -> list[CredentialRow]:
    """The credentials in the order they were added, in two queries."""
    credentials = list(submission.credentials.defer("fields").select_related("updated_by"))
    newest = {
        test.credential_id: test
        for test in CredentialTest.objects.filter(submission=submission)
        .order_by("credential_id", "-at")
        .distinct("credential_id")
    }
    return [CredentialRow(each, newest.get(each.pk)) for each in credentials]


@dataclass(frozen=True, slots=True)
class ProvingChoices:
    """What a credential's form offers beside its secrets.

    `connection` are (name, label) of the other values of a connection, `operations` (id, label) of calls that
    change nothing, `picked` is the portal's own choice.
    """

    connection: list[tuple[str, str]] = field(default_factory=list)
    operations: list[tuple[str, str]] = field(default_factory=list)
    picked: str = ""


def proving_choices(submission: Submission) -> ProvingChoices:
    """Empty while there is no package whose definition can be read."""
    version = submission.revision.version if submission.revision else submission.version
    package = package_of(version) if version else None
    if package is None or package.definition is None:
        return ProvingChoices()
    definition = package.definition.value
    properties = package.properties.value if package.properties else None
    picked = pick_test_operation(definition)
    return ProvingChoices(
        connection=[
            (name, text(declared, "uiDefinition", "displayName") or name)
            for name, declared in parameters_of(properties).items()
            if text(declared, "type").lower() in ("string", "int", "bool") and not _is_account(name)
        ],
        operations=[
            (each.operation_id, f"{each.summary} ({each.operation_id})")
            for each in safe_operations(definition)
        ],
        picked=picked[0].operation_id if picked else "",
    )


def _is_account(name: str) -> bool:
    """The credential's own fields have it already."""
    return name.lower().replace("_", "") in ("username", "user", "password", "apikey", "clientid")
