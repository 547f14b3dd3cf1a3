"""Pages of submissions: list, creation, the submission's own page, handing in, withdrawing, history."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, re_path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from certification import policies
from certification.lifecycle import OPEN_STATES, PREPARING_STATES, Turn
from certification.models import Submission
from certification.queries import rollout_queue
from certification.queries import submissions as queries
from certification.queries import validation as verdicts
from certification.queries.ledger import HISTORY_PAGE
from certification.queries.readiness import readiness
from certification.queries.submit_by import next_for
from certification.services import submissions as services
from certification.web import drafts
from certification.web.submission_pages import (
    asked_submissions,
    blocker_rows,
    linked_steps,
    page_context,
    submission_url,
    visible_submission,
)
from connectors.models import Connector
from connectors.package_records import sign_in_names
from connectors.policies import makes_connectors
from connectors.queries.publishers import choices_for
from portal.accounts.models import User
from portal.shared import history
from portal.shared.errors import Blocked, Conflict, InvalidInput
from portal.shared.live import stamp_of, unchanged
from portal.shared.policy import require
from portal.shared.web import done, signed_in_user

_PAGE = 25
_PREVIEW_STATES = ("approved", "preview_deploying", "preview_failed", "preview_testing")
_ROLLOUT_STATES = ("signed_off", "scheduled", "rolling_out", "live")


@require_safe
@login_required
def submission_list(request: HttpRequest) -> HttpResponse:
    asked = asked_submissions(request)
    user = signed_in_user(request)
    page = Paginator(queries.submissions_for(user, asked), _PAGE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": queries.rows_with_dates(list(page)),
        "asked": asked,
        "groups": [(key, label) for key, (label, _) in queries.STATE_GROUPS.items()],
        "publishers": choices_for(user),
        "can_create": makes_connectors(user) and _own_connectors(user).exists(),
    }
    return render(request, "certification/submission_list.html", context)


def _own_connectors(user: User) -> QuerySet[Connector]:
    """The connectors this person can submit for."""
    found = Connector.objects.visible_to(user).filter(
        publisher__memberships__user=user, publisher__memberships__role__in=["owner", "developer"]
    )
    return found.exclude(state__in=["retired", "cancelled"]).select_related("publisher", "live_version")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def submission_create(request: HttpRequest) -> HttpResponse:
    """GET offers the connectors (or one: ?connector=<id>), POST starts the draft."""
    user = signed_in_user(request)
    own = _own_connectors(user)
    chosen = request.POST.get("connector") or request.GET.get("connector", "")
    error = ""
    if request.method == "POST":
        connector = get_object_or_404(own, pk=drafts.as_uuid(chosen))
        try:
            submission = services.create_submission(connector, kind=request.POST.get("kind", ""), actor=user)
        except (Conflict, InvalidInput) as refusal:
            error = refusal.message
        else:
            return done(
                request,
                _("%(reference)s is a draft now.") % {"reference": submission.reference},
                submission_url(submission, "submission_edit"),
            )
    context = {
        "choices": queries.submission_choices(own.order_by("name")),
        "chosen": chosen,
        "kinds": Submission.Kind.choices,
        "error": error,
    }
    return render(request, "certification/submission_create.html", context, status=409 if error else 200)


@require_safe
@login_required
def submission_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    context = _now(request, visible_submission(request, pk))
    context |= {
        "recent": history.entries(queries.history_for(request.user, context["submission"])[:6]),
        "show_preview": _was_in(context["progress"], _PREVIEW_STATES),
        "show_rollout": bool(context["progress"].expected) or _was_in(context["progress"], _ROLLOUT_STATES),
    }
    return render(request, "certification/submission_detail.html", context)


@require_safe
@login_required
def submission_live(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What moves on a submission's page: state, strip, turn, verdict. Nothing while nothing has changed."""
    submission = visible_submission(request, pk)
    same = unchanged(request, stamp_of(submission))
    if same:
        return same
    response = render(
        request, "certification/_submission_live.html", _now(request, submission) | {"oob": True}
    )
    response["HX-Trigger"] = "submission-changed"
    return response


def _now(request: HttpRequest, submission: Submission) -> dict[str, Any]:
    """The context of a submission's own page without its latest history."""
    # The stamp first: what changes while the rest is read is then told the next time.
    stamp = stamp_of(submission)
    context = page_context(request, submission, "overview")
    version = verdicts.shown_version(submission)
    validation = verdicts.known_validation(submission, version) if version else None
    return context | {
        "stamp": stamp,
        "steps": linked_steps(submission, context["progress"].steps, context["urls"]),
        "is_open": submission.state in OPEN_STATES,
        "is_moving": submission.turn == Turn.MACHINE,
        "version": version,
        "validation": validation,
        "rule_counts": verdicts.counts_by_rule(validation)[:6] if validation else [],
        "reason": queries.last_reason(submission),
        "blockers": blocker_rows(submission, readiness(submission, by=signed_in_user(request)))
        if context["can_submit"]
        else [],
    }


def _was_in(progress: queries.Progress, states: tuple[str, ...]) -> bool:
    return any(stay.state in states for stay in progress.stays)


@require_safe
@login_required
def submission_package(request: HttpRequest, pk: UUID) -> HttpResponse:
    submission = visible_submission(request, pk)
    version = verdicts.shown_version(submission)
    context = page_context(request, submission, "package") | {
        "version": version,
        "authentication": sign_in_names(version.facts.get("authentication", ())) if version else [],
        "tree": queries.tree_nodes(version.tree) if version else [],
        "revisions": queries.revisions_of(submission),
    }
    return render(request, "certification/submission_package.html", context)


@require_safe
@login_required
def submission_history(request: HttpRequest, pk: UUID) -> HttpResponse:
    submission = visible_submission(request, pk)
    records = queries.history_for(request.user, submission)
    page = Paginator(records, HISTORY_PAGE).get_page(request.GET.get("page"))
    context = page_context(request, submission, "history") | {"page": page, "entries": history.entries(page)}
    return render(request, "certification/submission_history.html", context)


@require_safe
@login_required
def submission_ready(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Everything that blocks, and the button when nothing does."""
    submission = visible_submission(request, pk)
    return _ready_page(request, submission)


def _ready_page(request: HttpRequest, submission: Submission, status: int = 200) -> HttpResponse:
    version = submission.version
    context = page_context(request, submission, "edit") | {
        "blockers": blocker_rows(submission, readiness(submission, by=signed_in_user(request))),
        "validation": verdicts.known_validation(submission, version) if version else None,
        "is_checking": verdicts.is_being_checked(submission),
        "submit_by": next_for(submission),
    }
    return render(request, "certification/submission_ready.html", context, status=status)


@require_POST
@login_required
def submission_submit(request: HttpRequest, pk: UUID) -> HttpResponse:
    submission = visible_submission(request, pk)
    try:
        revision = services.submit(submission, actor=signed_in_user(request))
    except Blocked:
        return _ready_page(request, visible_submission(request, pk), status=409)
    message = _("%(reference)s is handed in as revision %(number)s. A worker validates it now.") % {
        "reference": submission.reference,
        "number": revision.number,
    }
    return done(request, message, submission_url(submission))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def submission_withdraw(request: HttpRequest, pk: UUID) -> HttpResponse:
    submission = visible_submission(request, pk)
    require(policies.can_withdraw_submission, signed_in_user(request), submission)
    error, reason = "", request.POST.get("reason", "")
    if request.method == "POST":
        try:
            services.withdraw(submission, reason=reason, actor=signed_in_user(request))
        except InvalidInput as refusal:
            error = refusal.message
        else:
            return done(
                request,
                _("%(reference)s is withdrawn.") % {"reference": submission.reference},
                submission_url(submission),
            )
    context = page_context(request, submission, "overview") | {"error": error, "reason": reason}
    return render(request, "certification/submission_withdraw.html", context, status=400 if error else 200)


@require_POST
@login_required
def submission_start_again(request: HttpRequest, pk: UUID) -> HttpResponse:
    again = services.start_again(visible_submission(request, pk), actor=signed_in_user(request))
    message = _("%(reference)s is a draft with everything you had before.") % {"reference": again.reference}
    return done(request, message, submission_url(again, "submission_edit"))


@require_safe
@login_required
def connector_submissions(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A connector's submissions as a fragment, for the connector's own page."""
    connector = get_object_or_404(Connector.objects.visible_to(request.user), pk=pk)
    found = Submission.objects.visible_to(request.user).filter(connector=connector).with_page_data()
    rows = list(found.order_by("-created_at")[:20])
    context = {
        "connector": connector,
        "line": rollout_queue.line_of(connector.pk),
        "rows": queries.rows_with_dates(rows),
        "can_create": policies.can_create_submission(request.user, connector)
        and not any(row.state in PREPARING_STATES for row in rows),
    }
    return render(request, "certification/_connector_submissions.html", context)


@require_safe
@login_required
def submission_by_reference(request: HttpRequest, reference: str) -> HttpResponse:
    """The address people type: /S-1042 leads to the submission."""
    found = get_object_or_404(Submission.objects.visible_to(request.user), reference=reference.upper())
    return redirect(submission_url(found))


urlpatterns = [
    path("submissions/", submission_list, name="submission_list"),
    path("submissions/new/", submission_create, name="submission_create"),
    path("submissions/<uuid:pk>/", submission_detail, name="submission_detail"),
    path("submissions/<uuid:pk>/live/", submission_live, name="submission_live"),
    path("submissions/<uuid:pk>/package/", submission_package, name="submission_package"),
    path("submissions/<uuid:pk>/history/", submission_history, name="submission_history"),
    path("submissions/<uuid:pk>/ready/", submission_ready, name="submission_ready"),
    path("submissions/<uuid:pk>/submit/", submission_submit, name="submission_submit"),
    path("submissions/<uuid:pk>/withdraw/", submission_withdraw, name="submission_withdraw"),
    path("submissions/<uuid:pk>/start-again/", submission_start_again, name="submission_start_again"),
    re_path(
        r"^submissions/(?P<reference>[Ss]-\d+)/$", submission_by_reference, name="submission_by_reference"
    ),
    path("connectors/<uuid:pk>/submissions/", connector_submissions, name="connector_submissions"),
    *drafts.urlpatterns,
]
