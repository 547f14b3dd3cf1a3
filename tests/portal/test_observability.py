"""Errors and traces reach a collector on this machine, and nothing secret goes with them."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from portal import observability
from tests.services import address_of_test_database

ROOT = Path(__file__).resolve().parents[2]
SECRETS = (
    "ccp_0123456789abcdefghijklmn", "hunter2-in-a-variable", "key-of-a-calendar-0123456789", "session-of-somebody",
    "value-of-a-parameter", "somebody@example.test",
)  # fmt: skip
TOKEN, VARIABLE, CALENDAR, SESSION, VALUE, EMAIL = SECRETS

# A web process that answers one request, fails at another, and ends.
PROGRAM = f"""
from portal.wsgi import application
from django.conf import settings
settings.ROOT_URLCONF, settings.ALLOWED_HOSTS = "failing_urls", ["*"]
from django.test import RequestFactory
private = {{"HTTP_AUTHORIZATION": "Bearer {TOKEN}", "HTTP_COOKIE": "session={SESSION}"}}
told = []
def ask(request):
    list(application(request.environ, lambda status, headers, exc_info=None: told.append(status)))
ask(RequestFactory().get("/calendar/{CALENDAR}.ics?email={EMAIL}", **private))
ask(RequestFactory().post("/fail/{CALENDAR}/", {{"password": "{VARIABLE}"}}, **private))
assert [status[:3] for status in told] == ["200", "500"], told
import sentry_sdk
sentry_sdk.flush()
from opentelemetry import trace
getattr(trace.get_tracer_provider(), "force_flush", bool)()
"""
URLS = f"""
from django.db import connection
from django.http import HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_exempt

def feed(request, key):
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::text", ["{VALUE}"])
    return HttpResponse("")

@csrf_exempt
def fail(request, key):
    password = "{VARIABLE}"
    raise RuntimeError("refused with Bearer {TOKEN}")

urlpatterns = [path("calendar/<str:key>.ics", feed), path("fail/<str:key>/", fail)]
handler500 = lambda request: HttpResponse(status=500)
"""


@dataclass
class Collector:
    """What arrived: (path, body as it was before it was packed)."""

    url: str
    received: list[tuple[str, bytes]] = field(default_factory=list)


@pytest.fixture
def collector() -> Iterator[Collector]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            packed = self.headers.get("Content-Encoding", "")
            if packed == "gzip":
                body = gzip.decompress(body)
            elif packed == "deflate":
                body = zlib.decompress(body)
            else:
                assert packed == "", f"asked for {packed}"
            found.received.append((self.path, body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found = Collector(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


def _run(tmp_path: Path, **settings: str) -> None:
    (tmp_path / "failing_urls.py").write_text(URLS)
    environment = {name: value for name, value in os.environ.items() if name != "PYTEST_VERSION"} | {
        "DJANGO_SETTINGS_MODULE": "portal.settings.test",
        "DATABASE_URL": address_of_test_database(),
        "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path}",
        "PORTAL_VERSION": "1.2.3",
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environment | settings, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


@pytest.mark.django_db(transaction=True)
def test_an_error_is_reported_without_what_is_secret(collector, tmp_path):
    address = collector.url.replace("http://", "http://publickey@") + "/7"
    _run(tmp_path, SENTRY_DSN=address, SENTRY_ENVIRONMENT="staging")
    sent = b"\n".join(body for path, body in collector.received if path == "/api/7/envelope/")
    events = [json.loads(line) for line in sent.splitlines() if b'"exception"' in line]
    [event] = events
    error = event["exception"]["values"][-1]
    assert error["type"] == "RuntimeError"
    assert error["value"].startswith("refused with Bearer ")
    assert any(frame["function"] == "fail" for frame in error["stacktrace"]["frames"])
    assert event["request"] == {"method": "POST"}
    assert (event["environment"], event["release"], event["tags"]["service"]) == ("staging", "1.2.3", "web")
    for secret in SECRETS:
        assert secret.encode() not in sent, secret


@pytest.mark.django_db(transaction=True)
def test_traces_tell_routes_statements_and_times_and_no_values(collector, tmp_path):
    _run(tmp_path, TRACES_ENDPOINT=f"{collector.url}/v1/traces", TRACES_SHARE="1")
    sent = [body for path, body in collector.received if path == "/v1/traces"]
    spans, resources = {}, set()
    for body in sent:
        for group in ExportTraceServiceRequest.FromString(body).resource_spans:
            resources |= {(each.key, each.value.string_value) for each in group.resource.attributes}
            for scope in group.scope_spans:
                for span in scope.spans:
                    spans[span.name] = {each.key: each.value for each in span.attributes}
    assert ("service.name", "portal-web") in resources
    assert ("service.version", "1.2.3") in resources
    assert {"GET calendar/<str:key>.ics", "POST fail/<str:key>/"} <= set(spans)
    statements = {
        found[name].string_value for found in spans.values() for name in ("db.statement", "db.query.text") if name in found
    }  # fmt: skip
    assert "SELECT %s::text" in statements
    for secret in SECRETS:
        assert secret.encode() not in b"".join(sent), secret


def test_without_a_place_nothing_is_loaded_and_nothing_leaves():
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, portal.wsgi; print(*sys.modules)"],
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "portal.settings.test"},
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = loaded.stdout.split()
    assert "portal.observability" in found
    for name in ("sentry_sdk", "opentelemetry.exporter", "opentelemetry.instrumentation"):
        assert name not in found


@pytest.mark.parametrize(
    ("setting", "value", "package"),
    [("SENTRY_DSN", "https://key@errors.example/1", "sentry_sdk"), ("TRACES_ENDPOINT", "http://c:4318", "opentelemetry")],
)  # fmt: skip
def test_a_place_without_its_library_stops_the_start_with_a_sentence(
    settings, monkeypatch, setting, value, package
):
    settings.SENTRY_DSN = settings.TRACES_ENDPOINT = ""
    setattr(settings, setting, value)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImproperlyConfigured, match=f"{setting} is set, but .* “observability”"):
        observability.start("web")


def test_masking_reaches_every_text_in_lists_and_tables():
    told = observability.masked(
        {
            "password": VARIABLE,
            "frames": [{"line": f"Bearer {TOKEN}"}],
            "count": 3,
            "at": f"/calendar/{CALENDAR}",
        }
    )
    assert told["count"] == 3
    for secret in (TOKEN, VARIABLE, CALENDAR):
        assert secret not in json.dumps(told)
