"""Reads about threads that stand at a pull request, too."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import F, QuerySet

from certification.lifecycle import SUBMISSION
from certification.models import ForgeConnection, PullRequest, PullRequestCheck, ReviewMirror, Submission

_ROOT = "pull_request"
_BINDING = "submission__connector__binding"


def active_mirrors() -> QuerySet[ReviewMirror]:
    """Those in use: an open pull request of the repository that the connector is bound to now, a submission
    that has not ended, and a team that chose it."""
    return (
        ReviewMirror.objects.filter(
            **{
                f"{_ROOT}__state": PullRequest.State.OPEN,
                f"{_ROOT}__number__isnull": False,
                f"{_ROOT}__repository__forge__kind": ForgeConnection.Kind.GITHUB,
                f"{_ROOT}__base": F(f"{_BINDING}__branch"),
                f"{_ROOT}__repository": F(f"{_BINDING}__repository"),
                f"{_BINDING}__threads_mirrored_since__isnull": False,
            }
        )
        .exclude(submission__state__in=SUBMISSION.terminal)
        .select_related(
            "pull_request__repository__forge",
            "submission__connector__binding",
            "submission__connector__publisher",
            "submission__revision__version",
        )
        .defer("submission__revision__form", "submission__revision__version__tree")
        .order_by("-created_at", "pk")
    )


def fitting_check(submission: Submission) -> PullRequestCheck | None:
    """Of an open pull request that would make the connector's folder what was handed in; the newest."""
    if submission.revision is None:
        return None
    return (
        PullRequestCheck.objects.filter(
            binding__connector=submission.connector_id,
            binding__threads_mirrored_since__isnull=False,
            package_digest=submission.revision.version.digest,
            pull_request__state=PullRequest.State.OPEN,
            pull_request__number__isnull=False,
            pull_request__repository__forge__kind=ForgeConnection.Kind.GITHUB,
        )
        .defer("findings", "changes")
        .order_by("-pull_request__seen_at", "pk")
        .first()
    )


def check_of(review: ReviewMirror) -> PullRequestCheck | None:
    """What the pull request makes of the submission's connector, as far as its newest commit was checked."""
    pull = review.pull_request
    return (
        PullRequestCheck.objects.filter(
            pull_request=pull, binding__connector=review.submission.connector_id, head_sha=pull.head_sha
        )
        .defer("findings", "changes")
        .first()
    )


@dataclass(frozen=True, slots=True)
class PublicPlace:
    """Where else a submission's threads are read: "owner/name#7". `problem`: why it does not succeed."""

    label: str
    url: str
    problem: str


def public_place(submission: Submission) -> PublicPlace | None:
    found = active_mirrors().filter(submission=submission).first()
    if found is None:
        return None
    pull = found.pull_request
    return PublicPlace(f"{pull.repository.forge.name}#{pull.number}", pull.url, found.problem)
