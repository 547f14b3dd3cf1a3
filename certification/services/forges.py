"""How the server of a repository is spoken to about pull requests: connecting it, opening it for a call."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from certification.forges import (
    AppKey,
    Forge,
    ForgeError,
    ForgeForbidden,
    ForgeMissing,
    ForgePlace,
    ForgeRefused,
    KeyUnusable,
    RateLimited,
    checked_key,
    forge_for,
)
from certification.models import ForgeConnection
from connectors import policies
from connectors.models import Repository, RepositoryBinding
from connectors.repositories import Address, RepositoryError
from connectors.services.calls import egress
from portal.accounts.models import User
from portal.shared import audit, outbox
from portal.shared.errors import InvalidInput
from portal.shared.policy import require
from portal.shared.secrets import Secret

GITHUB_COM = "https://api.github.com"
LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class ForgeDraft:
    """A token, or an app's two numbers and its key. What is empty of `token` and `private_key` keeps the one
    that is stored for the same `api_url` (and the same app)."""

    api_url: str
    token: str = ""
    app_id: str = ""
    installation_id: int | None = None
    private_key: str = ""

    @property
    def is_app(self) -> bool:
        return bool(self.app_id.strip() or self.installation_id or self.private_key.strip())


def suggested_api_url(repository: Repository) -> str:
    """Where GitHub has its REST interface, seen from the address of a repository."""
    try:
        host = Address.parse(repository.address).host
    except RepositoryError:
        return GITHUB_COM
    return GITHUB_COM if host == "github.com" or not host else f"https://{host}/api/v3"


def connection_of(repository: Repository) -> ForgeConnection:
    return ForgeConnection.objects.get_or_create(repository=repository)[0]


def connect_forge(binding: RepositoryBinding, draft: ForgeDraft, *, actor: User) -> ForgeConnection:
    """Speak to GitHub's interface at `api_url` from now on, once it knew token or app, and the repository.

    Raises `InvalidInput` naming the field that is wrong.
    """
    require(policies.can_bind_repository, actor, binding.connector)
    repository = Repository.objects.get(pk=binding.repository_id)
    row = connection_of(repository)
    api_url = _checked_url(draft.api_url)
    app = _app_of(row, api_url, draft) if draft.is_app else None
    token = "" if app else _token_of(row, api_url, draft)
    name = _answering(repository, api_url, token, app)
    with transaction.atomic():
        row.kind, row.api_url, row.name = ForgeConnection.Kind.GITHUB, api_url, name
        row.app_id, row.installation_id = (app.app_id, app.installation_id) if app else ("", None)
        row.secrets = {"private_key": Secret(app.private_key)} if app else {"token": Secret(token)}
        row.suffix = _suffix(row, repository)
        row.paused_until, row.last_error = None, ""
        row.save()
        _note("connect", binding, actor, api_url)
        outbox.emit("repository.fetch", id=str(repository.pk))
        for pull in repository.pull_requests.filter(state="open"):
            outbox.emit("pullrequest.post", id=str(pull.pk))
    return row


def _held(row: ForgeConnection, api_url: str, name: str) -> str:
    """A stored secret never goes to another server than the one it was given for."""
    is_same = row.kind == ForgeConnection.Kind.GITHUB and row.api_url == api_url
    held = (row.secrets or {}).get(name) if is_same else None
    return held.reveal() if isinstance(held, Secret) else ""


def _token_of(row: ForgeConnection, api_url: str, draft: ForgeDraft) -> str:
    token = draft.token.strip() or _held(row, api_url, "token")
    if not token:
        raise _wrong("token", _("Give a token for this address."))
    return token


def _app_of(row: ForgeConnection, api_url: str, draft: ForgeDraft) -> AppKey:
    app_id = draft.app_id.strip()
    if draft.token.strip():
        raise _wrong("token", _("Give a token or an app, not both."))
    if not (app_id.isascii() and app_id.isalnum() and len(app_id) <= 20):
        raise _wrong("app_id", _("Give the app's id, as its settings on GitHub show it."))
    if not draft.installation_id or not 0 < draft.installation_id < 2**63:
        raise _wrong("installation_id", _("Give the number at the end of the installation's address."))
    is_same_app = row.app_id == app_id
    text = draft.private_key.strip() or (_held(row, api_url, "private_key") if is_same_app else "")
    if not text:
        raise _wrong("private_key", _("Give the app's private key."))
    try:
        return AppKey(app_id, draft.installation_id, checked_key(text))
    except KeyUnusable as error:
        raise _wrong("private_key", str(error)) from None


def disconnect_forge(binding: RepositoryBinding, *, actor: User) -> None:
    """Only Git is spoken from now on. The token is forgotten; what was posted stays where it is."""
    require(policies.can_bind_repository, actor, binding.connector)
    with transaction.atomic():
        rows = ForgeConnection.objects.filter(repository=binding.repository_id)
        rows.update(
            kind=ForgeConnection.Kind.GIT, api_url="", name="", secrets=None, app_id="", suffix="",
            installation_id=None, last_error="", paused_until=None, refs={}, looked_at=None,
        )  # fmt: skip
        _note("disconnect", binding, actor, "")


def open_forge(connection: ForgeConnection) -> Forge:
    """Raises `RateLimited` while the server wants to be left alone."""
    now = timezone.now()
    if connection.paused_until and connection.paused_until > now:
        raise RateLimited("", (connection.paused_until - now).total_seconds())
    held = {
        name: secret.reveal() if isinstance(secret, Secret) else secret
        for name, secret in (connection.secrets or {}).items()
    }
    app = None
    if connection.app_id and connection.installation_id and "private_key" in held:
        app = AppKey(connection.app_id, connection.installation_id, held["private_key"])
    return forge_for(
        ForgePlace(connection.kind, connection.api_url, connection.name, held.get("token", ""), egress(), app)
    )


def note_pause(connection: ForgeConnection, limit: RateLimited) -> outbox.Retry:
    """Leave the server alone as long as it asks; what to raise for the job that met it."""
    until = timezone.now() + dt.timedelta(seconds=limit.after_seconds)
    ForgeConnection.objects.filter(pk=connection.pk).update(paused_until=until)
    return outbox.Retry(limit.after_seconds)


def note_error(connection: ForgeConnection, message: str) -> None:
    """What came of the last talk, for the page; empty when it went well."""
    ForgeConnection.objects.filter(pk=connection.pk).update(
        last_error=message[:300], looked_at=timezone.now()
    )


def _checked_url(text: str) -> str:
    text = text.strip().rstrip("/")
    try:
        parts = urlsplit(text)
        is_plain = not (parts.query or parts.fragment or parts.username or parts.password)
        is_fine = parts.scheme == "https" and bool(parts.hostname) and is_plain and len(text) <= 300
    except ValueError:
        is_fine = False
    if not is_fine:
        raise _wrong("api_url", _("Give the https address of the REST interface, such as %(example)s.")
                     % {"example": GITHUB_COM})  # fmt: skip
    return text


def _answering(repository: Repository, api_url: str, token: str, app: AppKey | None) -> str:
    """owner/name, as the server writes it. Raises `InvalidInput`."""
    name = Address.parse(repository.address).name
    try:
        return forge_for(ForgePlace("github", api_url, name, token, egress(), app)).describe()[:LONGEST_NAME]
    except (ForgeRefused, ForgeForbidden, ForgeMissing) as error:
        raise _wrong("private_key" if app else "token", error.message) from None
    except ForgeError as error:
        raise _wrong("api_url", error.message) from None


def _suffix(row: ForgeConnection, repository: Repository) -> str:
    """Empty, unless another team's checks of the same repository have the plain names already."""
    if row.suffix:
        return row.suffix
    others = ForgeConnection.objects.filter(api_url=row.api_url, name__iexact=row.name).exclude(pk=row.pk)
    return f"-{repository.publisher.slug}"[:80] if others.exists() else ""


def _note(verb: str, binding: RepositoryBinding, actor: User, api_url: str) -> None:
    about = [binding.connector.publisher]
    audit.record(f"forge.{verb}", binding.connector, actor=actor, about=about, data={"address": api_url})


def _wrong(field: str, text: str) -> InvalidInput:
    return InvalidInput(_("The server cannot be spoken to like this."), fields={field: [text]})
