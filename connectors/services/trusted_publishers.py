"""Trusting builds: which workflow of which repository may act for a team, and taking that back."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from connectors import policies
from connectors.identity import Issuer, IssuerKind, issuers_from
from connectors.models import Connector, Publisher, TrustedPublisher
from portal.accounts.models import ApiToken, User
from portal.shared import audit
from portal.shared.errors import Conflict, InvalidInput
from portal.shared.policy import require
from portal.shared.words import lazy as _lazy

# What a build needs to hand a package in. Never a right over people, reviews or regions.
SCOPES = (ApiToken.Scope.READ, ApiToken.Scope.CONNECTORS, ApiToken.Scope.SUBMISSIONS)
_PART = r"[A-Za-z0-9_][A-Za-z0-9_.-]*"
_REPOSITORIES = {
    IssuerKind.GITHUB: re.compile(rf"[A-Za-z0-9][A-Za-z0-9-]*/{_PART}|[A-Za-z0-9][A-Za-z0-9-]*/\.[\w.-]+"),
    IssuerKind.GITLAB: re.compile(rf"{_PART}(/{_PART})+"),
}
_WORKFLOWS = {
    IssuerKind.GITHUB: re.compile(r"[^/@\s]+\.ya?ml"),
    IssuerKind.GITLAB: re.compile(r"[^/@\s][^@\s]*\.ya?ml"),
}
_REF = re.compile(r"refs/(heads|tags)/(\*|[^\s*]+)")
_HELP = {
    "repository": _lazy("Write owner/name, as in the address of the repository."),
    "workflow": _lazy("Write the file's name: release.yml on GitHub, .gitlab-ci.yml or its path on GitLab."),
    "ref": _lazy("Write refs/heads/main, refs/tags/v1.0, refs/tags/*, or nothing."),
}


@dataclass(frozen=True, slots=True)
class TrustDraft:
    """What is to be trusted. `connector` None: all connectors of the team. `ref` empty: any branch or tag."""

    issuer: str
    repository: str
    workflow: str
    ref: str = ""
    environment: str = ""
    connector: Connector | None = None
    scopes: Sequence[str] = SCOPES


def known_issuers() -> dict[str, Issuer]:
    """The build services whose word counts here, by address: the operator's list."""
    return issuers_from(settings.TRUSTED_ISSUERS)


def trust(publisher: Publisher, draft: TrustDraft, *, actor: User) -> TrustedPublisher:
    """Let a workflow act for the team from now on, in the name of `actor`."""
    require(policies.can_manage_trusted_publishers, actor, publisher)
    _check(publisher, draft)
    row = TrustedPublisher(
        publisher=publisher,
        connector=draft.connector,
        issuer=draft.issuer,
        repository=draft.repository,
        workflow=draft.workflow,
        ref=draft.ref,
        environment=draft.environment,
        scopes=[scope for scope in SCOPES if scope in draft.scopes],
        created_by=actor,
    )
    try:
        with transaction.atomic():
            row.save()
            _record("trust", row, actor)
    except IntegrityError:
        raise Conflict(_("This workflow is trusted already.")) from None
    return row


def _check(publisher: Publisher, draft: TrustDraft) -> None:
    faults: dict[str, list[str]] = {}
    issuer = known_issuers().get(draft.issuer)
    if issuer is None:
        faults["issuer"] = [_("Choose one of the listed build services.")]
    else:
        checked = {
            "repository": _REPOSITORIES[issuer.kind].fullmatch(draft.repository),
            "workflow": _WORKFLOWS[issuer.kind].fullmatch(draft.workflow),
            "ref": not draft.ref or _REF.fullmatch(draft.ref),
        }
        faults |= {name: [str(_HELP[name])] for name, is_good in checked.items() if not is_good}
    if draft.connector is not None and draft.connector.publisher_id != publisher.pk:
        faults["connector"] = [_("Choose a connector of this team.")]
    if not draft.scopes or set(draft.scopes) - set(SCOPES):
        faults["scopes"] = [_("Choose at least one of the listed scopes.")]
    if faults:
        raise InvalidInput(_("This cannot be trusted as it is written."), fields=faults)


def distrust(row: TrustedPublisher, *, actor: User) -> None:
    """Take the trust back; tokens that the workflow holds end at once."""
    require(policies.can_manage_trusted_publishers, actor, row.publisher)
    with transaction.atomic():
        # Whoever exchanges a token at this moment holds the row, and is done before it goes.
        held = TrustedPublisher.objects.select_for_update(of=("self",)).filter(pk=row.pk).first()
        if held is None:
            return
        tokens = ApiToken.objects.filter(trusted_publisher_id=row.pk, revoked_at=None)
        tokens.update(revoked_at=timezone.now())
        _record("distrust", row, actor)
        held.delete()


def _record(verb: str, row: TrustedPublisher, actor: User) -> None:
    about = [row.publisher, *([row.connector] if row.connector else [])]
    names = ("issuer", "repository", "workflow", "ref", "environment", "scopes")
    data = {name: getattr(row, name) for name in names}
    audit.record(f"trustedpublisher.{verb}", row, actor=actor, about=about, data=data)
