"""A browser that sees the world of the architecture tests: each request is answered in this process, inside the
transaction that the world lives in, and undone. No server, no second world, no sign-in."""

from __future__ import annotations

import gzip
import mimetypes
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.contrib.staticfiles import finders
from django.http import HttpResponse

from tests.architecture.access import TABLE, kwargs_for
from tests.architecture.html import html_faults
from tests.architecture.routes import ROUTES
from tests.architecture.world import World

SITE = "http://portal.test"
# Every address that may be a page. A mail as its reader's program would show it stands in a frame where nothing runs.
PAGES = {
    route.name: route
    for route in ROUTES
    if not route.is_api
    and route.name in TABLE
    and "GET" in TABLE[route.name].methods
    and route.name != "mail_specimen_body"
}
_OBSERVER = """
window.shifts = 0; window.longest = 0;
new PerformanceObserver(list => list.getEntries().forEach(e => { if (!e.hadRecentInput) window.shifts += e.value }))
  .observe({type: 'layout-shift', buffered: true});
new PerformanceObserver(list => list.getEntries().forEach(e => { window.longest = Math.max(window.longest, e.duration) }))
  .observe({type: 'longtask', buffered: true});
"""
# Answers say when they were made and for whom; the page itself does not need to know.
_KEPT = ("content-type", "content-security-policy", "location", "referrer-policy")


@dataclass
class Stage:
    """One page of one browser, looked at by one role after the other. `sent` is what the last visit cost."""

    page: Any
    world: World
    role: str = "anonymous"
    language: str = "en"
    complaints: list[str] = field(default_factory=list)
    sent: list[tuple[str, int]] = field(default_factory=list)
    _ready: dict[str, HttpResponse] = field(default_factory=dict)

    def __post_init__(self) -> None:
        # Requests are answered inside the browser's loop, where Django would open a connection of their own:
        # in this context they use the one that has the world.
        self._context = copy_context()
        self.page.add_init_script(_OBSERVER)
        self.page.route("**/*", self._answer)
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def path(self, name: str, **query: str) -> str:
        """The address of a page in this world, by the name of its route."""
        found, route = TABLE[name], PAGES[name]
        path = route.path(kwargs_for(self.world, found, route.kwargs))
        return f"{path}?{urlencode(asked)}" if (asked := {**found.query, **query}) else path

    def visit(self, role: str, path: str) -> bool:
        """Look at a page as somebody; False when there is no page of its own (a fragment, a file, a redirect)."""
        self.role = role
        self.complaints.clear()
        self.sent.clear()
        response = self.world.ask(role, "GET", path, None, HTTP_ACCEPT_LANGUAGE=self.language)
        if response.status_code != 200 or response.streaming or b"<!DOCTYPE" not in response.content[:200]:
            return False
        self.complaints += html_faults(response.content.decode())
        self._ready[path] = response
        self.page.goto(f"{SITE}{path}")
        self.page.wait_for_selector(".htmx-request", state="detached")
        return True

    def show(self, path: str, content: str) -> None:
        """Look at a page that no address of this portal has."""
        self._ready[path] = HttpResponse(content)
        self.page.goto(f"{SITE}{path}")

    def _heard(self, said: Any) -> None:
        # A mail in its sandboxed frame runs nothing, this test's own observer included.
        if said.type in {"error", "warning"} and "frame is sandboxed" not in said.text:
            self.complaints.append(said.text)

    def _answer(self, route: Any) -> None:
        address = urlsplit(route.request.url)
        if f"{address.scheme}://{address.netloc}" != SITE:
            self.complaints.append(f"a request to {address.netloc}")
            route.abort()
        elif address.path.startswith("/static/"):
            self._answer_file(route, address.path.removeprefix("/static/"))
        else:
            self._answer_page(route, f"{address.path}?{address.query}" if address.query else address.path)

    def _answer_file(self, route: Any, name: str) -> None:
        found = finders.find(name)
        if found is None:
            self.complaints.append(f"no file {name}")
            route.fulfill(status=404)
            return
        content = Path(found).read_bytes()
        # Files have names of their content and are kept for good; a browser whose requests are answered here
        # keeps nothing and asks twice.
        if name not in dict(self.sent):
            self._sent(name, content)
        kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
        route.fulfill(body=content, headers={"content-type": kind})

    def _answer_page(self, route: Any, path: str) -> None:
        request = route.request
        asked = {"HTTP_ACCEPT_LANGUAGE": self.language} | {
            f"HTTP_{name.upper().replace('-', '_')}": value
            for name, value in request.headers.items()
            if name.startswith("hx-")
        }
        response = self._ready.pop(path, None) or self._context.run(
            partial(self.world.ask, self.role, request.method, path, None, **asked)
        )
        content = b"".join(response.streaming_content) if response.streaming else response.content
        self._sent(path, content)
        headers = {name: response.headers[name] for name in _KEPT if name in response.headers}
        route.fulfill(status=response.status_code, headers=headers, body=content)

    def _sent(self, name: str, content: bytes) -> None:
        is_packed = name.endswith((".woff2", ".png"))
        self.sent.append((name, len(content if is_packed else gzip.compress(content, 6))))
