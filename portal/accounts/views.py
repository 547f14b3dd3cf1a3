"""Pages of one's own account, and of people for administrators."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

from allauth.account.decorators import reauthentication_required
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.accounts import feeds, services
from portal.accounts.forms import PaconnTokenForm, ProfileForm, TokenForm
from portal.accounts.models import ApiToken, CalendarFeed, User
from portal.accounts.personal_data import archive_of
from portal.accounts.tokens import create_token, revoke_token
from portal.shared.errors import InvalidInput
from portal.shared.secrets import Secret
from portal.shared.web import add_errors, done, safe_next, signed_in_user

THEME_COOKIE_SECONDS = 365 * 24 * 3600


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def profile(request: HttpRequest) -> HttpResponse:
    user = signed_in_user(request)
    form = ProfileForm(request.POST or None, instance=user)
    if request.method == "POST" and form.is_valid():
        services.update_profile(**form.cleaned_data, actor=user)
        return done(request, _("Saved."), reverse("accounts:profile"))
    return render(request, "accounts/profile.html", {"form": form})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@reauthentication_required
@never_cache
def tokens(request: HttpRequest) -> HttpResponse:
    """List one's tokens and make new ones; the text of a new one is shown on the answer to the POST, once."""
    user = signed_in_user(request)
    teams = [(str(pk), name) for pk, name in user.publishers.order_by("name").values_list("pk", "name")]
    form = TokenForm(request.POST or None, publishers=teams)
    if request.method != "POST" or not form.is_valid():
        return _token_page(request, user, form, None)
    chosen = form.cleaned_data["publisher"]
    try:
        made = create_token(
            owner=user,
            name=form.cleaned_data["name"],
            scopes=form.cleaned_data["scopes"],
            lifetime=timedelta(days=form.cleaned_data["days"]),
            publisher_id=UUID(chosen) if chosen else None,
            is_sandbox=form.cleaned_data["is_sandbox"],
            actor=user,
        )
    except InvalidInput as error:
        add_errors(form, error)
        return _token_page(request, user, form, None)
    return _token_page(request, user, TokenForm(publishers=teams), made)


def _token_page(
    request: HttpRequest, user: User, form: TokenForm, made: tuple[ApiToken, Secret] | None
) -> HttpResponse:
    # Those of builds live minutes and are many: trusted publishers are the place where they are ended.
    mine = ApiToken.objects.filter(user=user, trusted_publisher_id=None).order_by("-created_at")
    token, secret = made or (None, None)
    context = {
        "form": form,
        "tokens": mine,
        "made": token,
        "made_text": secret.reveal() if secret else "",
    }
    return render(request, "accounts/tokens.html", context, status=400 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@reauthentication_required
@never_cache
def paconn_token(request: HttpRequest) -> HttpResponse:
    """Make a token for the command-line client; the answer to the POST is its token file, to be saved."""
    user = signed_in_user(request)
    teams = [(str(pk), name) for pk, name in user.publishers.order_by("name").values_list("pk", "name")]
    form = PaconnTokenForm(request.POST or None, publishers=teams)
    if request.method != "POST" or not form.is_valid():
        context = {"form": form, "site_url": settings.SITE_URL}
        return render(request, "accounts/paconn_token.html", context, status=400 if form.errors else 200)
    given = form.cleaned_data
    token, text = create_token(
        owner=user,
        name=given["name"],
        scopes=_paconn_scopes(given),
        lifetime=timedelta(days=given["days"]),
        publisher_id=UUID(given["publisher"]) if given["publisher"] else None,
        actor=user,
    )
    return _token_file(token, text)


def _paconn_scopes(given: dict[str, Any]) -> list[str]:
    scope = ApiToken.Scope
    checking = scope.VALIDATE_STRICT if given["is_strict"] else scope.VALIDATE
    return [checking, *([scope.READ, scope.CONNECTORS, scope.SUBMISSIONS] if given["may_push"] else [])]


def _token_file(token: ApiToken, text: Secret) -> HttpResponse:
    """What the client reads in its folder; a download that no cache keeps."""
    content = {
        "token_type": _("Bearer"),
        "access_token": text.reveal(),
        # The client wants a number, and takes a token that ends within ten minutes for expired.
        "expires_on": int(token.expires_at.timestamp()),
        "oid": str(token.user_id),
    }
    response = HttpResponse(json.dumps(content), content_type="application/json")
    response["Content-Disposition"] = 'attachment; filename="accessTokens.json"'
    return response


@require_POST
@login_required
def token_revoke(request: HttpRequest, pk: str) -> HttpResponse:
    user = signed_in_user(request)
    token = get_object_or_404(ApiToken.objects.filter(user=user), pk=pk)
    revoke_token(token, actor=user)
    return done(
        request, _("“%(name)s” does not work any more.") % {"name": token.name}, reverse("accounts:tokens")
    )


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@never_cache
def calendar(request: HttpRequest) -> HttpResponse:
    """The feed's secret address: POST makes a new one, which is shown on its answer, once."""
    user = signed_in_user(request)
    made = feeds.make_feed(actor=user) if request.method == "POST" else None
    address = reverse("personal_calendar", args=[made.reveal()]) if made else ""
    context = {
        "feed": CalendarFeed.objects.filter(user=user).first(),
        "address": f"{settings.SITE_URL}{address}" if made else "",
        "atom_address": f"{settings.SITE_URL}{address.removesuffix('.ics')}.atom" if made else "",
        "public_address": f"{settings.SITE_URL}{reverse('public_calendar')}",
        "public_atom_address": f"{settings.SITE_URL}{reverse('public_feed')}",
    }
    return render(request, "accounts/calendar.html", context)


@require_POST
@login_required
def calendar_drop(request: HttpRequest) -> HttpResponse:
    feeds.drop_feed(actor=signed_in_user(request))
    return done(request, _("The address does not work any more."), reverse("accounts:calendar"))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@reauthentication_required
@never_cache
def your_data(request: HttpRequest) -> HttpResponse:
    """What the portal holds about the reader; POST answers with it as a file."""
    user = signed_in_user(request)
    if request.method == "POST":
        with archive_of(actor=user) as file:
            response = HttpResponse(file.read(), content_type="application/zip")
        response["Content-Disposition"] = 'attachment; filename="your-data.zip"'
        return response
    return render(request, "accounts/your_data.html")


@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Remember light, dark or the system's choice in a cookie, also for those who are not signed in."""
    chosen = request.POST.get("theme", "system")
    response = HttpResponseRedirect(safe_next(request, "/"))
    if chosen in User.Theme.values:
        response.set_cookie(
            "theme", chosen, max_age=THEME_COOKIE_SECONDS, samesite="Lax", secure=request.is_secure()
        )
    return response


@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Remember a language: in the profile of who is signed in, in a cookie of who is not."""
    chosen = services.known_language(request.POST.get("language", ""))
    response = HttpResponseRedirect(safe_next(request, "/"))
    if request.user.is_authenticated:
        services.set_language(chosen, actor=signed_in_user(request))
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        chosen,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        samesite="Lax",
        secure=request.is_secure(),
    )
    return response


@require_safe
@login_required
def people(request: HttpRequest) -> HttpResponse:
    """Everybody, for administrators, with the means to give staff roles."""
    if not signed_in_user(request).is_administrator:
        raise Http404
    query = request.GET.get("q", "").strip()
    found = User.objects.filter(erased_at=None).order_by("-staff_role", "email")
    if query:
        found = found.filter(Q(email__icontains=query) | Q(display_name__icontains=query))
    context = {"people": found[:200], "query": query, "roles": User.StaffRole.choices}
    return render(request, "accounts/people.html", context)


@require_POST
@login_required
def set_staff_role(request: HttpRequest, pk: str) -> HttpResponse:
    actor = signed_in_user(request)
    if not actor.is_administrator:
        raise Http404
    person = get_object_or_404(User, pk=pk)
    services.set_staff_role(
        person, role=request.POST.get("role", ""), reason=request.POST.get("reason", ""), actor=actor
    )
    label = person.get_staff_role_display()
    return done(request, f"{person.name}: {label}.", reverse("accounts:people"))
