"""Packages taken from commits into submissions."""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.db import transaction
from django.utils.translation import gettext as _

from certification.models import Submission
from certification.policies import can_create_submission
from certification.queries.pushes import open_submission
from certification.services.drafts import choose_package, editable
from certification.services.submissions import create_submission
from connectors import package_records as records
from connectors.definitions import read_files
from connectors.models import CommitUpload, RepositoryBinding
from connectors.services.repository_fetching import read_commit
from connectors.services.versions import receive_upload
from portal.accounts.models import User
from portal.shared import audit
from portal.shared.errors import InvalidInput
from portal.shared.policy import require

_SHA = re.compile(r"[0-9a-f]{40}\Z")
_MOST_PROBLEMS = 10


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
    files, commit = read_commit(binding, sha)
    _refuse_unreadable(files)
    with transaction.atomic():
        return _into_form(binding, submission, files, commit, actor)


def _refuse_closed(submission: Submission) -> None:
    """Raises `IllegalTransition` before anything is fetched for a form that is closed."""
    with transaction.atomic():
        editable(submission)


def _refuse_unreadable(files: Mapping[str, bytes]) -> None:
    package = read_files(dict(files))
    if package.is_refused or not package.files:
        found = [problem["message"] for problem in records.problems_of(package) if problem["refuses"]]
        raise InvalidInput(
            _("What is in this folder is no package that could be stored."),
            fields={"commit": found[:_MOST_PROBLEMS] or [_("It holds no file of a connector.")]},
        )


def _into_form(
    binding: RepositoryBinding,
    submission: Submission | None,
    files: Mapping[str, bytes],
    commit: Mapping[str, str],
    actor: User,
) -> Submission:
    connector = binding.connector
    if submission is None:
        submission = create_submission(connector, actor=actor)
    upload = receive_upload(connector, files=list(files.items()), actor=actor)
    assert upload.version is not None, "the package was read before"
    CommitUpload.objects.create(
        upload=upload,
        address=binding.repository.address,
        branch=binding.branch,
        folder=binding.folder,
        commit=commit["sha"],
        author=commit["author"],
        summary=commit["summary"],
    )
    choose_package(submission, version=upload.version, actor=actor)
    audit.record(
        "commit.take",
        submission,
        actor=actor,
        about=[connector],
        data={"commit": commit["sha"][:12], "label": upload.version.label},
    )
    return submission
