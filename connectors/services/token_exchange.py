"""Exchanging a build's ID token for an API token that lives minutes (RFC 8693)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from connectors import policies
from connectors.identity import Run, TokenRefused, mismatch, peek, run_of, verify
from connectors.identity.tokens import LEEWAY_SECONDS
from connectors.models import SpentIdToken, TrustedPublisher
from connectors.services.issuer_keys import keys_of
from connectors.services.trusted_publishers import known_issuers
from portal.accounts.models import ApiToken
from portal.accounts.tokens import create_token
from portal.shared import audit
from portal.shared.actors import SYSTEM
from portal.shared.errors import InvalidInput
from portal.shared.secrets import Secret, fingerprint

LIFE = timedelta(minutes=15)
# Ended tokens of builds are no use to anybody; the audit trail keeps what they were made for.
_KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Exchanged:
    token: ApiToken
    text: Secret


def exchange(id_token: str, *, connector: str = "") -> Exchanged:
    """An API token for the build that holds `id_token`; `connector` (slug) chooses where several trust it.

    Raises InvalidInput (`invalid_grant`, or `invalid_target` when it has to be said for which connector) and
    Unavailable. Asks the issuer for its keys, so never inside a transaction.
    """
    try:
        run, claims, issuer = _believed(id_token)
    except TokenRefused as refusal:
        raise _refused(f"{refusal}.") from None
    chosen = _chosen(issuer, run, connector)
    rows = TrustedPublisher.objects.select_related("publisher", "connector", "created_by")
    with transaction.atomic():
        row = rows.select_for_update(of=("self",)).filter(pk=chosen.pk).first()
        if row is None:
            raise _refused(_("The trust was taken back meanwhile."))
        _spend(issuer, claims)
        problem = _problem(row, run)
        if not problem:
            return _issue(row, run)
        _note_refusal(row, run, problem)
    # Outside, so that what was noted stays.
    raise _refused(problem)


def _believed(id_token: str) -> tuple[Run, Mapping[str, Any], str]:
    peeked = peek(id_token)
    issuer = known_issuers().get(peeked.issuer)
    if issuer is None:
        raise TokenRefused("this portal does not trust the ID token's issuer")
    keys = keys_of(issuer, peeked.key_id)
    claims = verify(id_token, keys=keys, audience=settings.SITE_URL, issuer=issuer.url)
    return run_of(issuer, claims), claims, issuer.url


def _chosen(issuer: str, run: Run, connector: str) -> TrustedPublisher:
    """The one rule that fits. What rules lack is told: whoever asks has proved whose repository it is."""
    named = TrustedPublisher.objects.filter(issuer=issuer, repository=run.repository)
    rows = list(named.select_related("connector"))
    if connector:
        of_team = set(named.filter(publisher__connectors__slug=connector).values_list("pk", flat=True))
        rows = [each for each in rows if each.pk in of_team and _is_for(each, connector)]
    reasons = {each: mismatch(each, run) for each in rows}
    fitting = [each for each, reason in reasons.items() if not reason]
    # The narrower rule: a token for one connector can do less than one for the team.
    narrow = [each for each in fitting if each.connector_id] if connector else []
    found = narrow or fitting
    if not found:
        raise _refused(_("No team trusts this build: %(said)s.") % {"said": _why(run, reasons.values())})
    if len({(each.publisher_id, each.connector_id) for each in found}) > 1:
        raise InvalidInput(_("Several trust this build: say for which connector."), code="invalid_target")
    return found[0]


def _is_for(row: TrustedPublisher, connector: str) -> bool:
    return row.connector is None or row.connector.slug == connector


def _why(run: Run, reasons: Iterable[str]) -> str:
    nobody = _("no trusted publisher names %(repository)s") % {"repository": run.repository}
    return "; ".join(sorted(set(reasons))) or nobody


def _spend(issuer: str, claims: Mapping[str, Any]) -> None:
    """Once: an ID token that leaks through a log afterwards is worth nothing."""
    now = timezone.now()
    SpentIdToken.objects.filter(expires_at__lt=now).delete()
    ends = datetime.fromtimestamp(claims["exp"], UTC) + timedelta(seconds=2 * LEEWAY_SECONDS)
    _row, is_first = SpentIdToken.objects.get_or_create(
        digest=fingerprint(f"{issuer}\n{claims['jti']}"), defaults={"expires_at": ends}
    )
    if not is_first:
        raise _refused(_("The ID token was used already: ask for another one."))


def _problem(row: TrustedPublisher, run: Run) -> str:
    """Why a build that is the right one by its names gets nothing all the same."""
    if row.repository_id and (row.repository_id, row.owner_id) != (run.repository_id, run.owner_id):
        return _(
            "%(repository)s is another repository than before, or has another owner, under the same name: "
            "remove the trusted publisher and add it again if you know why."
        ) % {"repository": run.repository}
    owner = row.created_by
    if not owner.is_active or not policies.can_manage_trusted_publishers(owner, row.publisher):
        return _(
            "Whoever added this trusted publisher may not act for the team any more: "
            "somebody of the team has to add it again."
        )
    return ""


def _issue(row: TrustedPublisher, run: Run) -> Exchanged:
    now = timezone.now()
    ApiToken.objects.filter(trusted_publisher_id=row.pk, expires_at__lt=now - _KEPT).delete()
    token, text = create_token(
        owner=row.created_by,
        name=f"{run.repository} {run.ref}"[:80],
        scopes=row.scopes,
        lifetime=LIFE,
        publisher_id=row.publisher_id,
        connector_id=row.connector_id,
        trusted_publisher_id=row.pk,
        actor=row.created_by,
    )
    TrustedPublisher.objects.filter(pk=row.pk).update(
        repository_id=run.repository_id,
        owner_id=run.owner_id,
        last_used_at=now,
        last_ref=run.ref[:300],
        last_refusal="",
        last_refused_at=None,
    )
    _record("exchange", row, run, {"token": token.prefix})
    return Exchanged(token, text)


def _note_refusal(row: TrustedPublisher, run: Run, problem: str) -> None:
    TrustedPublisher.objects.filter(pk=row.pk).update(
        last_refusal=problem[:300], last_refused_at=timezone.now()
    )
    _record("refuse", row, run, {"repository_id": run.repository_id, "owner_id": run.owner_id})


def _record(verb: str, row: TrustedPublisher, run: Run, more: Mapping[str, str]) -> None:
    about = [row.publisher, *([row.connector] if row.connector else [])]
    said = {"repository": run.repository, "ref": run.ref, "commit": run.commit, "run": run.run_id}
    audit.record(f"trustedpublisher.{verb}", row, actor=SYSTEM, about=about, data={**said, **more})


def _refused(text: str) -> InvalidInput:
    return InvalidInput(text[:1].upper() + text[1:], code="invalid_grant")
