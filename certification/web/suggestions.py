"""Suggestions: the form in a thread, and what the team does with them."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST

from certification import policies
from certification.models import Submission, Suggestion
from certification.queries.workbench import revised_package
from certification.reviewing.suggestions import node_text
from certification.services import suggestions as services
from certification.web.review_pages import page_context, reviewed_submission
from certification.web.threads import answer, card, columns, visible_thread
from portal.shared.errors import InvalidInput
from portal.shared.policy import require
from portal.shared.web import done, signed_in_user, uuid_or_none

_MOST_AT_ONCE = 50


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def thread_suggest(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The node's text to be written anew (GET), then the suggestion in its thread."""
    thread = visible_thread(request, pk)
    user = signed_in_user(request)
    require(policies.can_suggest_change, user, thread.submission)
    text, body, error = request.POST.get("suggestion", ""), request.POST.get("body", ""), ""
    if request.method == "POST":
        try:
            services.suggest(thread, text="" if request.POST.get("take_out") else text, body=body, actor=user)
        except InvalidInput as refused:
            error = refused.message
        else:
            return answer(request, thread, _("Suggested."), body)
    package = revised_package(thread.submission)
    context: dict[str, object] = {
        "thread": thread,
        "node_text": node_text(package, thread.file, thread.pointer),
        "text": text,
        "body": body,
        "error": error,
        "as_row": columns(request.GET.get("row", "")),
    }
    return _form(request, thread.submission, context, is_bad=bool(error))


def _form(
    request: HttpRequest, submission: Submission, context: dict[str, object], *, is_bad: bool
) -> HttpResponse:
    if request.headers.get("HX-Request"):
        status = 422 if is_bad else 200
        return render(request, "certification/_suggestion_form.html", context, status=status)
    context = page_context(request, submission, "threads") | context
    return render(request, "certification/suggestion_form.html", context, status=400 if is_bad else 200)


@require_POST
@login_required
def suggestion_accept(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Into the form's package; its thread is resolved."""
    found = _visible(request, pk)
    accepted = services.accept(found.thread.submission, [found], actor=signed_in_user(request))
    words = _("Accepted: package %(label)s is in the form now and is being checked.") % {
        "label": accepted.version.label
    }
    return answer(request, found.thread, words, "")


@require_POST
@login_required
def suggestions_accept(request: HttpRequest, pk: UUID) -> HttpResponse:
    """All that were ticked, in one new package."""
    submission = reviewed_submission(request, pk)
    ids = request.POST.getlist("suggestion")[:_MOST_AT_ONCE]
    chosen = Suggestion.objects.visible_to(request.user).filter(
        thread__submission=submission,
        thread__is_private=False,
        pk__in=list(filter(None, map(uuid_or_none, ids))),
    )
    found = list(chosen.select_related("thread__submission", "revision__version").order_by("created_at"))
    accepted = services.accept(submission, found, actor=signed_in_user(request))
    count = len(accepted.suggestions)
    return done(
        request,
        ngettext(
            "One suggestion is in package %(label)s, which is in the form now and is being checked.",
            "%(count)s suggestions are in package %(label)s, which is in the form now and is being checked.",
            count,
        )
        % {"count": count, "label": accepted.version.label},
        reverse("review_threads", args=[submission.pk]),
    )


@require_POST
@login_required
def suggestion_decline(request: HttpRequest, pk: UUID) -> HttpResponse:
    found, reason = _visible(request, pk), request.POST.get("reason", "")
    try:
        services.decline(found, reason=reason, actor=signed_in_user(request))
    except InvalidInput as error:
        return card(request, found.thread, error=error.message, status=422)
    return answer(request, found.thread, _("Declined: the reviewer reads why."), reason)


@require_POST
@login_required
def suggestion_withdraw(request: HttpRequest, pk: UUID) -> HttpResponse:
    found = _visible(request, pk)
    services.withdraw(found, actor=signed_in_user(request))
    return answer(request, found.thread, _("Taken back."), "")


def _visible(request: HttpRequest, pk: UUID) -> Suggestion:
    """With its thread as pages need it; 404 for whoever may not read that."""
    seen = Suggestion.objects.visible_to(request.user).select_related("revision__version")
    found = get_object_or_404(seen, pk=pk)
    found.thread = visible_thread(request, found.thread_id)
    return found


urlpatterns = [
    path("threads/<uuid:pk>/suggest/", thread_suggest, name="thread_suggest"),
    path("suggestions/<uuid:pk>/accept/", suggestion_accept, name="suggestion_accept"),
    path("suggestions/<uuid:pk>/decline/", suggestion_decline, name="suggestion_decline"),
    path("suggestions/<uuid:pk>/withdraw/", suggestion_withdraw, name="suggestion_withdraw"),
    path("submissions/<uuid:pk>/suggestions/accept/", suggestions_accept, name="suggestions_accept"),
]
