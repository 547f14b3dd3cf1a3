"""Administrators' view of the keys that stored secrets are under: how far a rotation is, and its start."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from portal.accounts.models import User
from portal.shared import audit, outbox, rotation
from portal.shared.errors import Conflict
from portal.shared.models import OutboxJob
from portal.shared.secrets import keyring
from portal.shared.web import done, signed_in_user

TOPIC = "secrets.rotate"


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def key_rotation(request: HttpRequest) -> HttpResponse:
    user = signed_in_user(request)
    if not user.is_administrator:
        raise Http404
    if request.method == "POST":
        start(actor=user)
        return done(request, _("The secrets move to the newest key."), reverse("key_rotation"))
    found = rotation.progress()
    unknown = {name for each in found for name in each.left} - set(keyring())
    context = {
        "newest": next(iter(keyring())),
        "places": found,
        "left": sum(each.left.total() for each in found),
        "unknown": sorted(unknown),
        "job": _present(),
    }
    return render(request, "operations/key_rotation.html", context)


def start(*, actor: User) -> None:
    """The first job of a rotation. Raises Conflict while one is under way."""
    with transaction.atomic():
        if _present():
            raise Conflict(_("The secrets are being moved already."))
        outbox.emit("secrets.rotate", id="")
        audit.record("user.rotate_secrets", actor, actor=actor)


def _present() -> OutboxJob | None:
    """The job of a rotation that goes on, or is parked."""
    return OutboxJob.objects.filter(topic=TOPIC).exclude(state=OutboxJob.State.DONE).order_by("-id").first()


urlpatterns = [path("operations/keys/", key_rotation, name="key_rotation")]
