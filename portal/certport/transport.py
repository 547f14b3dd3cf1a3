"""Requests to the portal: the token, retries where repeating is harmless, answers as data or as `Problem`."""

from __future__ import annotations

import json
import random
import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from portal.certport import VERSION
from portal.certport.output import output
from portal.certport.problems import PASSING, Changed, CommandFailed, Exit, Problem, Unreachable

# (file name, a stream opened for reading)
Files = Sequence[tuple[str, Any]]
_ATTEMPTS = 4
# A portal that asks for more is asked again by the person, not by a command that seems to hang.
_LONGEST_WAIT_SECONDS = 30.0
# A wait that is longer is said.
_NOTICED_SECONDS = 5.0
_LOOK = "It may have been done all the same: look with certport status before you try again."
_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


def check_address(url: str) -> str:
    """`url` without a slash at its end. A token never travels in clear text over a network."""
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise CommandFailed(f"“{url}” is no address: write it as https://portal.example", Exit.USAGE)
    if parts.scheme == "http" and parts.hostname not in _LOCAL:
        raise CommandFailed(f"{url} is not encrypted: use https.", Exit.USAGE)
    return url.rstrip("/")


class Transport:
    """One portal, one token. Not for several threads."""

    def __init__(
        self,
        url: str,
        token: str = "",
        *,
        timeout_seconds: float = 30.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.url = check_address(url)
        self._sleep = sleep
        headers = {"User-Agent": f"certport/{VERSION}", "Accept": "application/json"}
        self._is_signed_in = bool(token)
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._read: dict[str, tuple[str, dict[str, Any]]] = {}
        self._guarded = ""
        # Nothing is followed: the token belongs to this address alone.
        self._client = httpx.Client(
            base_url=self.url, headers=headers, timeout=timeout_seconds, follow_redirects=False
        )

    def close(self) -> None:
        self._client.close()

    @contextmanager
    def as_read(self, path: str) -> Iterator[None]:
        """Writes inside are done only while the object at `path` is as this transport read it last, else they
        raise `Changed`. Where it was never read, or the portal gives no tags, they are sent as usual."""
        self._guarded = path
        try:
            yield
        finally:
            self._guarded = ""

    def read_text(self, path: str) -> str:
        """A published text file that is no JSON, such as a key. Read without the token."""
        try:
            answer = httpx.get(self.url + path, timeout=self._client.timeout, follow_redirects=False)
        except httpx.HTTPError as error:
            raise Unreachable(f"{self.url} cannot be reached: {_said(error)}") from error
        if answer.is_redirect or answer.is_error:
            raise CommandFailed(f"{self.url}{path} is not there ({answer.status_code}).", Exit.NOT_FOUND)
        return answer.text

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
        files: Files | None = None,
        keyed: bool = False,
        repeatable: bool = False,
    ) -> Any:
        """The answer's JSON, None when it has none. Repeated after failures only if it reads, if it is
        `repeatable`, or if the portal recognises it by the key that `keyed` sends along."""
        headers = {"Idempotency-Key": uuid.uuid4().hex} if keyed else {}
        tag, _document = self._read.get(self._guarded, ("", {})) if method != "GET" else ("", {})
        headers |= {"If-Match": tag} if tag else {}
        asked = {name: value for name, value in (query or {}).items() if value is not None}
        may_repeat = method == "GET" or keyed or repeatable
        try:
            return self._send(method, path, asked, headers, body, files, _ATTEMPTS if may_repeat else 1)
        except CommandFailed as error:
            if not may_repeat and self._is_signed_in and _may_be_done(error):
                error.details[-1:] = [_LOOK]
            raise

    def _send(
        self,
        method: str,
        path: str,
        asked: Mapping[str, Any],
        headers: Mapping[str, str],
        body: Any,
        files: Files | None,
        attempts: int,
    ) -> Any:
        for attempt in range(1, attempts + 1):
            is_last = attempt == attempts
            for _name, stream in files or ():
                stream.seek(0)
            try:
                answer = self._client.request(
                    method, path, params=asked, headers=headers, **_content(body, files)
                )
            except httpx.HTTPError as error:
                if is_last:
                    raise Unreachable(f"{self.url} cannot be reached: {_said(error)}") from error
                self._wait(self._pause(attempt))
                continue
            # Nothing was done, or what was done is found again by the key.
            seconds = _asked_seconds(answer)
            if answer.status_code not in PASSING or is_last or (seconds or 0) > _LONGEST_WAIT_SECONDS:
                return self._answered(method, path, answer, is_part=bool(asked))
            self._wait(self._pause(attempt) if seconds is None else seconds)
        raise AssertionError("the last attempt returns or raises")

    def exchange(
        self, method: str, path: str, *, headers: Mapping[str, str], content: bytes = b""
    ) -> httpx.Response:
        """One request, sent once, and its answer whatever it says: for protocols of their own. Raises
        `Unreachable` when there is none."""
        try:
            answer = self._client.request(method, path, headers=dict(headers), content=content)
        except httpx.HTTPError as error:
            raise Unreachable(f"{self.url} cannot be reached: {_said(error)}") from error
        if answer.is_redirect:
            _read(answer, self.url)
        return answer

    def pause(self, failures: int) -> None:
        """Longer after each failure in a row."""
        self._wait(self._pause(failures))

    def _answered(self, method: str, path: str, answer: httpx.Response, *, is_part: bool) -> Any:
        try:
            found = _read(answer, self.url)
        except Problem as problem:
            if problem.status != 412 or not self._guarded:
                raise
            _tag, before = self._read.get(self._guarded, ("", {}))
            raise Changed(before, answer.json().get("current")) from None
        # The tag of an answer to a query is the tag of that query alone.
        if method in ("GET", "PUT", "PATCH") and not is_part and isinstance(found, dict):
            self._read[path] = (answer.headers.get("ETag", ""), found)
        return found

    def _pause(self, attempt: int) -> float:
        """Seconds: twice as long as before, shaken so that clients part."""
        return min(0.5 * 2.0 ** (attempt - 1) * random.uniform(0.7, 1.3), _LONGEST_WAIT_SECONDS)  # noqa: S311

    def _wait(self, seconds: float) -> None:
        if seconds > _NOTICED_SECONDS:
            output.note(f"{self.url} is busy: trying again in {seconds:.0f} seconds.")
        self._sleep(seconds)


def _may_be_done(error: CommandFailed) -> bool:
    """Whether the request may have arrived although no answer came of it."""
    if isinstance(error, Problem):
        return error.is_passing and error.status != 429
    cause = error.__cause__
    return isinstance(cause, httpx.HTTPError) and not isinstance(
        cause, httpx.ConnectError | httpx.ConnectTimeout
    )


def _content(body: Any, files: Files | None) -> dict[str, Any]:
    if files is not None:
        return {"files": [("files", (name, stream)) for name, stream in files]}
    return {} if body is None else {"json": body}


def _said(error: httpx.HTTPError) -> str:
    if isinstance(error, httpx.TimeoutException):
        return "it does not answer in time."
    # What the system says, without its number.
    said = re.sub(r"^\[Errno -?\d+\] ", "", str(error)) or type(error).__name__
    return f"{said}. Is the address right, and the network up?"


def _read(answer: httpx.Response, url: str) -> Any:
    if answer.is_redirect:
        to = answer.headers.get("Location", "")
        raise Unreachable(f"{url} sends on to {to[:200]}: give that address with --url if you trust it.")
    try:
        body = answer.json() if answer.content else None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        if answer.status_code in PASSING:
            # The word of something that stands before the portal.
            raise _not_now(answer, {}) from error
        raise Unreachable(
            f"{url} answers {answer.status_code} with something that is no JSON: is it the portal?"
        ) from error
    if answer.status_code in PASSING:
        raise _not_now(answer, body if isinstance(body, dict) else {})
    if answer.is_error:
        raise Problem(answer.status_code, body if isinstance(body, dict) else {})
    return body


def _not_now(answer: httpx.Response, body: Mapping[str, Any]) -> Problem:
    seconds = _asked_seconds(answer)
    problem = Problem(answer.status_code, body)
    problem.details.append(f"Try again in {_in_words(seconds) if seconds else 'a few minutes'}.")
    return problem


def _asked_seconds(answer: httpx.Response) -> float | None:
    """How long the portal wants to be left alone (RFC 9110, 10.2.3); None where it does not say."""
    asked = answer.headers.get("Retry-After", "").strip()
    if asked.isascii() and asked.isdigit():
        return float(asked[:9])
    try:
        until = parsedate_to_datetime(asked)
    except (ValueError, TypeError):
        return None
    return max(until.timestamp() - time.time(), 0.0)


def _in_words(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds < 120 else f"{seconds / 60:.0f} minutes"
