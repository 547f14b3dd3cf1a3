"""The page on which a person types a program's code and says what it may do."""

from __future__ import annotations

from uuid import UUID

from allauth.account.decorators import reauthentication_required
from allauth.core import ratelimit
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from portal.accounts import devices
from portal.accounts.forms import DeviceCodeForm, DeviceConsentForm
from portal.accounts.models import DeviceSignIn
from portal.shared.errors import TooMany
from portal.shared.web import signed_in_user


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@reauthentication_required
@never_cache
def device(request: HttpRequest) -> HttpResponse:
    """Ask for the code; then show who waits for what; then say how it ended. The code is in no address: a
    link that somebody sends cannot lead to the second step."""
    if request.method != "POST":
        return _code_page(request, DeviceCodeForm())
    # Answers bring the code along as well, so all of it counts as guessing.
    if not ratelimit.consume(request, action="device_code"):
        raise TooMany(_("Too many codes in a short time. Wait five minutes, then start again."))
    form = DeviceCodeForm(request.POST)
    sign_in = devices.waiting_sign_in(form.cleaned_data["code"]) if form.is_valid() else None
    if sign_in is None:
        if form.is_valid():
            form.add_error("code", _("No program waits for this code. Codes end after ten minutes."))
        return _code_page(request, form)
    answer = request.POST.get("answer", "")
    if answer == "refuse":
        devices.refuse(sign_in, actor=signed_in_user(request))
        return _end_page(request, sign_in, "refused")
    return _consent(request, sign_in, is_answer=answer == "agree")


def _code_page(request: HttpRequest, form: DeviceCodeForm) -> HttpResponse:
    return render(request, "accounts/device.html", {"form": form}, status=400 if form.errors else 200)


def _consent(request: HttpRequest, sign_in: DeviceSignIn, *, is_answer: bool) -> HttpResponse:
    user = signed_in_user(request)
    teams = [(str(pk), name) for pk, name in user.publishers.order_by("name").values_list("pk", "name")]
    form = DeviceConsentForm(
        request.POST if is_answer else None,
        initial={"code": request.POST["code"]},
        publishers=teams,
        asked=sign_in.asked_scopes,
    )
    if not is_answer or not form.is_valid():
        context = {"form": form, "sign_in": sign_in}
        return render(request, "accounts/device_consent.html", context, status=400 if form.errors else 200)
    given = form.cleaned_data
    devices.agree(
        sign_in,
        scopes=given["scopes"],
        publisher_id=UUID(given["publisher"]) if given["publisher"] else None,
        days=given["days"],
        actor=user,
    )
    return _end_page(request, sign_in, "agreed")


def _end_page(request: HttpRequest, sign_in: DeviceSignIn, outcome: str) -> HttpResponse:
    return render(request, "accounts/device_end.html", {"sign_in": sign_in, "outcome": outcome})
