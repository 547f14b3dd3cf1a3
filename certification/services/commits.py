"""Packages taken from commits into submissions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from certification.models import Submission
from certification.policies import can_create_submission
from certification.queries.pushes import open_submission
from certification.services.drafts import choose_package, editable
from certification.services.submissions import create_submission
from connectors import package_records as records
from connectors.definitions import Package, read_files
from connectors.models import CommitUpload, RepositoryBinding
from connectors.services.repository_fetching import read_commit
from connectors.services.versions import receive_upload
from portal.accounts.models import User
from portal.shared import audit
from portal.shared.errors import InvalidInput
from portal.shared.policy import require

_SHA = re.compile(r"[0-9a-f]{40}\Z")
_MOST_PROBLEMS = 10


@dataclass(frozen=True, slots=True)
class TakenCommit:
    """What was read of a commit: the folder's files, the commit in words (`sha`, `author`, `at`, `summary`,
    `message`), and the package's digest."""

    files: Mapping[str, bytes]
    commit: Mapping[str, str]
    digest: str


def take_commit(binding: RepositoryBinding, sha: str = "", *, actor: User) -> Submission:
    """Put the package at a commit, by default the newest of the folder, into the open draft or a new one.

    Handing it in stays a deed of its own. Raises `InvalidInput` when the commit cannot be read or is no
    package, `IllegalTransition` while the open submission is with the reviewers.
    """
    require(can_create_submission, actor, binding.connector)
    sha = sha or binding.newest.get("sha", "")
    if not _SHA.match(sha):
        text = (
            _("Name a commit by its 40 hexadecimal digits.") if sha else _("There is no commit to take yet.")
        )
        raise InvalidInput(text, fields={"commit": [text]})
    submission = open_submission(binding.connector)
    if submission is not None:
        _refuse_closed(submission)
    taken = read_package(binding, sha)
    with transaction.atomic():
        return put_into_form(binding, submission, taken, actor=actor)


def read_package(binding: RepositoryBinding, sha: str) -> TakenCommit:
    """The package at a commit. Not in a transaction. Raises `InvalidInput` saying why there is none."""
    files, commit = read_commit(binding, sha)
    package = read_files(dict(files))
    _refuse_unreadable(package)
    return TakenCommit(files, commit, package.digest)


def _refuse_closed(submission: Submission) -> None:
    """Raises `IllegalTransition` before anything is fetched for a form that is closed."""
    with transaction.atomic():
        editable(submission)


def _refuse_unreadable(package: Package) -> None:
    if records.is_unusable(package):
        found = records.refusals_of(package)[:_MOST_PROBLEMS]
        raise InvalidInput(
            _("What is in this folder is no package that could be stored."),
            fields={"commit": found or [_("It holds no file of a connector.")]},
        )


def put_into_form(
    binding: RepositoryBinding, submission: Submission | None, taken: TakenCommit, *, actor: User
) -> Submission:
    """Store the package and choose it in the open draft, or in a new one. Call in a transaction."""
    require(can_create_submission, actor, binding.connector)
    connector = binding.connector
    if submission is None:
        submission = create_submission(connector, actor=actor)
    upload = receive_upload(connector, files=list(taken.files.items()), actor=actor)
    assert upload.version is not None, "the package was read before"
    CommitUpload.objects.create(
        upload=upload,
        address=binding.repository.address,
        branch=binding.branch,
        folder=binding.folder,
        commit=taken.commit["sha"],
        author=taken.commit["author"],
        summary=taken.commit["summary"],
    )
    choose_package(submission, version=upload.version, actor=actor)
    audit.record(
        "commit.take",
        submission,
        actor=actor,
        about=[connector],
        data={"commit": taken.commit["sha"][:12], "label": upload.version.label},
    )
    return submission
