"""Canned replies: the list, one with its history, writing, retiring."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from certification.models import CannedReply
from certification.policies import can_manage_replies, can_see_queue
from certification.queries import replies as queries
from certification.reviewing.replies import VARIABLES
from certification.services import replies as services
from portal.shared.errors import InvalidInput
from portal.shared.policy import require
from portal.shared.undo import offered
from portal.shared.web import add_errors, done, signed_in_user
from portal.shared.words import lazy as _lazy


class ReplyForm(forms.Form):
    title = forms.CharField(
        max_length=services.LONGEST_TITLE, help_text=_lazy("What reviewers choose it by.")
    )
    body = forms.CharField(
        label=_lazy("Text"),
        max_length=services.LONGEST_BODY,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_lazy("Markdown. Variables in braces are filled in when a reviewer chooses it."),
    )
    rules = forms.CharField(
        required=False,
        label=_lazy("Goes with rules"),
        max_length=400,
        help_text=_lazy(
            "Ids, parted by spaces, such as INF-004: where one of them is broken it is offered first."
        ),
    )
    edit_count = forms.IntegerField(required=False, widget=forms.HiddenInput)


@require_safe
@login_required
def reply_list(request: HttpRequest) -> HttpResponse:
    user = signed_in_user(request)
    require(can_see_queue, user, None, otherwise=_("Canned replies are for staff."))
    context = {"rows": queries.reply_rows(), "can_manage": can_manage_replies(user)}
    return render(request, "certification/reply_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def reply_new(request: HttpRequest) -> HttpResponse:
    require(
        can_manage_replies, signed_in_user(request), None, otherwise=_("Reviewers keep the canned replies.")
    )
    return _edit(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def reply_edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    require(
        can_manage_replies, signed_in_user(request), None, otherwise=_("Reviewers keep the canned replies.")
    )
    return _edit(request, get_object_or_404(CannedReply, pk=pk))


def _edit(request: HttpRequest, reply: CannedReply | None) -> HttpResponse:
    stored = reply and {
        "title": reply.title,
        "body": reply.body,
        "rules": " ".join(reply.rules),
        "edit_count": reply.edit_count,
    }
    form = ReplyForm(request.POST if request.method == "POST" else None, initial=stored or {})
    if form.is_bound and form.is_valid():
        try:
            saved = _save(request, form, reply)
        except InvalidInput as error:
            add_errors(form, error)
        else:
            return done(request, _("“%(title)s” is saved.") % {"title": saved.title}, reverse("reply_list"))
    context = {
        "form": form,
        "reply": reply,
        "variables": VARIABLES,
        "history": queries.reply_history(reply)[:50] if reply else [],
    }
    return render(request, "certification/reply_form.html", context, status=400 if form.errors else 200)


def _save(request: HttpRequest, form: ReplyForm, reply: CannedReply | None) -> CannedReply:
    user, given = signed_in_user(request), form.cleaned_data
    rules = given["rules"].replace(",", " ").split()
    if reply is None:
        return services.create_reply(title=given["title"], body=given["body"], rules=rules, actor=user)
    return services.change_reply(
        reply,
        title=given["title"],
        body=given["body"],
        rules=rules,
        edit_count=given["edit_count"] or 0,
        actor=user,
    )


@require_POST
@login_required
def reply_switch(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Retire a reply, or take it into use again."""
    reply, user = get_object_or_404(CannedReply, pk=pk), signed_in_user(request)
    if reply.is_active:
        services.retire_reply(reply, actor=user)
        offer = offered("cannedreply.retire", str(reply.pk), actor=user)
        words = _("“%(title)s” is not offered any more.") % {"title": reply.title}
        return done(request, words, reverse("reply_list"), undo=offer)
    services.restore_reply(reply, actor=user)
    return done(request, _("“%(title)s” is offered again.") % {"title": reply.title}, reverse("reply_list"))


urlpatterns = [
    path("reviews/replies/", reply_list, name="reply_list"),
    path("reviews/replies/new/", reply_new, name="reply_new"),
    path("reviews/replies/<uuid:pk>/", reply_edit, name="reply_edit"),
    path("reviews/replies/<uuid:pk>/switch/", reply_switch, name="reply_switch"),
]
