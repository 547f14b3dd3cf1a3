"""The review queue and the workbench: definition, source, changes, claim and decision."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.views.decorators.http import require_POST, require_safe

from certification import policies
from certification.models import Submission
from certification.queries import review_source as sources
from certification.queries import reviews as queries
from certification.queries import workbench
from certification.queries.threads import conversation
from certification.services import decisions, reviews
from certification.web.review_pages import (
    DecisionForm,
    HandOverForm,
    page_context,
    panel_context,
    reviewed_submission,
)
from portal.shared.errors import Blocked, InvalidInput
from portal.shared.policy import require
from portal.shared.web import add_errors, done, signed_in_user

_VIEWS = ("", "mine", "unclaimed", "overdue")
_OPERATIONS_PER_CHUNK = 100
_WORDS = {
    "approve": "Approved: the package goes to the Preview region.",
    "request_changes": "Changes requested: the team is told.",
    "reject": "Rejected: the team is told why.",
}
_SHOWS: dict[str, Callable[[workbench.OperationRow], bool]] = {
    "": lambda row: True,
    "findings": lambda row: bool(row.errors or row.warnings),
    "threads": lambda row: bool(row.threads),
    "changed": lambda row: bool(row.change),
}
_SHOW_LABELS = (
    ("", "All"),
    ("findings", "With findings"),
    ("threads", "With threads"),
    ("changed", "Changed"),
)


def _number(value: str | None, default: int = 0) -> int:
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 9 else default


@require_safe
@login_required
def review_queue(request: HttpRequest) -> HttpResponse:
    user = signed_in_user(request)
    require(policies.can_see_queue, user, None, otherwise="The review queue is for staff.")
    asked = queries.QueueFilter(
        view=request.GET.get("view", "") if request.GET.get("view", "") in _VIEWS else "",
        kind=request.GET.get("kind", "") if request.GET.get("kind", "") in Submission.Kind.values else "",
        sort="deadline" if request.GET.get("sort") == "deadline" else "",
    )
    context = {
        "asked": asked,
        "queue": queries.review_queue(user, asked, page=_number(request.GET.get("page"), 1)),
        "waivers": queries.waivers_to_decide(user)[:50] if user.is_reviewer else [],
        "kinds": Submission.Kind.choices,
        "can_claim": user.is_reviewer,
    }
    return render(request, "certification/review_queue.html", context)


@require_safe
@login_required
def review_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The connector's facts and its operations by the hundred; `chunk` ("up", "down"): the rows alone."""
    submission = reviewed_submission(request, pk)
    talk = conversation(signed_in_user(request), submission)
    validation = workbench.verdict_on(submission)
    changed = sources.comparison(submission)
    definition = workbench.definition_of(submission, talk, validation, changed)
    pointer, show = request.GET.get("at", ""), request.GET.get("show", "")
    rows = [row for row in definition.rows if _SHOWS.get(show, _SHOWS[""])(row)]
    at = next((number for number, row in enumerate(rows) if row.pointer == pointer), 0)
    start = _number(request.GET.get("start"), at) // _OPERATIONS_PER_CHUNK * _OPERATIONS_PER_CHUNK
    end = start + _OPERATIONS_PER_CHUNK
    context = {
        "submission": submission,
        "definition": definition,
        "rows": rows[start:end],
        "left": len(rows) - end,
        "following": end,
        "earlier": start - _OPERATIONS_PER_CHUNK if start else None,
        "show": show if show in _SHOWS else "",
        "opened": _operation(request, submission, pointer),
        "part": request.GET.get("chunk", ""),
    }
    if request.GET.get("chunk"):
        return render(request, "certification/_review_operation_rows.html", context)
    context |= page_context(request, submission, "definition", talk) | {
        "shows": _choices(definition),
        "facts": workbench.facts_of(submission, talk, validation),
        "changed": changed,
    }
    return render(request, "certification/review_detail.html", context)


def _choices(definition: workbench.Definition) -> list[dict[str, object]]:
    """The filters of the operation list with what each would show."""
    return [
        {"key": key, "label": label, "count": sum(map(_SHOWS[key], definition.rows))}
        for key, label in _SHOW_LABELS
    ]


def _operation(request: HttpRequest, submission: Submission, pointer: str) -> workbench.OperationPage | None:
    if not pointer or submission.revision is None:
        return None
    talk = conversation(signed_in_user(request), submission)
    package = workbench.package_of(submission.revision.version)
    return workbench.operation_page(package, pointer, talk, workbench.verdict_on(submission))


@require_safe
@login_required
def review_operation(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The inside of one operation, fetched when it is unfolded."""
    submission = reviewed_submission(request, pk)
    opened = _operation(request, submission, request.GET.get("at", ""))
    if opened is None:
        raise Http404
    context = {
        "submission": submission,
        "opened": opened,
        "can_comment": policies.can_comment_submission(request.user, submission),
    }
    return render(request, "certification/_review_operation.html", context)


@require_safe
@login_required
def review_source(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A file with findings and threads in its margin, a stretch at a time; `chunk` asks for the rows
    alone."""
    submission = reviewed_submission(request, pk)
    assert submission.revision is not None
    package = workbench.package_of(submission.revision.version)
    files = sources.text_files(package)
    name = request.GET.get("file", "") or (files[0].name if files else "")
    source = next((file for file in files if file.name == name), None)
    if source is None and (name or request.GET.get("chunk")):
        raise Http404
    talk = conversation(signed_in_user(request), submission)
    validation = workbench.verdict_on(submission)
    line = _number(request.GET.get("line"), 1)
    chunk = source and sources.source_chunk(source, line=line, conversation=talk, validation=validation)
    rows = {
        "submission": submission,
        "chunk": chunk,
        "can_comment": policies.can_comment_submission(request.user, submission),
        "part": request.GET.get("chunk", ""),
    }
    if rows["part"]:
        return render(request, "certification/_review_source_rows.html", rows)
    context = page_context(request, submission, "source", talk) | rows | {"files": files, "file": name}
    return render(request, "certification/review_source.html", context)


@require_safe
@login_required
def review_changes(request: HttpRequest, pk: UUID) -> HttpResponse:
    submission = reviewed_submission(request, pk)
    number = _number(request.GET.get("since"))
    earlier = submission.revisions.filter(number__lt=submission.revision.number if submission.revision else 0)
    context = page_context(request, submission, "changes") | {
        "comparison": sources.comparison(submission, number),
        "earlier": earlier.order_by("-number"),
        "since": number,
    }
    return render(request, "certification/review_changes.html", context)


@require_safe
@login_required
def review_file_changes(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The line diff of one file, fetched when it is unfolded."""
    submission = reviewed_submission(request, pk)
    other = sources.compared_with(submission, _number(request.GET.get("since")))
    if other is None or submission.revision is None:
        raise Http404
    old, new = workbench.package_of(other[0]), workbench.package_of(submission.revision.version)
    found = sources.file_diff(old, new, request.GET.get("file", ""))
    if found is None:
        raise Http404
    return render(request, "certification/_review_file_changes.html", {"diff": found})


@require_safe
@login_required
def review_panel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Claim, decision and checklist again, after a thread was resolved."""
    submission = reviewed_submission(request, pk)
    user = signed_in_user(request)
    talk = conversation(user, submission)
    context = {
        "submission": submission,
        "revision": submission.revision,
        "talk": talk,
        "can_note": policies.can_see_private_notes(user, submission),
    }
    return render(
        request, "certification/_review_panel.html", {**context, **panel_context(user, submission, talk)}
    )


@require_POST
@login_required
def review_claim(request: HttpRequest, pk: UUID) -> HttpResponse:
    submission = reviewed_submission(request, pk)
    reviews.claim(submission, actor=signed_in_user(request))
    return done(request, "You hold this review for four hours.", _address(submission))


@require_POST
@login_required
def review_extend(request: HttpRequest, pk: UUID) -> HttpResponse:
    submission = reviewed_submission(request, pk)
    reviews.extend(submission, actor=signed_in_user(request))
    return done(request, "You hold this review for another four hours.", _address(submission))


@require_POST
@login_required
def review_release(request: HttpRequest, pk: UUID) -> HttpResponse:
    submission = reviewed_submission(request, pk)
    reviews.release(submission, actor=signed_in_user(request))
    return done(request, "The review is free again. It kept its place.", reverse("review_queue"))


@require_POST
@login_required
def review_hand_over(request: HttpRequest, pk: UUID) -> HttpResponse:
    submission = reviewed_submission(request, pk)
    user = signed_in_user(request)
    require(policies.can_claim_review, user, submission)
    form = HandOverForm(request.POST, submission=submission, user=user)
    if form.is_valid():
        try:
            reviews.hand_over(submission, **form.cleaned_data, actor=user)
        except InvalidInput as error:
            add_errors(form, error)
        else:
            return done(request, f"Handed over to {form.cleaned_data['to'].name}.", reverse("review_queue"))
    context = page_context(request, submission, "") | {"hand_over_form": form}
    return render(request, "certification/review_hand_over.html", context, status=400)


@require_POST
@login_required
def review_decide(request: HttpRequest, pk: UUID) -> HttpResponse:
    submission = reviewed_submission(request, pk)
    user = signed_in_user(request)
    require(policies.can_decide_submission, user, submission)
    form = DecisionForm(request.POST)
    if form.is_valid():
        try:
            decisions.decide(submission, **form.cleaned_data, actor=user)
        except (InvalidInput, Blocked) as error:
            if isinstance(error, InvalidInput):
                add_errors(form, error)
            else:
                for blocker in error.blockers:
                    form.add_error(None, blocker)
        else:
            return done(request, _WORDS[form.cleaned_data["verdict"]], reverse("review_queue"))
    context = page_context(request, submission, "") | {"decision_form": form}
    return render(request, "certification/decision_form.html", context, status=400)


@require_POST
@login_required
def review_looking(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A sign of life from an open page; answers with who else is there."""
    submission = reviewed_submission(request, pk)
    user = signed_in_user(request)
    require(policies.can_see_private_notes, user, submission)
    reviews.note_visit(submission, actor=user)
    context = {"lookers": queries.lookers(submission, user)}
    return render(request, "certification/_review_lookers.html", context)


def _address(submission: Submission) -> str:
    return reverse("review_detail", args=[submission.pk])


urlpatterns = [
    path("reviews/", review_queue, name="review_queue"),
    path("submissions/<uuid:pk>/review/", review_detail, name="review_detail"),
    path("submissions/<uuid:pk>/review/operation/", review_operation, name="review_operation"),
    path("submissions/<uuid:pk>/review/source/", review_source, name="review_source"),
    path("submissions/<uuid:pk>/review/changes/", review_changes, name="review_changes"),
    path("submissions/<uuid:pk>/review/changes/file/", review_file_changes, name="review_file_changes"),
    path("submissions/<uuid:pk>/review/panel/", review_panel, name="review_panel"),
    path("submissions/<uuid:pk>/review/claim/", review_claim, name="review_claim"),
    path("submissions/<uuid:pk>/review/extend/", review_extend, name="review_extend"),
    path("submissions/<uuid:pk>/review/release/", review_release, name="review_release"),
    path("submissions/<uuid:pk>/review/hand-over/", review_hand_over, name="review_hand_over"),
    path("submissions/<uuid:pk>/review/decide/", review_decide, name="review_decide"),
    path("submissions/<uuid:pk>/review/looking/", review_looking, name="review_looking"),
]
