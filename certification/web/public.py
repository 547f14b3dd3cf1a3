"""Public pages of live connectors, and the subscription "tell me when it reaches my region"."""

from __future__ import annotations

from typing import Any

from allauth.core import ratelimit
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from certification.queries import public as queries
from certification.queries.documentation import has_page
from certification.queries.notices import standing
from certification.services import watches as services
from connectors.models import Connector
from connectors.services.versions import icon_png
from portal.shared.actors import SYSTEM
from portal.shared.errors import InvalidInput
from portal.shared.web import done
from portal.shared.words import lazy as _lazy

_SENT = _lazy("If the address can be used, a mail is on its way: follow its link to confirm.")


def _connector(slug: str) -> Connector:
    return get_object_or_404(queries.public_connectors(), slug=slug)


@require_safe
def public_list(request: HttpRequest) -> HttpResponse:
    text = request.GET.get("q", "").strip()[:80]
    page = Paginator(queries.found_by(text), 50).get_page(request.GET.get("page"))
    return render(request, "certification/public_list.html", {"page": page, "text": text})


@require_safe
def public_connector(request: HttpRequest, slug: str) -> HttpResponse:
    return _page(request, _connector(slug))


def _page(request: HttpRequest, connector: Connector, *, error: str = "", status: int = 200) -> HttpResponse:
    user: Any = request.user
    rollout = queries.moving_version(connector)
    places = queries.places_of(connector, rollout)
    context = {
        "connector": connector,
        "rollout": rollout,
        "live_in": sum(place.has == connector.live_version for place in places),
        "is_moving": any(place.coming for place in places),
        "notices": standing(connector),
        "has_documentation": has_page(connector),
        "icon_version": queries.icon_version(connector.pk),
        "places": places,
        "watched": services.open_regions(connector.pk, user) if user.is_authenticated else set(),
        "error": error,
        "chosen": request.POST.get("region", ""),
        "address": request.POST.get("address", ""),
    }
    return render(request, "certification/public_connector.html", context, status=status)


@require_safe
def public_icon(request: HttpRequest, slug: str) -> HttpResponse:
    version = queries.icon_version(_connector(slug).pk)
    icon = icon_png(version) if version else None
    if icon is None:
        raise Http404
    headers = {"Cache-Control": "public, max-age=3600", "X-Content-Type-Options": "nosniff"}
    return HttpResponse(icon, content_type="image/png", headers=headers)


@require_POST
def public_watch(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask to be told: with one click for who is signed in, by a mail to confirm for anybody else."""
    connector = _connector(slug)
    found = queries.places_of(connector, queries.moving_version(connector))
    place = {place.region.pk: place for place in found}.get(request.POST.get("region", ""))
    if place is None:
        return _page(request, connector, error=_("Choose one of the regions."), status=400)
    if not request.user.is_authenticated and not ratelimit.consume(request, action="region_watch"):
        return render(request, "429.html", status=429)
    actor = request.user if request.user.is_authenticated else SYSTEM
    try:
        services.ask(
            connector, place.region, place.coming, address=request.POST.get("address", ""), actor=actor
        )
    except InvalidInput as refusal:
        return _page(request, connector, error=refusal.message, status=400)
    said = (
        _("You will be told when %(region)s is reached.") % {"region": place.region}
        if request.user.is_authenticated
        else _SENT
    )
    return done(request, said, reverse("public_connector", args=[slug]))


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def watch_confirm(request: HttpRequest, watch_token: str) -> HttpResponse:
    """The link of the mail. A button confirms, because programs that look at mail follow links, too."""
    if request.method == "POST":
        watch = services.confirm(watch_token, actor=SYSTEM)
        return render(request, "certification/watch_confirm.html", {"watch": watch, "is_confirmed": True})
    watch = services.watch_of(watch_token)
    context = {"watch": watch, "is_confirmed": watch.confirmed_at is not None}
    return render(request, "certification/watch_confirm.html", context)


@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
def watch_leave(request: HttpRequest, watch_token: str) -> HttpResponse:
    """Unsubscribing in one click, from the page or from the mail program itself (RFC 8058): the signed
    address is the right, so no form's token is asked for."""
    if not services.is_leaving(watch_token):
        return redirect("public_list")
    if request.method == "POST":
        services.leave(watch_token, actor=SYSTEM)
    return render(request, "certification/watch_leave.html", {"is_done": request.method == "POST"})


urlpatterns = [
    path("live/", public_list, name="public_list"),
    path("live/<slug:slug>/", public_connector, name="public_connector"),
    path("live/<slug:slug>/icon.png", public_icon, name="public_icon"),
    path("live/<slug:slug>/watch/", public_watch, name="public_watch"),
    path("watch/confirm/<str:watch_token>/", watch_confirm, name="watch_confirm"),
    path("watch/leave/<str:watch_token>/", watch_leave, name="watch_leave"),
]
