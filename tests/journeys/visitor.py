"""A person with a browser: follows links and sends the forms of pages, tokens and all, over HTTP."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from html.parser import HTMLParser
from typing import Any

import httpx
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

from tests.journeys.stack import Stack, wait_until

Files = Sequence[tuple[str, bytes]]


class _Forms(HTMLParser):
    """Collects the forms of a page: action -> the fields as they were filled by the server."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, list[str]]]] = []
        self._area: str | None = None
        self._select: str | None = None
        self._first_option: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append((given.get("action", ""), {}))
        if not self.forms:
            return
        fields = self.forms[-1][1]
        name = given.get("name", "")
        if tag == "input" and name and given.get("type") not in {"submit", "file"}:
            if given.get("type") not in {"checkbox", "radio"} or "checked" in given:
                default = "on" if given.get("type") in {"checkbox", "radio"} else ""
                fields.setdefault(name, []).append(given.get("value", default))
        elif tag == "textarea" and name:
            fields[name] = [""]
            self._area = name
        elif tag == "select":
            self._select, self._first_option = name, None
        elif tag == "option" and self._select:
            self._first_option = given.get("value", "") if self._first_option is None else self._first_option
            if "selected" in given:
                fields.setdefault(self._select, []).append(given.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self._area = None
        elif tag == "select":
            # A browser sends the first option where none was chosen.
            if (
                self.forms
                and self._select
                and self._select not in self.forms[-1][1]
                and self._first_option is not None
            ):
                self.forms[-1][1][self._select] = [self._first_option]
            self._select = None

    def handle_data(self, data: str) -> None:
        if self._area and self.forms:
            self.forms[-1][1][self._area][0] += data


class Visitor:
    """One person's browser. `page` is the last one seen, as text; `where` its address."""

    def __init__(self, stack: Stack, email: str, password: str) -> None:
        self.stack, self.email, self.password = stack, email, password
        self.http = httpx.Client(base_url=stack.url, follow_redirects=True, timeout=60, trust_env=False)
        self.page, self.where = "", ""
        self.seen: list[bytes] = []

    def get(self, path: str, *, expect: int = 200) -> str:
        return self._keep(self.http.get(path), expect)

    def _keep(self, response: httpx.Response, expect: int) -> str:
        self.seen.append(response.content)
        self.page, self.where = response.text, str(response.url.path)
        assert response.status_code == expect, (
            f"{response.request.method} {response.url}: {response.status_code}\n{_words(self.page)}"
        )
        return self.page

    def form(self, action: str) -> dict[str, list[str]]:
        """The fields of the form of this page that goes to `action` ("" for the page itself)."""
        reader = _Forms()
        reader.feed(self.page)
        for where, fields in reader.forms:
            if (where.split("?")[0] or self.where) == (
                action or self.where
            ) and "csrfmiddlewaretoken" in fields:
                return fields
        raise AssertionError(
            f"{self.where} has no form to {action!r}, only {[where for where, _ in reader.forms]}"
        )

    def send(
        self, action: str, changes: Mapping[str, Any] | None = None, *, files: Files = (), expect: int = 200
    ) -> str:
        """Fill in the form that goes to `action` and send it; redirects are followed."""
        fields: dict[str, Any] = {**self.form(action), **(changes or {})}
        attached = [("files", (name, content)) for name, content in files] or None
        return self._post(action or self.where, fields, attached, expect)

    def post(self, path: str, fields: Mapping[str, Any] | None = None, *, expect: int = 200) -> str:
        """Send fields to an address with the token of the last page, as a button without a form of its own would."""
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.page)
        assert token, f"{self.where} has no token"
        return self._post(path, {"csrfmiddlewaretoken": token[1], **(fields or {})}, None, expect)

    def _post(self, path: str, fields: Mapping[str, Any], files: Any, expect: int) -> str:
        headers = {"Referer": f"{self.stack.url}{self.where}", "Origin": self.stack.url}
        return self._keep(self.http.post(path, data=fields, files=files, headers=headers), expect)

    def api(self, path: str) -> Any:
        response = self.http.get(f"/api/v1/{path}")
        self.seen.append(response.content)
        assert response.status_code == 200, f"{path}: {response.status_code} {response.text[:500]}"
        return response.json()

    def act(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """POST to the API as the pages' own scripts would."""
        headers = {"X-CSRFToken": self.http.cookies["csrf"], "Referer": f"{self.stack.url}/"}
        response = self.http.post(f"/api/v1/{path}", json=dict(body or {}), headers=headers)
        self.seen.append(response.content)
        assert response.status_code < 300, f"{path}: {response.status_code} {response.text[:500]}"
        return response.json()

    def sign_up(self, name: str) -> None:
        """Create the account and follow the link of the mail, which signs in."""
        self.get("/accounts/signup/")
        both = {"password1": self.password, "password2": self.password}
        self.send("/accounts/signup/", {"display_name": name, "email": self.email, **both})
        wait_until(lambda: self.stack.mails(self.email), f"a mail to {self.email}")
        link = re.search(r"/accounts/confirm-email/[^\s\"<]+", self.stack.mails(self.email)[-1])
        assert link, "the mail has no link"
        self.get(link[0])
        # The key on the page is signed anew and may differ from the mailed one.
        if button := re.search(r'action="(/accounts/confirm-email/[^"]+)"', self.page):
            self.send(button[1])
        assert self.where == "/", f"not signed in after confirming the address: {self.where}"

    def sign_in(self, totp: str = "") -> None:
        """With the password, and the code of the authenticator if there is one."""
        self.get("/accounts/login/")
        if "/login/" in self.where:
            self.send("/accounts/login/", {"login": self.email, "password": self.password})
        if totp:
            assert "/2fa/authenticate/" in self.where, f"no second factor was asked for: {self.where}"
            # A code may be over by the time a busy machine has read it: then the next one is typed.
            for _attempt in range(3):
                code = format_hotp_value(hotp_value(totp, int(time.time()) // 30))
                self.send("/accounts/2fa/authenticate/", {"code": code})
                if "/2fa/authenticate/" not in self.where:
                    break
        self.get("/")
        assert self.where == "/", f"not signed in: {self.where}"


def _words(page: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))[:1500]
