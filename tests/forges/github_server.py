"""GitHub's REST and GraphQL interfaces as they are published, for one repository, over real HTTP: what the portal calls.

Answers, status codes, headers and refusals are those that the reference documents. Every call is written down.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt

from tests.forges import github_graphql

HOST = "api.github.harbour.example"
API = f"https://{HOST}"
APP_TOKEN, PERSONAL_TOKEN = "ghs_quay0000app", "github_pat_quay0000person"
MOST_ANNOTATIONS = 50
DOCUMENTATION = "https://docs.github.com/rest"
_NOT_AN_APP = "Resource not accessible by personal access token"


@dataclass
class GitHub:
    """One repository. `fail` maps (method, start of the path) to (status, headers, message), used once each.
    `changed` are the lines of each file that pull requests change: comments stand nowhere else."""

    name: str = "harbour/all"
    pulls: dict[int, dict[str, Any]] = field(default_factory=dict)
    runs: dict[int, dict[str, Any]] = field(default_factory=dict)
    statuses: list[dict[str, Any]] = field(default_factory=list)
    comments: dict[int, dict[str, Any]] = field(default_factory=dict)
    code_comments: dict[int, dict[str, Any]] = field(default_factory=dict)
    changed: dict[str, set[int]] = field(default_factory=dict)
    resolved: dict[int, str] = field(default_factory=dict)
    graphql_errors: list[dict[str, str]] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    bodies: list[Any] = field(default_factory=list)
    fail: list[tuple[str, str, int, dict[str, str], str]] = field(default_factory=list)
    largest_page: int = 100
    port: int = 0
    next_id: int = 4_000
    app_id: str = "271828"
    installation: int = 31_415
    app_key: Any = None
    installation_tokens: dict[str, bool] = field(default_factory=dict)
    lasting_seconds: int = 3_600
    seconds: int = 0

    def new_id(self) -> int:
        self.next_id += 1
        return self.next_id

    def open_pull(self, number: int, head: str, *, base: str = "dev", **changes: Any) -> dict[str, Any]:
        """A pull request from a fork, as the list and the single read give it."""
        pull = {
            "id": 9_000 + number,
            "number": number,
            "state": "open",
            "title": f"Change {number}",
            "user": {"login": "astrid-quay", "id": 7, "type": "User"},
            "head": {"label": f"astrid-quay:change-{number}", "ref": f"change-{number}", "sha": head},
            "base": {"label": f"harbour:{base}", "ref": base, "sha": "b" * 40},
            "html_url": f"https://github.harbour.example/{self.name}/pull/{number}",
            "merged_at": None,
            "merge_commit_sha": None,
            "draft": False,
        }
        self.pulls[number] = pull | changes
        return self.pulls[number]

    def now(self) -> str:
        """Its own clock, a second further each time."""
        self.seconds += 1
        return f"2026-11-28T02:{self.seconds // 60:02d}:{self.seconds % 60:02d}Z"

    def say(
        self, number: int, body: str, *, path: str = "", line: int | None = None, answers: int | None = None,
        login: str = "astrid-quay", side: str = "RIGHT",
    ) -> dict[str, Any]:  # fmt: skip
        """A review comment by somebody, as the lists give it."""
        if answers is not None:
            first = self.code_comments[answers]
            path, line = first["path"], first["line"]
        made, moment = self.new_id(), self.now()
        self.code_comments[made] = {
            "id": made,
            "pull_request_review_id": 42,
            "path": path,
            "line": line,
            "original_line": line,
            "side": side,
            "subject_type": "line" if line else "file",
            "commit_id": self.pulls[number]["head"]["sha"],
            "original_commit_id": self.pulls[number]["head"]["sha"],
            "user": {"login": login, "id": 7, "type": "User"},
            "body": body,
            "author_association": "CONTRIBUTOR",
            "created_at": moment,
            "updated_at": moment,
            "html_url": f"https://github.harbour.example/{self.name}/pull/{number}#discussion_r{made}",
            "pull_request_url": f"{API}/repos/{self.name}/pulls/{number}",
        }
        if answers is not None:
            self.code_comments[made]["in_reply_to_id"] = answers
        return self.code_comments[made]

    def edit(self, comment: int, body: str) -> dict[str, Any]:
        self.code_comments[comment] |= {"body": body, "updated_at": self.now()}
        return self.code_comments[comment]

    def settle(self, first: int, *, is_resolved: bool = True, login: str = "astrid-quay") -> None:
        """Somebody presses "Resolve conversation", or "Unresolve"."""
        if is_resolved:
            self.resolved[first] = login
        else:
            self.resolved.pop(first, None)

    def told_of_comment(self, action: str, number: int, comment: dict[str, Any]) -> bytes:
        """The delivery of `pull_request_review_comment`."""
        return self._told(action, comment=comment, pull_request={"number": number, "state": "open"})

    def told_of_thread(self, action: str, number: int, first: int) -> bytes:
        """Somebody resolves it, or opens it again, and `pull_request_review_thread` is delivered."""
        self.settle(first, is_resolved=action == "resolved")
        comments = [
            each for each in self.code_comments.values() if first in {each["id"], each.get("in_reply_to_id")}
        ]
        thread = {"node_id": "PRRT_quay", "comments": comments}
        return self._told(action, thread=thread, pull_request={"number": number, "state": "open"})

    def run_again(self, run: int) -> bytes:
        """What an app is told when somebody presses "Re-run"; the run itself waits for it from then on."""
        self.runs[run] |= {"status": "queued", "conclusion": None}
        shown = _shown_run(self.runs[run])
        suite = {"id": 5, "head_branch": "change-7", "head_sha": shown["head_sha"], "status": "queued"}
        # Pull requests from forks are not named here.
        return self._told("rerequested", check_run={**shown, "check_suite": suite, "pull_requests": []})

    def run_suite_again(self, sha: str) -> bytes:
        """The same for everything that an app said about a commit ("Re-run all checks")."""
        for run in self.runs.values():
            if run["head_sha"] == sha:
                run |= {"status": "queued", "conclusion": None}
        return self._told("rerequested", check_suite={"id": 5, "head_sha": sha, "pull_requests": []})

    def _told(self, action: str, **about: Any) -> bytes:
        where = {"id": 1, "full_name": self.name}
        told = {"action": action, **about, "repository": where, "sender": {"login": "astrid-quay"}}
        return json.dumps(told).encode()

    def bodies_of(self, method: str, start: str) -> list[Any]:
        return [
            body
            for (verb, path), body in zip(self.calls, self.bodies, strict=True)
            if verb == method and path.startswith(f"/repos/{self.name}{start}")
        ]


def signed(body: bytes, secret: str, event: str, delivery: str) -> dict[str, str]:
    """The headers that GitHub puts on a delivery."""
    digest = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return {
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": delivery,
        "X-GitHub-Hook-ID": "292430182",
        "X-Hub-Signature-256": f"sha256={digest}",
    }


class _Refusal(Exception):
    def __init__(self, code: int, message: str, headers: dict[str, str] | None = None, **more: Any) -> None:
        super().__init__(message)
        self.status = code
        self.headers = headers or {}
        self.body = {"message": message, "documentation_url": DOCUMENTATION, **more}


class _Handler(BaseHTTPRequestHandler):
    hub: GitHub
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        raw = self.rfile.read(length)
        headers: dict[str, str] = {"X-RateLimit-Limit": "5000", "X-RateLimit-Remaining": "4987"}
        try:
            status, body = self._route(raw, headers)
        except _Refusal as refusal:
            status, body = refusal.status, refusal.body
            headers |= refusal.headers
        content = json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PATCH = _answer  # noqa: N815 - http.server's names

    def _route(self, raw: bytes, headers: dict[str, str]) -> tuple[int, Any]:
        parts = urlsplit(self.path)
        sent = json.loads(raw) if raw else None
        self.hub.calls.append((self.command, parts.path))
        self.hub.bodies.append(sent)
        found = re.fullmatch(r"/app/installations/(\d+)/access_tokens", parts.path)
        if found and self.command == "POST":
            return self._make_installation_token(int(found[1]))
        if parts.path == "/graphql" and self.command == "POST":
            return self._query(sent)
        self._check_headers()
        for planned in self.hub.fail:
            method, start, status, more, message = planned
            if method == self.command and parts.path.startswith(f"/repos/{self.hub.name}{start}"):
                self.hub.fail.remove(planned)
                raise _Refusal(status, message, more)
        root = f"/repos/{self.hub.name}"
        if parts.path.lower() != root.lower() and not parts.path.lower().startswith(f"{root}/".lower()):
            raise _Refusal(404, "Not Found", status="404")
        path, query = (
            parts.path[len(root) :],
            {name: values[0] for name, values in parse_qs(parts.query).items()},
        )
        for method, pattern, answer in _ROUTES:
            found = re.fullmatch(pattern, path)
            if found and method == self.command:
                return answer(self, query, sent, headers, *found.groups())
        raise _Refusal(404, "Not Found", status="404")

    def _query(self, sent: Any) -> tuple[int, Any]:
        """Everything but a missing sign-in is answered with 200, refusals too."""
        if self._token() not in {APP_TOKEN, PERSONAL_TOKEN} and not self._is_installation():
            raise _Refusal(401, "Bad credentials", status="401")
        if self.hub.graphql_errors:
            return 200, {"data": None, "errors": self.hub.graphql_errors}
        return 200, github_graphql.answer(self.hub, sent)

    def _check_headers(self) -> None:
        if not self.headers.get("User-Agent"):
            raise _Refusal(403, "Request forbidden by administrative rules.")
        if self.headers.get("X-GitHub-Api-Version") != "2022-11-28":
            raise _Refusal(400, "Unsupported API version")
        if self._token() not in {APP_TOKEN, PERSONAL_TOKEN} and not self._is_installation():
            raise _Refusal(401, "Bad credentials", status="401")

    def _code_comment(self, number: str) -> dict[str, Any]:
        if int(number) not in self.hub.code_comments:
            raise _Refusal(404, "Not Found", status="404")
        return self.hub.code_comments[int(number)]

    def list_code_comments(
        self, query: dict[str, str], sent: Any, headers: dict[str, str], number: str
    ) -> tuple[int, Any]:
        self.read_pull(query, sent, headers, number)
        rows = [
            each
            for each in self.hub.code_comments.values()
            if each["pull_request_url"].endswith(f"/pulls/{number}")
            # "Last updated after the given time."
            and each["updated_at"] > query.get("since", "")
        ]
        key = "updated_at" if query.get("sort") == "updated" else "created_at"
        rows.sort(key=lambda each: each[key], reverse=query.get("direction") == "desc")
        return 200, self._page(rows, query, headers)

    def read_code_comment(self, query: Any, sent: Any, headers: Any, number: str) -> tuple[int, Any]:
        return 200, self._code_comment(number)

    def make_code_comment(self, query: Any, sent: Any, headers: Any, number: str) -> tuple[int, Any]:
        self.read_pull(query, sent, headers, number)
        for name in ("body", "commit_id", "path"):
            if not sent.get(name):
                raise _Refusal(422, 'Invalid request.\n\n"' + name + "\" wasn't supplied.")
        lines, line = self.hub.changed.get(sent["path"]), sent.get("line")
        if lines is None:
            raise _Refusal(422, "Validation Failed", errors=["pull_request_review_thread.path is invalid"])
        if sent.get("subject_type") != "file" and line not in lines:
            what = "pull_request_review_thread.line must be part of the diff"
            raise _Refusal(422, "Validation Failed", errors=[what])
        return 201, self.hub.say(int(number), sent["body"], path=sent["path"], line=line, login="portal[bot]")

    def answer_code_comment(
        self, query: Any, sent: Any, headers: Any, number: str, first: str
    ) -> tuple[int, Any]:
        if self._code_comment(first).get("in_reply_to_id"):
            raise _Refusal(422, "Validation Failed", errors=["in_reply_to_id must be top-level"])
        made = self.hub.say(int(number), sent["body"], answers=int(first), login="portal[bot]")
        return 201, made

    def _token(self) -> str:
        return (self.headers.get("Authorization") or "").removeprefix("Bearer ")

    def _is_installation(self) -> bool:
        return self.hub.installation_tokens.get(self._token(), False)

    def _make_installation_token(self, installation: int) -> tuple[int, Any]:
        """As the reference says of apps: RS256, the id as issuer, at most ten minutes, not from the future."""
        now = time.time()
        try:
            claims = jwt.decode(
                self._token(), self.hub.app_key, algorithms=["RS256"], issuer=self.hub.app_id,
                options={"require": ["exp", "iat", "iss"]},
            )  # fmt: skip
        except jwt.PyJWTError:
            raise _Refusal(401, "A JSON web token could not be decoded", status="401") from None
        if claims["iat"] > now or claims["exp"] - now > 600:
            raise _Refusal(401, "'Expiration time' claim ('exp') is too far in the future", status="401")
        if installation != self.hub.installation:
            raise _Refusal(404, "Not Found", status="404")
        token = f"ghs_installation{len(self.hub.installation_tokens)}"
        self.hub.installation_tokens[token] = True
        ends = datetime.fromtimestamp(now + self.hub.lasting_seconds, UTC)
        return 201, {"token": token, "expires_at": f"{ends:%Y-%m-%dT%H:%M:%SZ}", "permissions": {}}

    def _only_apps(self) -> None:
        if self._token() != APP_TOKEN and not self._is_installation():
            raise _Refusal(403, _NOT_AN_APP, {"X-Accepted-GitHub-Permissions": "checks=write"}, status="403")

    def _page(self, rows: list[Any], query: dict[str, str], headers: dict[str, str]) -> list[Any]:
        size = min(int(query.get("per_page", 30)), self.hub.largest_page)
        number = int(query.get("page", 1))
        if number * size < len(rows):
            parts = urlsplit(self.path)
            kept = "".join(f"&{name}={value}" for name, value in query.items() if name not in {"page"})
            headers["Link"] = (
                f'<{API}{parts.path}?page={number + 1}{kept}>; rel="next", '
                f'<{API}{parts.path}?page={-(-len(rows) // size)}{kept}>; rel="last"'
            )
        return rows[(number - 1) * size : number * size]

    def repository(self, query: Any, sent: Any, headers: Any) -> tuple[int, Any]:
        return 200, {"id": 1, "full_name": self.hub.name, "private": False, "default_branch": "dev"}

    def list_pulls(self, query: dict[str, str], sent: Any, headers: dict[str, str]) -> tuple[int, Any]:
        wanted = query.get("state", "open")
        rows = [
            pull
            for pull in sorted(self.hub.pulls.values(), key=lambda each: -each["number"])
            if wanted in {"all", pull["state"]}
            and query.get("base", pull["base"]["ref"]) == pull["base"]["ref"]
        ]
        return 200, self._page(rows, query, headers)

    def read_pull(self, query: Any, sent: Any, headers: Any, number: str) -> tuple[int, Any]:
        if int(number) not in self.hub.pulls:
            raise _Refusal(404, "Not Found", status="404")
        return 200, self.hub.pulls[int(number)]

    def make_run(self, query: Any, sent: Any, headers: Any) -> tuple[int, Any]:
        self._only_apps()
        if not sent.get("name") or not re.fullmatch(r"[0-9a-f]{40}", str(sent.get("head_sha"))):
            raise _Refusal(422, "Invalid request.", errors=[{"code": "missing_field"}])
        run = {"id": self.hub.new_id(), "head_sha": sent["head_sha"], "status": "queued", "annotations": []}
        self._write_run(run, sent)
        self.hub.runs[run["id"]] = run
        return 201, _shown_run(run)

    def change_run(self, query: Any, sent: Any, headers: Any, number: str) -> tuple[int, Any]:
        self._only_apps()
        if int(number) not in self.hub.runs:
            raise _Refusal(404, "Not Found", status="404")
        self._write_run(self.hub.runs[int(number)], sent)
        return 200, _shown_run(self.hub.runs[int(number)])

    def _write_run(self, run: dict[str, Any], sent: dict[str, Any]) -> None:
        output = sent.get("output") or {}
        added = output.get("annotations") or []
        if len(added) > MOST_ANNOTATIONS:
            raise _Refusal(422, "Invalid request.\n\nNo more than 50 items are allowed.")
        if output and not (output.get("title") and output.get("summary")):
            raise _Refusal(422, 'Invalid request.\n\n"title", "summary" weren\'t supplied.')
        for note in added:
            fits = isinstance(note.get("start_line"), int) and note["start_line"] >= 1 and note.get("message")
            if not fits or note.get("annotation_level") not in {"notice", "warning", "failure"}:
                raise _Refusal(422, "Invalid request.\n\nFor 'properties/annotations'.")
        if sent.get("status") == "completed" and not sent.get("conclusion"):
            raise _Refusal(422, 'Invalid request.\n\n"conclusion" wasn\'t supplied.')
        run.update({name: sent[name] for name in _RUN_MEMBERS if name in sent})
        if sent.get("status") in {"queued", "in_progress"}:
            run["conclusion"] = None
        run["output"] = {"title": output.get("title"), "summary": output.get("summary")}
        run["annotations"] += added

    def list_runs(
        self, query: dict[str, str], sent: Any, headers: dict[str, str], sha: str
    ) -> tuple[int, Any]:
        self._only_apps()
        rows = [
            _shown_run(run)
            for run in self.hub.runs.values()
            if run["head_sha"] == sha and query.get("check_name", run["name"]) == run["name"]
        ]
        return 200, {"total_count": len(rows), "check_runs": self._page(rows, query, headers)}

    def make_status(self, query: Any, sent: Any, headers: Any, sha: str) -> tuple[int, Any]:
        if sent.get("state") not in {"error", "failure", "pending", "success"}:
            raise _Refusal(422, "Validation Failed", errors=[{"field": "state", "code": "invalid"}])
        if len(sent.get("description") or "") > 140:
            raise _Refusal(422, "Validation Failed", errors=[{"field": "description", "code": "custom"}])
        self.hub.statuses.append({"sha": sha, **sent})
        return 201, {"id": self.hub.new_id(), **sent}

    def list_comments(self, query: dict[str, str], sent: Any, headers: Any, number: str) -> tuple[int, Any]:
        rows = [comment for comment in self.hub.comments.values() if comment["issue"] == int(number)]
        return 200, self._page(rows, query, headers)

    def make_comment(self, query: Any, sent: Any, headers: Any, number: str) -> tuple[int, Any]:
        if not sent.get("body"):
            raise _Refusal(422, "Validation Failed", errors=[{"field": "body", "code": "missing_field"}])
        comment = {
            "id": self.hub.new_id(),
            "issue": int(number),
            "body": sent["body"],
            "user": {"login": "bot"},
        }
        self.hub.comments[comment["id"]] = comment
        return 201, comment

    def change_comment(self, query: Any, sent: Any, headers: Any, number: str) -> tuple[int, Any]:
        if int(number) not in self.hub.comments:
            raise _Refusal(404, "Not Found", status="404")
        self.hub.comments[int(number)]["body"] = sent["body"]
        return 200, self.hub.comments[int(number)]


_RUN_MEMBERS = ("name", "external_id", "details_url", "status", "conclusion")


def _shown_run(run: dict[str, Any]) -> dict[str, Any]:
    output = run["output"] | {"annotations_count": len(run["annotations"])}
    return {name: value for name, value in run.items() if name != "annotations"} | {"output": output}


_ROUTES: list[tuple[str, str, Any]] = [
    ("GET", "", _Handler.repository),
    ("GET", "/pulls", _Handler.list_pulls),
    ("GET", r"/pulls/(\d+)", _Handler.read_pull),
    ("GET", r"/pulls/(\d+)/comments", _Handler.list_code_comments),
    ("POST", r"/pulls/(\d+)/comments", _Handler.make_code_comment),
    ("POST", r"/pulls/(\d+)/comments/(\d+)/replies", _Handler.answer_code_comment),
    ("GET", r"/pulls/comments/(\d+)", _Handler.read_code_comment),
    ("POST", "/check-runs", _Handler.make_run),
    ("PATCH", r"/check-runs/(\d+)", _Handler.change_run),
    ("GET", "/commits/([0-9a-f]{40})/check-runs", _Handler.list_runs),
    ("POST", "/statuses/([0-9a-f]{40})", _Handler.make_status),
    ("GET", r"/issues/(\d+)/comments", _Handler.list_comments),
    ("POST", r"/issues/(\d+)/comments", _Handler.make_comment),
    ("PATCH", r"/issues/comments/(\d+)", _Handler.change_comment),
]


@contextmanager
def serving() -> Iterator[GitHub]:
    hub = GitHub()
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    hub.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
