"""GitHub's conventions: how a call is made, what an answer means, and how lists go on.

Every call leaves through the egress guard, which follows no redirect. The token goes to the API base address
and nowhere else: a link to a next page that leads elsewhere is not followed.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from certification.forges.errors import (
    ForgeError,
    ForgeForbidden,
    ForgeMissing,
    ForgeRefused,
    ForgeRejected,
    RateLimited,
)
from certification.forges.github_answers import line, member, moment
from certification.forges.github_app import AppKey, token_for
from certification.forges.protocol import ForgePlace
from connectors.runtime.egress import Incoming, Outgoing
from connectors.runtime.errors import CallFailed, EgressRefused

API_VERSION = "2022-11-28"
DEADLINE_SECONDS = 15.0
LARGEST_ANSWER = 8 * 1024 * 1024
PER_PAGE = 50
MOST_PAGES = 20
SHORTEST_WAIT, LONGEST_WAIT = 1.0, 3_600.0
_WITHOUT_HINT = 60.0
_NEXT = re.compile(r'<([^<>]+)>;\s*rel="next"')


class GitHubClient:
    """Calls for one repository. Paths are relative to it."""

    def __init__(self, place: ForgePlace) -> None:
        self._place = place
        self._base = f"{place.api_url}/repos/{place.name}"
        self._guard = replace(
            place.egress, deadline_seconds=DEADLINE_SECONDS, max_answer_bytes=LARGEST_ANSWER
        )

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The answer's JSON. Raises a kind of `ForgeError`."""
        return _json(self._send(method, self._base + path, body))

    def pages(self, path: str) -> Iterator[Any]:
        """The answers of a list, page by page, as far as `MOST_PAGES`."""
        mark = "&" if "?" in path else "?"
        url = f"{self._base}{path}{mark}per_page={PER_PAGE}"
        for _page in range(MOST_PAGES):
            answer = self._send("GET", url, None)
            yield _json(answer)
            following = _NEXT.search(answer.header("link"))
            if following is None or not following[1].startswith(f"{self._place.api_url}/"):
                return
            url = following[1]

    def query(self, text: str, variables: Mapping[str, Any]) -> dict[str, Any]:
        """The data that GraphQL gives to a question about the repository, which `text` takes as `$owner` and
        `$name`. Raises a kind of `ForgeError`."""
        owner, _slash, name = self._place.name.partition("/")
        # github.com has it at /graphql, a server of one's own at /api/graphql beside /api/v3.
        url = f"{self._place.api_url.removesuffix('/v3')}/graphql"
        body = {"query": text, "variables": {"owner": owner, "name": name, **variables}}
        answer = self._send("POST", url, body)
        told = _json(answer)
        _judge_errors(answer, told.get("errors") if isinstance(told, dict) else None)
        found: dict[str, Any] = member(told, "data", dict)
        return found

    def _send(self, method: str, url: str, body: Mapping[str, Any] | None) -> Incoming:
        answer = self._exchange(method, url, body, self._token())
        if answer.status == 401 and self._place.app is not None:
            # Once: a token may end early, by somebody's deed or a clock that differs.
            answer = self._exchange(method, url, body, self._token(anew=True))
        _judge(answer)
        return answer

    def _exchange(self, method: str, url: str, body: Mapping[str, Any] | None, token: str) -> Incoming:
        headers = [("Accept", "application/vnd.github+json"), ("X-GitHub-Api-Version", API_VERSION)]
        if token:
            headers.append(("Authorization", f"Bearer {token}"))
        content = b""
        if body is not None:
            headers.append(("Content-Type", "application/json"))
            content = json.dumps(body).encode()
        try:
            return self._guard.send(Outgoing(method, url, tuple(headers), content))
        except (CallFailed, EgressRefused) as error:
            raise ForgeError(str(error)) from None

    def _token(self, *, anew: bool = False) -> str:
        app = self._place.app
        if app is None:
            return self._place.token
        return token_for(self._place.api_url, app, lambda: self._installation_token(app), anew=anew)

    def _installation_token(self, app: AppKey) -> tuple[str, float]:
        """A new token of the installation, and when it ends, in seconds."""
        url = f"{self._place.api_url}/app/installations/{app.installation_id}/access_tokens"
        answer = self._exchange("POST", url, {}, app.statement(time.time()))
        if answer.status == 401:
            raise ForgeRefused("GitHub does not accept the app's key: it is not that of this app id.")
        if answer.status == 404:
            raise ForgeRefused("GitHub knows no such installation of this app.")
        _judge(answer)
        told = _json(answer)
        try:
            return str(told["token"]), moment(told["expires_at"]).timestamp()
        except (TypeError, KeyError, ForgeError):
            raise ForgeError("GitHub's answer has no usable token.") from None


def _judge(answer: Incoming) -> None:
    """Raises unless the answer is a success."""
    status = answer.status
    if 200 <= status < 300:
        return
    said = _said(answer)
    if status in {403, 429} and _is_limit(answer, said):
        raise RateLimited("GitHub asks for patience: too many calls.", _wait(answer))
    if status == 401:
        raise ForgeRefused("GitHub does not accept the token: it is wrong or has expired.")
    if status == 403:
        raise ForgeForbidden(f"GitHub does not allow it to this token: {said}")
    if status in {404, 410}:
        raise ForgeMissing("GitHub knows no such thing, or this token may not see it.")
    if 300 <= status < 400:
        raise ForgeRejected("The repository has moved: give its new address.")
    if status in {400, 409, 413, 422}:
        raise ForgeRejected(f"GitHub refused what was sent: {said}")
    raise ForgeError(f"GitHub answered {status}.")


def _judge_errors(answer: Incoming, errors: Any) -> None:
    """What GraphQL refuses, it refuses with status 200."""
    if not errors:
        return
    rows = [each for each in errors if isinstance(each, dict)] if isinstance(errors, list) else []
    kinds = {str(each.get("type", "")) for each in rows}
    said = line(rows[0].get("message")) if rows else ""
    if "RATE_LIMITED" in kinds or "rate limit" in said.lower():
        raise RateLimited("GitHub asks for patience: too many calls.", _wait(answer))
    if "NOT_FOUND" in kinds:
        raise ForgeMissing("GitHub knows no such thing, or this token may not see it.")
    raise ForgeRejected(f"GitHub refused what was asked: {said or 'it does not say why'}")


def _is_limit(answer: Incoming, said: str) -> bool:
    """Primary limits show in the headers; secondary ones only in Retry-After or in words."""
    return (
        answer.status == 429
        or bool(answer.header("retry-after"))
        or answer.header("x-ratelimit-remaining") == "0"
        or "rate limit" in said.lower()
    )


def _wait(answer: Incoming) -> float:
    after = answer.header("retry-after")
    reset = answer.header("x-ratelimit-reset")
    if after.isdecimal():
        wanted = float(after)
    elif answer.header("x-ratelimit-remaining") == "0" and reset.isdecimal():
        wanted = float(reset) - time.time()
    else:
        wanted = _WITHOUT_HINT
    return min(max(wanted, SHORTEST_WAIT), LONGEST_WAIT)


def _said(answer: Incoming) -> str:
    """GitHub's own words, short and printable."""
    try:
        found = json.loads(answer.body)
        text = str(found.get("message", "")) if isinstance(found, dict) else ""
    except ValueError:
        text = ""
    return line(text) or f"status {answer.status}."


def _json(answer: Incoming) -> Any:
    if answer.is_cut:
        raise ForgeError("GitHub's answer is larger than is read.")
    if not answer.body:
        return None
    try:
        return json.loads(answer.body)
    except ValueError:
        raise ForgeError("GitHub did not answer in JSON.") from None
