"""Take back what was just done, from the message that told of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from certification.models import CannedReply, Thread
from certification.services import notifications, replies, threads
from portal.accounts.models import User
from portal.shared.undo import taken
from portal.shared.web import done, signed_in_user


def _reopen(about: str, actor: User) -> None:
    thread = get_object_or_404(
        Thread.objects.visible_to(actor).select_related("submission__connector__publisher"), pk=about
    )
    threads.reopen(thread, actor=actor)


def _offer_again(about: str, actor: User) -> None:
    replies.restore_reply(get_object_or_404(CannedReply, pk=about), actor=actor)


def _unread(about: str, actor: User) -> None:
    notifications.mark_unread(at=datetime.fromisoformat(about), actor=actor)


DEEDS: dict[str, Callable[[str, User], None]] = {
    "thread.resolve": _reopen,
    "cannedreply.retire": _offer_again,
    "notification.read_all": _unread,
}
"""Deed -> what undoes it. Rights and states are asked by the services, as for any other deed."""


@require_POST
@login_required
def undo(request: HttpRequest) -> HttpResponse:
    user = signed_in_user(request)
    deed, about = taken(request.POST.get("offer", ""), actor=user)
    DEEDS[deed](about, user)
    return done(request, _("Taken back."), reverse("home"))


urlpatterns = [path("undo/", undo, name="undo")]
