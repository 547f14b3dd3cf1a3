"""An API server of a cluster, small but strict: recorded schemas, versions, field owners, and faults on request.

It refuses bodies that break the recorded schema, keeps resource versions and generations, and knows who owns
which field, so that a server-side apply conflicts where a real one would. Deployments get their status from
`settle`, as from a controller.
"""

from __future__ import annotations

import base64
import copy
import json
import socket
import struct
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jsonschema_rs

TOKEN = "cluster-token-5c1e"
NAMESPACE = "connectors"
MAX_DATA_BYTES = 1024 * 1024
_SCHEMAS = json.loads((Path(__file__).parent / "kubernetes-1.37-subset.json").read_text())
_KINDS = {"configmaps": "V1ConfigMap", "deployments": "V1Deployment"}
_UNOWNED = {
    ("apiVersion",),
    ("kind",),
    ("metadata", "name"),
    ("metadata", "namespace"),
    ("metadata", "resourceVersion"),
}
Leaves = dict[tuple[str, ...], Any]


def _validator(name: str) -> Any:
    schema = {"$ref": f"#/definitions/{name}", "definitions": _SCHEMAS["definitions"]}
    return jsonschema_rs.Draft202012Validator(schema)


VALIDATORS = {kind: _validator(name) for kind, name in _KINDS.items()}


def leaves(value: Any, path: tuple[str, ...] = ()) -> Leaves:
    """The fields of an object by path; lists count as one field."""
    if isinstance(value, dict) and value:
        return {
            found: leaf for name, one in value.items() for found, leaf in leaves(one, (*path, name)).items()
        }
    return {path: value}


class Refused(Exception):
    def __init__(
        self, status: int, reason: str, message: str, causes: list[dict[str, str]] | None = None
    ) -> None:
        self.status = status
        details = {"causes": causes} if causes else {}
        self.body = {
            "kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": reason, "message": message,
            "code": status, "details": details,
        }  # fmt: skip
        super().__init__(message)


class Cluster:
    """One namespace. `faults` are (kind, method) pairs that strike once each, in order."""

    def __init__(self) -> None:
        self.objects: dict[tuple[str, str], dict[str, Any]] = {}
        self.owners: dict[tuple[str, str], dict[tuple[str, ...], set[tuple[str, str]]]] = {}
        self.faults: list[tuple[str, str]] = []
        self.requests: list[tuple[str, str]] = []
        self.has_controller = True
        self._version = 100
        self._lock = threading.RLock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        self.base_url = f"http://127.0.0.1:{self._server.server_port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def strike(self, method: str) -> str:
        with self._lock:
            for index, (kind, on) in enumerate(self.faults):
                if on in (method, "*"):
                    del self.faults[index]
                    return kind
        return ""

    def edit(self, kind: str, name: str, manager: str, **data: str) -> None:
        """Somebody else changes an object's data with a tool of their own."""
        with self._lock:
            found = self.objects[kind, name]
            found.setdefault("data", {}).update(data)
            for field in data:
                self.owners[kind, name][("data", field)] = {(manager, "Update")}
            self._touch(found)

    def settle(self, name: str, *, ready: int | None = None, condition: dict[str, str] | None = None) -> None:
        """What a controller does: look at the newest generation and say how far it is."""
        with self._lock:
            found = self.objects["deployments", name]
            replicas = found["spec"]["replicas"]
            done = replicas if ready is None else ready
            found["status"] = {
                "observedGeneration": found["metadata"]["generation"], "replicas": replicas,
                "updatedReplicas": done, "availableReplicas": done, "conditions": [condition] if condition else [],
            }  # fmt: skip
            self._touch(found)

    def handle(self, method: str, path: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        with self._lock:
            if path == "/version":
                return 200, {"major": "1", "minor": "37", "gitVersion": "v1.37.0"}
            kind, name = self._placed(path)
            if method == "GET":
                return 200, self._get(kind, name) if name else self._list(kind, query)
            if method == "DELETE":
                self._get(kind, name)
                del self.objects[kind, name], self.owners[kind, name]
                return 200, {"kind": "Status", "status": "Success"}
            self._check(kind, body)
            if method == "POST":
                return 201, self._create(kind, body, query["fieldManager"])
            return 200, self._apply(
                kind, name, body, query["fieldManager"], is_forced=query.get("force") == "true"
            )

    def _placed(self, path: str) -> tuple[str, str]:
        for kind, group in (("configmaps", "/api/v1"), ("deployments", "/apis/apps/v1")):
            start = f"{group}/namespaces/{NAMESPACE}/{kind}"
            if path == start or path.startswith(f"{start}/"):
                return kind, path[len(start) + 1 :]
        raise Refused(404, "NotFound", f"the server could not find {path}")

    def _get(self, kind: str, name: str) -> dict[str, Any]:
        if (kind, name) not in self.objects:
            raise Refused(404, "NotFound", f'{kind} "{name}" not found')
        return copy.deepcopy(self.objects[kind, name])

    def _list(self, kind: str, query: dict[str, str]) -> dict[str, Any]:
        label, _, wanted = query.get("labelSelector", "").partition("=")
        found = [
            copy.deepcopy(value)
            for (of, _), value in sorted(self.objects.items())
            if of == kind and (not label or value["metadata"].get("labels", {}).get(label) == wanted)
        ]
        start, limit = int(query.get("continue", "0")), int(query.get("limit", "500"))
        more = {"continue": str(start + limit)} if start + limit < len(found) else {}
        return {"kind": "List", "metadata": more, "items": found[start : start + limit]}

    def _check(self, kind: str, body: Any) -> None:
        error = next(VALIDATORS[kind].iter_errors(body), None)
        if error is not None:
            raise Refused(400, "BadRequest", f"strict decoding error: {error.message}")
        size = sum(len(text) for text in (body.get("data") or {}).values())
        size += sum(len(base64.b64decode(text)) for text in (body.get("binaryData") or {}).values())
        if size > MAX_DATA_BYTES:
            raise Refused(422, "Invalid", "data: Too long: may not be more than 1048576 bytes")
        labels = body["metadata"].get("labels", {})
        if any(len(text) > 63 for text in labels.values()):
            raise Refused(422, "Invalid", "metadata.labels: must be no more than 63 characters")

    def _create(self, kind: str, body: dict[str, Any], manager: str) -> dict[str, Any]:
        name = body["metadata"]["name"]
        if (kind, name) in self.objects:
            raise Refused(409, "AlreadyExists", f'{kind} "{name}" already exists')
        made = copy.deepcopy(body)
        made["metadata"] |= {"namespace": NAMESPACE, "generation": 1}
        self.objects[kind, name] = made
        self.owners[kind, name] = {
            path: {(manager, "Update")} for path in leaves(body) if path not in _UNOWNED
        }
        return self._touch(made)

    def _apply(
        self, kind: str, name: str, body: dict[str, Any], manager: str, *, is_forced: bool
    ) -> dict[str, Any]:
        mine, me = (
            {path: leaf for path, leaf in leaves(body).items() if path not in _UNOWNED},
            (manager, "Apply"),
        )
        found = self.objects.get((kind, name))
        asked_version = body["metadata"].get("resourceVersion")
        if asked_version and (found is None or found["metadata"]["resourceVersion"] != asked_version):
            raise Refused(
                409,
                "Conflict",
                "the object has been modified; please apply your changes to the latest version",
            )
        if found is None:
            made = copy.deepcopy(body)
            made["metadata"] |= {"namespace": NAMESPACE, "generation": 1}
            self.objects[kind, name], self.owners[kind, name] = made, {path: {me} for path in mine}
            return self._touch(made)
        if found.get("immutable"):
            raise Refused(422, "Invalid", "data: Forbidden: field is immutable when `immutable` is set")
        owners, now = self.owners[kind, name], leaves(found)
        self._refuse_conflicts(owners, now, mine, me, is_forced=is_forced)
        for path in [path for path, who in owners.items() if me in who and path not in mine]:
            owners[path].discard(me)
            if not owners[path]:
                del owners[path]
                _remove(found, path)
        changed = any(now.get(path) != leaf for path, leaf in mine.items() if path[0] == "spec")
        for path, leaf in mine.items():
            _put(found, path, copy.deepcopy(leaf))
            others = set() if is_forced and now.get(path) != leaf else owners.get(path, set())
            owners[path] = others | {me}
        found["metadata"]["generation"] += int(changed)
        return self._touch(found)

    def _refuse_conflicts(self, owners: Any, now: Leaves, mine: Leaves, me: Any, *, is_forced: bool) -> None:
        if is_forced:
            return
        causes = [
            {"reason": "FieldManagerConflict", "field": ".".join(path), "message": f"conflict with {sorted(who - {me})}"}
            for path, leaf in mine.items()
            if (who := owners.get(path, set())) - {me} and now.get(path) != leaf
        ]  # fmt: skip
        if causes:
            raise Refused(
                409, "Conflict", f"Apply failed with {len(causes)} conflicts: {causes[0]['field']}", causes
            )

    def _touch(self, found: dict[str, Any]) -> dict[str, Any]:
        self._version += 1
        found["metadata"]["resourceVersion"] = str(self._version)
        if found["kind"] == "Deployment" and self.has_controller and "status" not in found:
            self.settle(found["metadata"]["name"])
        return copy.deepcopy(found)


def _put(value: dict[str, Any], path: tuple[str, ...], leaf: Any) -> None:
    for name in path[:-1]:
        value = value.setdefault(name, {})
    value[path[-1]] = leaf


def _remove(value: dict[str, Any], path: tuple[str, ...]) -> None:
    for name in path[:-1]:
        value = value.get(name, {})
    value.pop(path[-1], None)


def _handler(cluster: Cluster) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer()

        do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815 - the names that the library calls

        def log_message(self, *_: object) -> None:
            pass

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            parts = urlsplit(self.path)
            cluster.requests.append((self.command, parts.path))
            fault = cluster.strike(self.command)
            if fault in ("hang", "drip", "reset"):
                self._misbehave(fault)
                return
            if fault.isdigit():
                self._send(int(fault), json.dumps(Refused(int(fault), "Injected", "as asked").body).encode())
                return
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                self._send(401, json.dumps(Refused(401, "Unauthorized", "Unauthorized").body).encode())
                return
            query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            try:
                status, value = cluster.handle(
                    self.command, parts.path, query, json.loads(body) if body else None
                )
            except Refused as refused:
                status, value = refused.status, refused.body
            if fault == "reset-after":
                self._misbehave("reset")
                return
            self._send(status, b"{not json" if fault == "garbage" else json.dumps(value).encode())

        def _misbehave(self, fault: str) -> None:
            if fault == "reset":
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            else:
                try:
                    for letter in b"HTTP/1.1 200 OK\r\nX-Slow: " + b"x" * 2_000:
                        time.sleep(0.05)
                        if fault == "drip":
                            self.connection.sendall(bytes([letter]))
                except OSError:
                    pass
            self.close_connection = True
            self.connection.close()

        def _send(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            if status == 429:
                self.send_header("Retry-After", "7")
            if status in (301, 302, 307):
                self.send_header("Location", "http://127.0.0.1:9/")
            self.end_headers()
            self.wfile.write(body)

    return Handler
