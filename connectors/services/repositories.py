"""Binding a connector to a folder of a Git repository, and the secrets to reach it with."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from connectors import policies
from connectors.models import Connector, Repository, RepositoryBinding
from connectors.repositories import Address, RepositoryError, checked_branch, checked_folder, heads
from connectors.repository_words import told
from connectors.services.repository_fetching import place_of
from portal.accounts.models import User
from portal.shared import audit, outbox
from portal.shared.errors import InvalidInput
from portal.shared.policy import require
from portal.shared.secrets import Secret

MOST_BRANCHES_NAMED = 8
_SECRET_BYTES = 32
_AUTOMATION = {
    "submits_commits": {True: "start_submitting", False: "stop_submitting"},
    "tags_certified": {True: "start_tagging", False: "stop_tagging"},
    "mirrors_threads": {True: "start_mirroring", False: "stop_mirroring"},
}
_CHOICES = ["submits_commits", "tags_certified", "threads_mirrored_since"]


@dataclass(frozen=True, slots=True)
class BindingDraft:
    """Empty secrets keep those that the team's repository has. `user` and `token` are for https,
    `private_key` (PEM, without a passphrase) for ssh."""

    address: str
    branch: str
    folder: str = ""
    user: str = ""
    token: str = ""
    private_key: str = ""


def bind_connector(connector: Connector, draft: BindingDraft, *, actor: User) -> RepositoryBinding:
    """Bind or bind anew, once the repository answered and has the branch. Its commits are read right after.

    Raises `InvalidInput` naming the field that is wrong, also when the folder is another connector's.
    """
    require(policies.can_bind_repository, actor, connector)
    clean = _cleaned(draft)
    known = Repository.objects.filter(publisher=connector.publisher, address=clean.address).first()
    row = known or Repository(publisher=connector.publisher, address=clean.address)
    row.secrets = _secrets(row, clean)
    # Asked before anything is stored: a binding that never worked helps nobody.
    row.host_key = _answering(row, clean.branch)
    try:
        with transaction.atomic():
            row.save()
            binding, _made = RepositoryBinding.objects.update_or_create(
                connector=connector,
                defaults={
                    "repository": row,
                    "branch": clean.branch,
                    "folder": clean.folder,
                    "commits": [],
                    "is_read": False,
                    "created_by": actor,
                },
            )
            _note("bind", connector, binding, actor)
            _forget_unused()
            outbox.emit("repository.fetch", id=str(row.pk))
    except IntegrityError:
        raise _wrong("folder", _("Another connector is bound to this folder of this branch.")) from None
    return binding


def unbind_connector(binding: RepositoryBinding, *, actor: User) -> None:
    """The connector is uploaded by hand again. The last binding takes the credentials with it."""
    require(policies.can_bind_repository, actor, binding.connector)
    with transaction.atomic():
        _note("unbind", binding.connector, binding, actor)
        binding.delete()
        _forget_unused()


def choose_automation(
    binding: RepositoryBinding,
    *,
    submits_commits: bool | None = None,
    tags_certified: bool | None = None,
    mirrors_threads: bool | None = None,
    actor: User,
) -> None:
    """Whether new commits are handed in, certified ones tagged, and reviewers' threads told at the pull
    request, by themselves. None: as it is. Threads that were begun before stay where they are."""
    require(policies.can_bind_repository, actor, binding.connector)
    asked = {
        "submits_commits": submits_commits,
        "tags_certified": tags_certified,
        "mirrors_threads": mirrors_threads,
    }
    with transaction.atomic():
        row = RepositoryBinding.objects.select_for_update().get(pk=binding.pk)
        for name, value in asked.items():
            if value is not None and value != getattr(row, name):
                _set(row, name, value)
                verb = f"repository.{_AUTOMATION[name][value]}"
                audit.record(
                    verb,
                    binding.repository,
                    actor=actor,
                    about=[binding.connector, binding.connector.publisher],
                )
        row.save(update_fields=_CHOICES)
    binding.refresh_from_db(fields=_CHOICES)


def _set(row: RepositoryBinding, name: str, value: bool) -> None:
    if name == "mirrors_threads":
        row.threads_mirrored_since = timezone.now() if value else None
    else:
        setattr(row, name, value)


def fetch_now(binding: RepositoryBinding, *, actor: User) -> None:
    """Look for new commits without waiting for the next turn."""
    require(policies.can_bind_repository, actor, binding.connector)
    with transaction.atomic():
        outbox.emit("repository.fetch", id=str(binding.repository_id))


def rotate_hook_secret(binding: RepositoryBinding, *, actor: User) -> Secret:
    """A new secret for the webhook, shown once; the one before is worth nothing at once."""
    require(policies.can_bind_repository, actor, binding.connector)
    secret = Secret(secrets.token_hex(_SECRET_BYTES))
    with transaction.atomic():
        row = Repository.objects.select_for_update().get(pk=binding.repository_id)
        row.secrets = {**(row.secrets or {}), "hook": secret}
        row.save(update_fields=["secrets"])
        audit.record("repository.rotate_secret", row, actor=actor, about=[binding.connector, row.publisher])
    return secret


def _forget_unused() -> None:
    """Repositories that no connector is bound to any more, with their credentials."""
    Repository.objects.filter(bindings=None).delete()


def _note(verb: str, connector: Connector, binding: RepositoryBinding, actor: User) -> None:
    address = binding.repository.address
    data = {"address": address, "branch": binding.branch, "folder": binding.folder or "/"}
    about = [connector, connector.publisher]
    audit.record(f"repository.{verb}", binding.repository, actor=actor, about=about, data=data)


def _cleaned(draft: BindingDraft) -> BindingDraft:
    address = branch = folder = ""
    faults: dict[str, list[str]] = {}
    try:
        address = Address.parse(draft.address).text
    except RepositoryError as error:
        faults["address"] = [told(error)]
    try:
        branch = checked_branch(draft.branch)
    except RepositoryError as error:
        faults["branch"] = [told(error)]
    try:
        folder = checked_folder(draft.folder)
    except RepositoryError as error:
        faults["folder"] = [told(error)]
    if faults:
        raise InvalidInput(_("The repository cannot be bound like this."), fields=faults)
    return BindingDraft(
        address, branch, folder, draft.user.strip(), draft.token.strip(),
        draft.private_key.replace("\r\n", "\n").strip(),
    )  # fmt: skip


def _secrets(row: Repository, draft: BindingDraft) -> dict[str, Secret | str]:
    given = {"user": draft.user, "token": draft.token, "private_key": draft.private_key}
    kept = dict(row.secrets or {})
    if draft.private_key and not draft.private_key.endswith("\n"):
        given["private_key"] += "\n"
    return kept | {name: Secret(value) for name, value in given.items() if value}


def _answering(row: Repository, branch: str) -> str:
    """The server's key, if it has one. Raises `InvalidInput` when there is no answer or no such branch."""
    try:
        answer = heads(place_of(row))
    except RepositoryError as error:
        raise _wrong("token" if error.kind == "access" else "address", told(error)) from None
    names = answer["heads"]
    if branch not in names:
        known = ", ".join(list(names)[:MOST_BRANCHES_NAMED]) or _("none")
        raise _wrong("branch", _("There is no such branch. There are: %(known)s.") % {"known": known})
    return str(answer["host_key"])


def _wrong(field: str, text: str) -> InvalidInput:
    return InvalidInput(_("The repository cannot be bound like this."), fields={field: [text]})
