"""How the server of a repository is spoken to about pull requests: connecting it, opening it for a call."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from certification.forges import (
    Forge,
    ForgeError,
    ForgeForbidden,
    ForgeMissing,
    ForgePlace,
    ForgeRefused,
    RateLimited,
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
    """An empty `token` keeps the one that is stored for the same `api_url`."""

    api_url: str
    token: str = ""


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
    """Speak to GitHub's interface at `api_url` from now on, once it knew the token and the repository.

    Raises `InvalidInput` naming the field that is wrong.
    """
    require(policies.can_bind_repository, actor, binding.connector)
    repository = Repository.objects.get(pk=binding.repository_id)
    row = connection_of(repository)
    api_url = _checked_url(draft.api_url)
    token = draft.token.strip()
    if not token:
        # A stored token never goes to another server than the one it was given for.
        is_same = row.kind == ForgeConnection.Kind.GITHUB and row.api_url == api_url
        held = (row.secrets or {}).get("token") if is_same else None
        if not held:
            raise _wrong("token", _("Give a token for this address."))
        token = held.reveal()
    name = _answering(repository, api_url, token)
    with transaction.atomic():
        row.kind, row.api_url, row.name = ForgeConnection.Kind.GITHUB, api_url, name
        row.secrets, row.suffix = {"token": Secret(token)}, _suffix(row, repository)
        row.paused_until, row.last_error = None, ""
        row.save()
        _note("connect", binding, actor, api_url)
        outbox.emit("repository.fetch", id=str(repository.pk))
        for pull in repository.pull_requests.filter(state="open"):
            outbox.emit("pullrequest.post", id=str(pull.pk))
    return row


def disconnect_forge(binding: RepositoryBinding, *, actor: User) -> None:
    """Only Git is spoken from now on. The token is forgotten; what was posted stays where it is."""
    require(policies.can_bind_repository, actor, binding.connector)
    with transaction.atomic():
        rows = ForgeConnection.objects.filter(repository=binding.repository_id)
        rows.update(
            kind=ForgeConnection.Kind.GIT, api_url="", name="", secrets=None, suffix="", last_error="",
            paused_until=None, refs={}, looked_at=None,
        )  # fmt: skip
        _note("disconnect", binding, actor, "")


def open_forge(connection: ForgeConnection) -> Forge:
    """Raises `RateLimited` while the server wants to be left alone."""
    now = timezone.now()
    if connection.paused_until and connection.paused_until > now:
        raise RateLimited("", (connection.paused_until - now).total_seconds())
    token = (connection.secrets or {}).get("token")
    return forge_for(
        ForgePlace(
            connection.kind,
            connection.api_url,
            connection.name,
            token.reveal() if token else "",
            egress(),
        )
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


def _answering(repository: Repository, api_url: str, token: str) -> str:
    """owner/name, as the server writes it. Raises `InvalidInput`."""
    name = Address.parse(repository.address).name
    try:
        return forge_for(ForgePlace("github", api_url, name, token, egress())).describe()[:LONGEST_NAME]
    except (ForgeRefused, ForgeForbidden, ForgeMissing) as error:
        raise _wrong("token", error.message) from None
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
