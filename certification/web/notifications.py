"""Pages of messages: the inbox, one message, those of a submission, and what a person wants to be told."""

from __future__ import annotations

from django import forms
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from certification.messages import Group
from certification.models import Notification, Submission
from certification.queries import notifications as queries
from certification.services import notifications as services
from portal.accounts.models import NotificationPreference
from portal.accounts.services import set_preference
from portal.shared.undo import offered
from portal.shared.web import done, signed_in_user
from portal.shared.words import lazy as _lazy

PAGE_SIZE = 50
_HELP = {
    Group.TEAM: _lazy("Names reserved, contacts, members and roles, claims and transfers, webhooks."),
    Group.SUBMISSIONS: _lazy("Received, validated, withdrawn; commits that were not handed in."),
    Group.REVIEW: _lazy("Decisions, threads, waivers, looks at credentials."),
    Group.PREVIEW: _lazy("Ready to test, reminders, sign-off."),
    Group.ROLLOUT: _lazy("Planned dates and every change of them, holds, stops, rollbacks."),
    Group.REGIONS: _lazy("One message for each region. Once a day is enough for most."),
    Group.HEALTH: _lazy("Objectives missed, silence, unusual hours, requests for general availability."),
    Group.OPERATIONS: _lazy("For operators: failures, missing results, disagreements, second opinions."),
}


class PreferencesForm(forms.Form):
    """One choice per group; a group nobody chose for is mailed at once."""

    def __init__(self, *args: object, is_operator: bool, chosen: dict[str, str], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        for group in Group:
            if group == Group.OPERATIONS and not is_operator:
                continue
            self.fields[group.value] = forms.ChoiceField(
                label=group.label,
                choices=NotificationPreference.Delivery.choices,
                initial=chosen.get(group.value, NotificationPreference.Delivery.IMMEDIATE),
                help_text=_HELP[group],
            )


@require_safe
@login_required
def notification_list(request: HttpRequest) -> HttpResponse:
    user = signed_in_user(request)
    found = queries.inbox(user)
    unread = found.filter(read_at=None).count()
    if request.GET.get("show") == "unread":
        found = found.filter(read_at=None)
    page = Paginator(found, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"page": page, "unread": unread, "only_unread": request.GET.get("show") == "unread"}
    return render(request, "certification/notification_list.html", context)


@require_safe
@login_required
def notification_detail(request: HttpRequest, pk: str) -> HttpResponse:
    """Opening a message marks it read: the one exception to reading changing nothing, as in every inbox."""
    user = signed_in_user(request)
    message = get_object_or_404(queries.readable_by(user), pk=pk)
    services.mark_read(message, actor=user)
    can_send_again = message.state == Notification.State.FAILED and (
        user.is_operator or message.recipient_id == user.pk
    )
    context = {"message": message, "can_send_again": can_send_again}
    return render(request, "certification/notification_detail.html", context)


@require_POST
@login_required
def notification_mark_all_read(request: HttpRequest) -> HttpResponse:
    user, now = signed_in_user(request), timezone.now()
    services.mark_all_read(at=now, actor=user)
    offer = offered("notification.read_all", now.isoformat(), actor=user)
    return done(request, _("All messages are marked as read."), reverse("notification_list"), undo=offer)


@require_POST
@login_required
def notification_send_again(request: HttpRequest, pk: str) -> HttpResponse:
    user = signed_in_user(request)
    message = get_object_or_404(queries.readable_by(user), pk=pk)
    services.send_again(message, actor=user)
    return done(request, _("The message is on its way again."), reverse("notification_detail", args=[pk]))


@require_safe
@login_required
def submission_mails(request: HttpRequest, pk: str) -> HttpResponse:
    """Every mail about a submission with its delivery: a fragment of its page, and a page of its own."""
    submission = get_object_or_404(
        Submission.objects.visible_to(request.user).select_related("connector__publisher").distinct(), pk=pk
    )
    found = queries.about_submission(submission, request.user)
    context = {"submission": submission, "notifications": found[:200]}
    is_fragment = bool(request.headers.get("HX-Request"))
    template = "_submission_mails.html" if is_fragment else "submission_mails.html"
    return render(request, f"certification/{template}", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def notification_preferences(request: HttpRequest) -> HttpResponse:
    user = signed_in_user(request)
    chosen = dict(user.notification_preferences.values_list("group", "delivery"))
    form = PreferencesForm(request.POST or None, is_operator=user.is_operator, chosen=chosen)
    if request.method == "POST" and form.is_valid():
        for group, delivery in form.cleaned_data.items():
            set_preference(group=group, delivery=delivery, actor=user)
        return done(request, _("Saved."), reverse("notification_preferences"))
    return render(request, "certification/notification_preferences.html", {"form": form})


urlpatterns = [
    path("messages/", notification_list, name="notification_list"),
    path("messages/read/", notification_mark_all_read, name="notification_mark_all_read"),
    path("messages/preferences/", notification_preferences, name="notification_preferences"),
    path("messages/<uuid:pk>/", notification_detail, name="notification_detail"),
    path("messages/<uuid:pk>/send-again/", notification_send_again, name="notification_send_again"),
    path("submissions/<uuid:pk>/mails/", submission_mails, name="submission_mails"),
]
