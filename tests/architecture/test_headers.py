"""What every answer carries, and what no page contains: headers, inline code, cookies, ways out to other sites."""

from __future__ import annotations

from html.parser import HTMLParser
from urllib.parse import quote

import pytest
from django.conf import settings
from django.http import HttpResponse
from django.test import Client, override_settings
from django.urls import path, reverse

from portal.home import server_error
from portal.shared.web import safe_next
from portal.urls import handler404, handler500, urlpatterns  # noqa: F401 - a broken page is added to the site map below
from tests.architecture.access import TABLE, kwargs_for
from tests.architecture.routes import ROUTES
from tests.architecture.world import World

pytestmark = pytest.mark.django_db
# What nobody reads with a session (`token_only`) has nobody to ask for it here.
READABLE = sorted(
    route.name
    for route in ROUTES
    if route.name in TABLE and "GET" in TABLE[route.name].methods and TABLE[route.name].methods["GET"].allowed
)
BY_NAME = {route.name: route for route in ROUTES}
# Answers whose Content-Security-Policy is stricter still: bytes of packages.
SANDBOXED = {"version_icon", "version_package"}
# A mail in a frame of ours: it carries its styles inside, as mails must, and runs nothing.
FRAMED = {"mail_specimen_body"}
NEVER_KEPT = (
    "credential_list",
    "credential_create",
    "credential_replace",
    "credential_reveal",
    "accounts:tokens",
)


def _read(world: World, name: str, role: str = "") -> HttpResponse:
    found, route = TABLE[name], BY_NAME[name]
    allowed = found.methods["GET"].allowed
    role = role or next(
        each
        for each in ("administrator", "developer", "owner", "reviewer", "guest_tester", "anonymous")
        if each in allowed
    )
    return world.ask(
        role, "GET", route.path(kwargs_for(world, found, route.kwargs)), dict(found.query), secure=True
    )


def _check_headers(response: HttpResponse, *, sandboxed: bool = False) -> None:
    headers = response.headers
    policy = {
        part.split()[0]: part.split()[1:]
        for part in headers["Content-Security-Policy"].split(";")
        if part.strip()
    }
    assert policy["default-src"] == ["'none'"]
    if sandboxed:
        assert policy["sandbox"] == []
    else:
        assert policy["script-src"] == policy["style-src"] == ["'self'"]
        assert policy["frame-ancestors"] == policy["base-uri"] == ["'none'"]
        assert policy["form-action"] == ["'self'"]
    assert not [
        value
        for values in policy.values()
        for value in values
        if value in {"'unsafe-inline'", "'unsafe-eval'", "*", "https:"}
    ]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "camera=()" in headers["Permissions-Policy"]
    assert int(headers["Strict-Transport-Security"].split("max-age=")[1].split(";")[0]) >= 31_536_000
    assert headers["X-Request-ID"]


class _InlineCode(HTMLParser):
    """Everything in a page that a Content-Security-Policy would have to allow by 'unsafe-inline'."""

    def __init__(self) -> None:
        super().__init__()
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name.lower(): value or "" for name, value in attrs}
        if tag == "style" or "style" in given:
            self.faults.append(f"<{tag}> line {self.getpos()[0]}: style")
        if (
            tag == "script"
            and "src" not in given
            and given.get("type") not in {"application/json", "application/ld+json"}
        ):
            self.faults.append(f"<script> line {self.getpos()[0]} without src")
        for name, value in given.items():
            if name.startswith(("on", "hx-on")):
                self.faults.append(f"<{tag}> line {self.getpos()[0]}: {name}")
            if name in {
                "href",
                "src",
                "action",
                "formaction",
                "hx-get",
                "hx-post",
            } and value.strip().lower().startswith(("javascript:", "data:text", "vbscript:")):
                self.faults.append(f"<{tag}> line {self.getpos()[0]}: {name}={value[:30]}")
            if (
                tag in {"script", "link", "img", "iframe"}
                and name in {"src", "href"}
                and value.startswith(("http:", "https:", "//"))
            ):
                self.faults.append(f"<{tag}> line {self.getpos()[0]} loads {value[:60]}")


def _inline_code(response: HttpResponse) -> list[str]:
    if "html" not in response.headers.get("Content-Type", ""):
        return []
    reader = _InlineCode()
    reader.feed(response.content.decode())
    return reader.faults


@pytest.mark.parametrize("name", READABLE)
def test_every_address_answers_with_the_protecting_headers_and_without_inline_code(world, name):
    response = _read(world, name)
    if name in FRAMED:
        policy = response["Content-Security-Policy"]
        assert policy == "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'"
        assert response["X-Frame-Options"] == "SAMEORIGIN"
        return
    if name == "version_icon" and response.status_code == 404:
        _check_headers(response)
    else:
        _check_headers(response, sandboxed=name in SANDBOXED)
    assert _inline_code(response) == []


@pytest.mark.parametrize("role", ["anonymous", "viewer", "operator"])
def test_refusals_and_missing_pages_carry_them_too(world, role):
    for address in (
        "/no/such/page/",
        "/api/v1/no-such-thing/",
        f"/connectors/{world.publisher.pk}/",
        "/reviews/",
    ):
        response = world.ask(role, "GET", address, secure=True)
        assert response.status_code in {302, 401, 403, 404, 200}
        _check_headers(response)
        assert _inline_code(response) == []
    refused = world.ask("viewer", "POST", f"/connectors/{world.objects['connector'].pk}/cancel/", secure=True)
    assert refused.status_code == 403
    _check_headers(refused)
    forged = world.ask(
        "owner",
        "POST",
        f"/connectors/{world.objects['connector'].pk}/cancel/",
        enforce_csrf_checks=True,
        secure=True,
    )
    assert forged.status_code == 403
    _check_headers(forged)


def _broken(request):
    raise RuntimeError("zq7-this-text-is-for-the-log-only")


def test_the_page_of_an_error_carries_them_and_tells_nothing(world, settings):
    import sys
    import types

    site = types.ModuleType("site_with_a_broken_page")
    site.urlpatterns = [*urlpatterns, path("broken/", _broken)]
    site.handler404, site.handler500 = handler404, server_error
    sys.modules[site.__name__] = site
    with override_settings(ROOT_URLCONF=site.__name__):
        response = world.ask("owner", "GET", "/broken/", secure=True)
    assert response.status_code == 500
    assert b"zq7-this-text" not in response.content
    _check_headers(response)
    assert _inline_code(response) == []


@pytest.mark.parametrize("name", NEVER_KEPT)
def test_pages_with_secrets_are_kept_by_no_cache(world, name):
    response = _read(world, name)
    assert "no-store" in response.headers.get("Cache-Control", ""), response.headers.get("Cache-Control")


def test_the_answer_that_shows_a_secret_is_kept_by_no_cache(world):
    region = world.ask("administrator", "POST", f"/regions/{world.objects['region'].pk}/telemetry-token/")
    assert region.status_code == 200
    assert region.headers["Cache-Control"] == "no-store"
    credential, submission = world.objects["credential"], world.objects["submission"]
    address = reverse("credential_reveal", args=[submission.pk, credential.pk])
    shown = world.ask("reviewer", "POST", address, {"reason": "To try the operations today."})
    assert shown.status_code == 200
    assert shown.headers["Cache-Control"] == "no-store"


def test_cookies_are_out_of_reach_of_scripts_and_of_other_sites(world):
    browser = Client()
    page = browser.get("/accounts/login/", secure=True)
    assert page.status_code == 200
    csrf = browser.cookies[settings.CSRF_COOKIE_NAME]
    # Choosing a team writes the session, so its cookie is set by the portal and not by the test's client.
    chosen = world.ask("owner", "POST", f"/publishers/{world.publisher.slug}/switch/", secure=True)
    session = chosen.cookies[settings.SESSION_COOKIE_NAME]
    for cookie in (csrf, session):
        assert cookie.key.startswith("__Host-")
        assert cookie["secure"]
        assert cookie["httponly"]
        assert cookie["samesite"] in {"Lax", "Strict"}
        assert cookie["path"] == "/"
        assert not cookie["domain"]


ELSEWHERE = (
    "https://evil.example", "http://evil.example/", "//evil.example", "///evil.example", "////evil.example/x",
    "/\\evil.example", "\\\\evil.example", "\\/evil.example", "/\t/evil.example", "/\n/evil.example", "\t//evil.example",
    " //evil.example", "https:evil.example", "https:/evil.example", "http:\\\\evil.example", "https:///evil.example",
    "https://portal.test@evil.example", "https://portal.test.evil.example", "https://evil.example/portal.test",
    "https://evil.example#portal.test", "https://evil.example?portal.test", "https://portal.test:evil@evil.example/",
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\nscript:alert(1)", "data:text/html,<script>1</script>",
    "vbscript:x", "ftp://evil.example", "mailto:x@evil.example", "file:///etc/passwd", "blob:https://evil.example/x",
    "https://[::1]/", "https://127.0.0.2/", "http://testserver.evil.example/", "https://evil。example/", "https://ⓔvil.example/",
    "//evil.example/%2f..", "https://testserver\\@evil.example/", "https://testserver%00.evil.example/", "\x00//evil.example",
)  # fmt: skip


def test_there_are_forty_ways_out_to_try():
    assert len(set(ELSEWHERE)) == 40


@pytest.mark.parametrize("target", ELSEWHERE)
def test_next_never_leads_to_another_site(world, rf, target):
    assert safe_next(rf.post("/", {"next": target}), "/home/") == "/home/"
    theme = world.ask("anonymous", "POST", reverse("accounts:theme"), {"theme": "dark", "next": target})
    assert theme["Location"] == "/"
    done = world.ask("owner", "POST", f"/publishers/{world.publisher.slug}/switch/", {"next": target})
    assert done["Location"].startswith("/connectors/")
    login = world.ask("owner", "GET", f"/accounts/login/?next={quote(target)}")
    assert login.status_code == 200 or login["Location"].startswith("/"), login["Location"]
    assert not login.headers.get("Location", "/").startswith(("//", "/\\"))
    logout = world.ask("owner", "POST", f"/accounts/logout/?next={quote(target)}")
    assert logout["Location"].startswith("/accounts/login/")


def test_next_leads_to_pages_of_this_site(rf):
    assert safe_next(rf.post("/", {"next": "/connectors/?page=2"}), "/home/") == "/connectors/?page=2"
