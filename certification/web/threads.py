"""Threads: the conversation of a submission, and the small forms to open, answer, resolve and reopen."""

from __future__ import annotations

import json
from uuid import UUID

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from certification import policies
from certification.models import Submission, Thread
from certification.queries import threads as queries
from certification.queries.replies import active_replies, offers, reply_text
from certification.queries.review_mirrors import public_place
from certification.queries.workbench import revised_package
from certification.reviewing.anchors import Anchor, PlaceNotFound, anchor_at, describe
from certification.reviewing.suggestions import LONGEST_NODE, node_text
from certification.services import suggestions, threads
from certification.services.threads import LONGEST_COMMENT, Place
from certification.web.review_pages import page_context, reviewed_submission
from portal.accounts.models import User
from portal.shared.errors import InvalidInput
from portal.shared.numbers import small_number
from portal.shared.policy import require
from portal.shared.secret_scan import mask_secrets
from portal.shared.undo import offered
from portal.shared.web import add_errors, done, signed_in_user, uuid_or_none
from portal.shared.words import lazy as _lazy

_MASKED = _lazy("What looked like a secret was taken out of your comment. If it was real, replace it now.")


class ThreadForm(forms.Form):
    """A message and the place it is about; `private` makes it a note of reviewers."""

    body = forms.CharField(
        required=False,
        max_length=LONGEST_COMMENT,
        label=_lazy("Comment"),
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    suggestion = forms.CharField(required=False, strip=False, max_length=2 * LONGEST_NODE)
    take_out = forms.BooleanField(required=False)
    file = forms.CharField(required=False, max_length=260, widget=forms.HiddenInput)
    pointer = forms.CharField(required=False, max_length=4_000, widget=forms.HiddenInput)
    line = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)
    private = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def place(self) -> Place:
        given = self.cleaned_data
        return Place(given["file"], given["pointer"], given["line"])

    def suggested(self, current: str | None) -> str | None:
        """The node's text as it should be, "" to take it out; None where it was left as it is."""
        if current is None or self.cleaned_data["take_out"]:
            return None if current is None else ""
        text = self.cleaned_data["suggestion"].replace("\r\n", "\n").strip()
        return text if text and text != current.strip() else None


@require_safe
@login_required
def review_threads(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The whole conversation; for htmx the card that the submission's page shows."""
    submission = reviewed_submission(request, pk)
    if request.headers.get("HX-Request"):
        user = signed_in_user(request)
        context = {
            "submission": submission,
            "talk": queries.conversation(user, submission),
            "can_comment": policies.can_comment_submission(user, submission),
            "can_note": policies.can_see_private_notes(user, submission),
            "public_place": public_place(submission),
        }
        part = "conversation" if request.headers.get("HX-Target") == "conversation" else "panel"
        return render(request, f"certification/_thread_{part}.html", context)
    return render(request, "certification/thread_list.html", page_context(request, submission, "threads"))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def thread_new(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A form for a place (GET: file, pointer, line, private), then the thread itself."""
    submission = reviewed_submission(request, pk)
    user = signed_in_user(request)
    sent = request.POST if request.method == "POST" else None
    is_private = bool((sent or request.GET).get("private"))
    can = policies.can_comment_privately if is_private else policies.can_comment_submission
    require(can, user, submission)
    given = (sent or request.GET).dict()
    anchor = _anchor(submission, given)
    form = ThreadForm(sent, initial=given, auto_id=False)
    if sent is not None and form.is_valid():
        try:
            thread = _open(submission, form, anchor, user, is_private=is_private)
        except InvalidInput as error:
            add_errors(form, error)
        else:
            words = _("Noted for reviewers only.") if is_private else _("Posted.")
            return answer(request, thread, words, form.cleaned_data["body"])
    return _form_page(request, submission, form, anchor, is_private=is_private)


def _open(
    submission: Submission, form: ThreadForm, anchor: Anchor, user: User, *, is_private: bool
) -> Thread:
    body, place = form.cleaned_data["body"], form.place()
    text = None if is_private else form.suggested(_node_text(submission, anchor))
    if text is None:
        return threads.open_thread(submission, body=body, place=place, is_private=is_private, actor=user)
    return suggestions.open_with_suggestion(submission, place=place, text=text, body=body, actor=user).thread


def _form_page(
    request: HttpRequest, submission: Submission, form: ThreadForm, anchor: Anchor, *, is_private: bool
) -> HttpResponse:
    user = signed_in_user(request)
    given = (request.POST if form.is_bound else request.GET).dict()
    is_fragment = bool(request.headers.get("HX-Request"))
    may_suggest = not is_private and policies.can_suggest_change(user, submission)
    context = {
        "form": form,
        "is_private": is_private,
        "place": _in_words(anchor),
        "query": {name: given.get(name, "") for name in ("file", "pointer", "line", "row")},
        "as_row": columns(given.get("row", "")),
        "public_place": public_place(submission),
        "submission": submission,
        "can_note": policies.can_comment_privately(user, submission),
        "replies": offers(submission, anchor) if may_suggest else [],
        "node_text": _node_text(submission, anchor) if may_suggest else None,
        "body": given.get("body", "") if form.is_bound else _first_words(submission, anchor, user, given),
    }
    if not is_fragment:
        context = page_context(request, submission, "threads") | context
    template = "_thread_form.html" if is_fragment else "thread_new.html"
    # 422 is what htmx swaps in; a page is a plain 400.
    status = (422 if is_fragment else 400) if form.is_bound else 200
    return render(request, f"certification/{template}", context, status=status)


def _first_words(submission: Submission, anchor: Anchor, user: User, given: dict[str, str]) -> str:
    """What was typed before, and the canned reply that was chosen."""
    typed, chosen = given.get("body", "")[:LONGEST_COMMENT].strip(), given.get("reply", "")
    known = uuid_or_none(chosen)
    reply = active_replies().filter(pk=known).first() if known else None
    words = reply_text(reply, submission, anchor, user) if reply and user.is_reviewer else ""
    return "\n\n".join(filter(None, (typed, words)))


def _node_text(submission: Submission, anchor: Anchor) -> str | None:
    if not anchor.pointer:
        return None
    return node_text(revised_package(submission), anchor.file, anchor.pointer)


def columns(value: str) -> int:
    """How many columns the table has in which the fragment is a row; 0 outside of tables."""
    return int(value) if value in {"2", "3", "4", "5", "6"} else 0


def _anchor(submission: Submission, given: dict[str, str]) -> Anchor:
    """Where the comment will stand; for a line of JSON the node that it belongs to."""
    file, line = given.get("file", ""), given.get("line", "")
    try:
        return anchor_at(revised_package(submission), file, given.get("pointer", ""), small_number(line))
    except PlaceNotFound:
        return Anchor(file=file)


def _in_words(anchor: Anchor) -> str:
    if anchor.pointer:
        return describe(anchor.pointer)
    return (
        _("%(file)s, line %(line)s") % {"file": anchor.file, "line": anchor.line}
        if anchor.line
        else anchor.file
    )


def visible_thread(request: HttpRequest, pk: UUID) -> Thread:
    """The thread as pages need it; 404 for whoever may not read it."""
    found = Thread.objects.visible_to(request.user).select_related(
        "submission__connector__publisher",
        "submission__revision__version",
        "revision",
        "anchored_in",
        "author",
        "mirror",
    )
    return get_object_or_404(found, pk=pk)


@require_safe
@login_required
def thread_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The thread's permanent address leads to its place in the conversation."""
    return HttpResponseRedirect(_address(visible_thread(request, pk)))


@require_POST
@login_required
def thread_reply(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _answered(request, visible_thread(request, pk), "")


@require_POST
@login_required
def thread_resolve(request: HttpRequest, pk: UUID) -> HttpResponse:
    """With a text: answer first, then resolve."""
    return _answered(request, visible_thread(request, pk), "resolve")


@require_POST
@login_required
def thread_reopen(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _answered(request, visible_thread(request, pk), "reopen")


def _answered(request: HttpRequest, thread: Thread, event: str) -> HttpResponse:
    user, body = signed_in_user(request), request.POST.get("body", "").strip()
    try:
        if event == "resolve":
            threads.resolve(thread, body=body, actor=user)
        elif event == "reopen":
            threads.reopen(thread, body=body, actor=user)
        else:
            threads.reply(thread, body=body, actor=user)
    except InvalidInput as error:
        return card(request, thread, error=error.message, typed=body, status=422)
    words = {"": _("Answered."), "resolve": _("Resolved."), "reopen": _("Open again.")}[event]
    undo = offered("thread.resolve", str(thread.pk), actor=user) if event == "resolve" else ""
    return answer(request, thread, words, body, undo=undo)


def answer(request: HttpRequest, thread: Thread, words: str, body: str, *, undo: str = "") -> HttpResponse:
    """The thread as it is now: in its place for htmx, else on the conversation's page."""
    masked = bool(mask_secrets(body).count)
    if not request.headers.get("HX-Request"):
        if masked:
            messages.warning(request, _MASKED)
        return done(request, words, _address(thread), undo=undo)
    toast = {"text": _MASKED, "tone": "warning"} if masked else {"text": words}
    response = card(request, visible_thread(request, thread.pk))
    response["HX-Trigger-After-Swap"] = json.dumps({"threads-changed": True, "toast": toast})
    return response


def card(
    request: HttpRequest, thread: Thread, *, error: str = "", typed: str = "", status: int = 200
) -> HttpResponse:
    view = queries.thread_views(signed_in_user(request), thread.submission, [thread])[0]
    as_row = columns(request.POST.get("row", ""))
    context = {"thread": view, "error": error, "typed": typed, "as_row": as_row, "unfold": True}
    if status == 200 or request.headers.get("HX-Request"):
        return render(request, "certification/_thread_card.html", context, status=status)
    context |= page_context(request, thread.submission, "threads")
    return render(request, "certification/thread_answer.html", context, status=400)


def _address(thread: Thread) -> str:
    return f"{reverse('review_threads', args=[thread.submission_id])}#thread-{thread.pk}"


urlpatterns = [
    path("submissions/<uuid:pk>/threads/", review_threads, name="review_threads"),
    path("submissions/<uuid:pk>/threads/new/", thread_new, name="thread_new"),
    path("threads/<uuid:pk>/", thread_detail, name="thread_detail"),
    path("threads/<uuid:pk>/reply/", thread_reply, name="thread_reply"),
    path("threads/<uuid:pk>/resolve/", thread_resolve, name="thread_resolve"),
    path("threads/<uuid:pk>/reopen/", thread_reopen, name="thread_reopen"),
]
