"""API tokens: making, checking and revoking them, and what DRF asks about them."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from portal.accounts.models import ApiToken, User
from portal.shared import audit, sandbox
from portal.shared.errors import Conflict, InvalidInput, NotPermitted
from portal.shared.secrets import Secret, fingerprint
from portal.shared.words import lazy as _lazy

if TYPE_CHECKING:
    from rest_framework.views import APIView

# Recognisable, so that secret scanners (and people) see what it is.
PREFIX = "ccp_"
MAX_LIFETIME = timedelta(days=366)
Row = TypeVar("Row", bound=Model)
_TOUCH_EVERY = timedelta(minutes=5)


def create_token(
    *,
    owner: User,
    name: str,
    scopes: Sequence[str],
    lifetime: timedelta,
    publisher_id: UUID | None,
    actor: User,
    connector_id: UUID | None = None,
    trusted_publisher_id: UUID | None = None,
    is_sandbox: bool = False,
) -> tuple[ApiToken, Secret]:
    """A new token and its text, shown once and kept nowhere. What a sandbox token writes is undone."""
    if owner.pk != actor.pk:
        raise NotPermitted(_("Everybody makes their own tokens."))
    unknown = set(scopes) - set(ApiToken.Scope.values)
    if unknown or not scopes:
        raise InvalidInput(
            _("Choose at least one of the listed scopes."), fields={"scopes": [_("Choose a scope.")]}
        )
    if not timedelta(0) < lifetime <= MAX_LIFETIME:
        raise InvalidInput(
            _("A token lives between a day and a year."), fields={"lifetime": ["1 to 366 days."]}
        )
    text = PREFIX + secrets.token_urlsafe(32)
    with transaction.atomic():
        token = ApiToken.objects.create(
            user=owner,
            name=name,
            prefix=text[:10],
            digest=fingerprint(text),
            scopes=list(scopes),
            publisher_id=publisher_id,
            connector_id=connector_id,
            trusted_publisher_id=trusted_publisher_id,
            is_sandbox=is_sandbox,
            expires_at=timezone.now() + lifetime,
        )
        data = {"scopes": list(scopes), **({"sandbox": True} if is_sandbox else {})}
        audit.record("token.create", token, actor=actor, data=data)
    return token, Secret(text)


def revoke_token(token: ApiToken, *, actor: User) -> None:
    """Dead from the next request on."""
    if token.user_id != actor.pk and not actor.is_administrator:
        raise NotPermitted(_("Only its owner or an administrator revokes a token."))
    with transaction.atomic():
        changed = ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now())
        if changed:
            audit.record("token.revoke", token, actor=actor)


def renew_token(token: ApiToken, *, actor: User) -> tuple[ApiToken, Secret]:
    """Another token with the same name, scopes, bounds and lifetime; the old one is dead from now on.

    Two programs that renew the same token at once: one gets a new token, the other Conflict.
    """
    if token.user_id != actor.pk:
        raise NotPermitted(_("Everybody renews their own tokens."))
    with transaction.atomic():
        # One that was revoked or renewed meanwhile has no successor.
        held = ApiToken.objects.select_for_update().select_related(None).get(pk=token.pk)
        if held.revoked_at is not None or held.expires_at <= timezone.now():
            raise Conflict(_("This token has ended meanwhile: sign in again."))
        if held.trusted_publisher_id is not None:
            # Renewed again and again, minutes would be for ever.
            raise Conflict(_("A token of a trusted publisher is not renewed: the build asks for another."))
        revoke_token(held, actor=actor)
        lifetime = timedelta(seconds=round((held.expires_at - held.created_at).total_seconds()))
        return create_token(
            owner=actor,
            name=held.name,
            scopes=held.scopes,
            lifetime=min(lifetime, MAX_LIFETIME),
            publisher_id=held.publisher_id,
            connector_id=held.connector_id,
            actor=actor,
            is_sandbox=held.is_sandbox,
        )


def token_text(request: Request | HttpRequest) -> str:
    """What a request shows as its token; empty when it shows none of ours."""
    keyword, _blank, text = request.headers.get("Authorization", "").partition(" ")
    return text.strip() if keyword.lower() == "bearer" and text.startswith(PREFIX) else ""


def shown_token(request: Request | HttpRequest) -> ApiToken | None:
    """The token that a request shows, good or not; looked up once a request, whoever asks."""
    plain = request._request if isinstance(request, Request) else request
    if not hasattr(plain, "_shown_token"):
        text = token_text(plain)
        known = ApiToken.objects.select_related("user")
        found = known.filter(digest=fingerprint(text)).first() if text else None
        plain._shown_token = found  # type: ignore[attr-defined]
    shown: ApiToken | None = plain._shown_token  # type: ignore[attr-defined]
    return shown


class ApiTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer ccp_…`. `request.auth` is the `ApiToken`."""

    keyword = _lazy("Bearer")

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        if not token_text(request):
            return None
        token = shown_token(request)
        if token is None or not token.is_usable():
            raise AuthenticationFailed(_("This token is unknown, expired or revoked: make a new one."))
        if token.is_sandbox and request.method not in SAFE_METHODS and not sandbox.is_active():
            # Addresses that cannot undo what they do take no such token.
            raise AuthenticationFailed(_("Sandbox tokens write below /api/v1/ only."))
        now = timezone.now()
        if token.last_used_at is None or now - token.last_used_at > _TOUCH_EVERY:
            ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        return self.keyword


def within_token(found: QuerySet[Row], request: Request, *, team: str, connector: str = "") -> QuerySet[Row]:
    """`found` within the team and the connector that the request's token is bound to; `team` and `connector`
    are the paths to their ids."""
    token: Any = request.auth
    if not isinstance(token, ApiToken):
        return found
    if token.connector_id:
        # A view that names no path has nothing to show to such a token. The team holds too: a connector that
        # was handed over is not reached any more.
        found = found.filter(**{connector: token.connector_id}) if connector else found.none()
    return found.filter(**{team: token.publisher_id}) if token.publisher_id else found


class HasScope(BasePermission):
    """Signed in, and for tokens: `read` for safe methods, the view's `write_scope` for the others.

    A token for one connector opens only views that say of themselves that they keep to it.
    """

    message = _lazy("This token's scopes do not allow it: make one with the scope the documentation names.")

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not request.user or not request.user.is_authenticated:
            return False
        token: Any = request.auth
        if not isinstance(token, ApiToken):
            return True
        if token.connector_id and not getattr(view, "binds_connector", False):
            return False
        needed = ApiToken.Scope.READ if request.method in SAFE_METHODS else getattr(view, "write_scope", None)
        return needed is not None and needed in token.scopes
