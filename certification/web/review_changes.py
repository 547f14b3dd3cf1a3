"""What a revision changes: by operation with its class, by line, and ticks of what was seen."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from certification.models import Submission
from certification.queries import review_changes as queries
from certification.queries import review_source as sources
from certification.queries import workbench
from certification.queries.usage import impact_of
from certification.services import review_marks
from certification.web.review_pages import page_context, reviewed_submission
from portal.accounts.models import User
from portal.shared.numbers import small_number
from portal.shared.web import signed_in_user


@require_safe
@login_required
def review_changes(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Since the reader's own last review, another revision, or what is live (`since`)."""
    submission = reviewed_submission(request, pk)
    user = signed_in_user(request)
    mine = queries.my_last_revision(submission, user)
    since = _since(request.GET.get("since", ""), mine)
    assert submission.revision is not None
    shared = page_context(request, submission, "changes")
    context = shared | {
        "changes": queries.changes_page(submission, user, since),
        "choices": _choices(submission, mine),
        "since": since,
        "mine": mine,
        "impact": impact_of(submission, submission.revision.version, shared["validation"]),
    }
    return render(request, "certification/review_changes.html", context)


def _since(asked: str, mine: int) -> str:
    if asked == "live" or small_number(asked) is not None:
        return asked
    return str(mine) if mine else ""


def _choices(submission: Submission, mine: int) -> list[tuple[str, str]]:
    """What the revision can be compared with, newest first."""
    revision = submission.revision
    earlier = submission.revisions.filter(number__lt=revision.number if revision else 0)
    found = [
        (
            str(number),
            (_("Revision %(number)s (my last review)") if number == mine else _("Revision %(number)s"))
            % {"number": number},
        )
        for number in earlier.order_by("-number").values_list("number", flat=True)
    ]
    live = submission.connector.live_version
    if live is not None and revision is not None and live.pk != revision.version_id:
        found.append(("live", _("%(label)s, live now") % {"label": live.label}))
    return found


@require_safe
@login_required
def review_file_changes(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The line diff of one file, fetched when it is unfolded; ?view= "split" for two columns, or "lines"."""
    submission = reviewed_submission(request, pk)
    other = sources.compared_with(submission, _since(request.GET.get("since", ""), 0))
    if other is None or submission.revision is None:
        raise Http404
    old, new = workbench.package_of(other[0]), workbench.package_of(submission.revision.version)
    name = request.GET.get("file", "")
    found = sources.file_diff(old, new, name)
    if found is None:
        raise Http404
    # Scripts are read beside what they were; long documents line by line, unless somebody asks otherwise.
    usual = "split" if name.lower().endswith(".csx") else "lines"
    is_split = request.GET.get("view", usual) == "split"
    context = {
        "submission": submission, "file": name, "since": request.GET.get("since", ""), "diff": found,
        "split": sources.split_rows(found, name) if is_split else None,
    }  # fmt: skip
    return render(request, "certification/_review_file_changes.html", context)


@require_POST
@login_required
def review_mark(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Tick something as viewed, or take the tick back (`off`); for htmx the button as it is now."""
    submission = reviewed_submission(request, pk)
    key, digest = request.POST.get("key", ""), request.POST.get("digest", "")
    is_viewed = not request.POST.get("off")
    _tick(submission, key, digest, is_viewed, signed_in_user(request))
    if request.headers.get("HX-Request"):
        seen = queries.Seen(key, digest, is_viewed)
        context = {"submission": submission, "seen": seen, "is_check": key.startswith("check:")}
        return render(request, "certification/_review_viewed.html", context)
    page = "review_detail" if key.startswith("check:") else "review_changes"
    return redirect(reverse(page, args=[submission.pk]))


def _tick(submission: Submission, key: str, digest: str, is_viewed: bool, user: User) -> None:
    if is_viewed:
        review_marks.mark_viewed(submission, key=key, digest=digest, actor=user)
    else:
        review_marks.unmark_viewed(submission, key=key, actor=user)


urlpatterns = [
    path("submissions/<uuid:pk>/review/changes/", review_changes, name="review_changes"),
    path("submissions/<uuid:pk>/review/changes/file/", review_file_changes, name="review_file_changes"),
    path("submissions/<uuid:pk>/review/mark/", review_mark, name="review_mark"),
]
