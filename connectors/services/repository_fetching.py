"""Looking for new commits: one job a repository, one walk for all connectors that are bound to it.

Nothing is called inside a transaction: a lease is taken, the repository asked, what it said recorded.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from connectors.models import Repository, RepositoryBinding
from connectors.repositories import COMMITS_SHOWN, Branch, Limits, Place, RepositoryError, fetch, files
from connectors.repository_words import told
from connectors.services.calls import egress
from portal.shared import outbox
from portal.shared.errors import InvalidInput
from portal.shared.leases import leased
from portal.shared.secrets import Secret

log = structlog.get_logger(__name__)

_LEASE = dt.timedelta(seconds=110)
_BUSY_SECONDS = 5.0
_MIB = 1024 * 1024


def place_of(repository: Repository) -> Place:
    """How the child reaches it, with its secrets in clear: to be handed to the child alone."""
    guard = egress()
    held = {name: _clear(secret) for name, secret in (repository.secrets or {}).items() if name != "hook"}
    return Place(
        address=repository.address,
        mirror=str(settings.REPOSITORY_ROOT / str(repository.pk)),
        secrets={**held, "host_key": repository.host_key},
        is_public=guard.is_public,
        local_hosts=dict(guard.local_hosts),
        local_files=settings.REPOSITORY_LOCAL_FILES,
    )


def _clear(secret: Secret | str) -> str:
    return secret.reveal() if isinstance(secret, Secret) else secret


def limits() -> Limits:
    return Limits(file_bytes=settings.REPOSITORY_MAX_MB * _MIB)


def poll_repositories() -> int:
    """Ask for a look at every repository whose last one is long enough ago; returns at how many."""
    before = timezone.now() - dt.timedelta(seconds=settings.REPOSITORY_POLL_SECONDS)
    due = Repository.objects.filter(Q(tried_at=None) | Q(tried_at__lt=before)).order_by("tried_at")
    with transaction.atomic():
        found = list(due.select_for_update(skip_locked=True, of=("self",))[:200])
        for repository in found:
            outbox.emit("repository.fetch", id=str(repository.pk))
        Repository.objects.filter(pk__in=[each.pk for each in found]).update(tried_at=timezone.now())
    return len(found)


def fetch_repository(repository_id: str) -> None:
    """Bring the mirror up to date and note the newest commits of every bound folder.

    A failure is noted for the page and looked at again in the next turn. Raises `outbox.Retry` while another
    job is at it.
    """
    rows = Repository.objects.filter(pk=repository_id)
    if not rows.exists():
        return
    with leased(rows, lasting=_LEASE, retry_seconds=_BUSY_SECONDS, tried_at=timezone.now()):
        repository = rows.get()
        try:
            answer = fetch(place_of(repository), _branches(repository), limits=limits())
            _record(repository, answer)
        except RepositoryError as error:
            log.warning("repository_failed", repository=str(repository.pk), code=error.code)
            rows.update(last_error=error.code, last_error_values=error.values)


def _branches(repository: Repository) -> list[Branch]:
    bound: dict[str, list[RepositoryBinding]] = {}
    for binding in repository.bindings.order_by("branch", "folder"):
        bound.setdefault(binding.branch, []).append(binding)
    return [
        # One folder that was never read makes the walk begin anew for the whole branch.
        Branch(
            name,
            [binding.folder for binding in bindings],
            repository.heads.get(name, "") if all(binding.is_read for binding in bindings) else "",
        )
        for name, bindings in bound.items()
    ]


def _record(repository: Repository, answer: dict[str, Any]) -> None:
    branches = answer["branches"]
    with transaction.atomic():
        bindings = list(repository.bindings.select_for_update())
        for binding in bindings:
            known = {commit["sha"] for commit in binding.commits} if binding.is_read else None
            _note_commits(binding, branches.get(binding.branch))
            _tell_of_arrival(binding, known)
        RepositoryBinding.objects.bulk_update(bindings, ["commits", "is_read"], batch_size=500)
        Repository.objects.filter(pk=repository.pk).update(
            heads={name: branch["head"] for name, branch in branches.items()},
            host_key=answer["host_key"],
            fetched_at=timezone.now(),
            **_lost({binding.branch for binding in bindings} - set(branches)),
        )


def _note_commits(binding: RepositoryBinding, branch: dict[str, Any] | None) -> None:
    if branch is None or binding.folder not in branch["folders"]:
        return
    new = branch["folders"][binding.folder]
    is_continued = branch["is_continued"] and binding.is_read
    binding.commits = (new + binding.commits if is_continued else new)[:COMMITS_SHOWN]
    binding.is_read = True


def _tell_of_arrival(binding: RepositoryBinding, known: set[str] | None) -> None:
    """Only what came after the binding: neither the commits of the first reading nor a branch set back."""
    sha = binding.newest.get("sha", "")
    if binding.submits_commits and known is not None and sha and sha not in known:
        key = f"{binding.connector_id}:{sha}"
        outbox.emit("commit.arrive", dedupe_key=key, id=str(binding.pk), commit=sha)


def _lost(names: set[str]) -> dict[str, Any]:
    values = {"branch": ", ".join(sorted(names))[:200]} if names else None
    return {"last_error": "no-branch" if names else "", "last_error_values": values}


def read_commit(binding: RepositoryBinding, sha: str) -> tuple[dict[str, bytes], dict[str, str]]:
    """The files of the connector's folder at a commit, and the commit in words. Not in a transaction.

    Raises `InvalidInput` saying why they cannot be had.
    """
    try:
        return files(
            place_of(binding.repository),
            sha=sha,
            folder=binding.folder,
            refs=[f"refs/heads/{binding.branch}"],
            most_bytes=settings.MAX_UPLOAD_BYTES,
            limits=limits(),
        )
    except RepositoryError as error:
        raise InvalidInput(told(error), fields={"commit": [told(error)]}) from None
