"""A service behind a stored package: versions, credentials and submissions whose operations really answer."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from certification.models import Revision, Submission, TestCredential
from certification.services import credentials
from connectors.models import Version
from portal.shared import storage
from portal.shared.secrets import Secret
from tests.factories import ConnectorFactory, VersionFactory
from tests.factories.rollouts import add_submission
from tests.runtime.servers import HOST, Backend, Received, as_json, definition

KEY = "harbour-key-4711-secret"
LIST = {
    "operationId": "ListHarbours",
    "summary": "List harbours",
    "parameters": [{"name": "limit", "in": "query", "type": "integer", "description": "How many at most."}],
    "responses": {
        "200": {"description": "OK", "schema": {"type": "array", "items": {"type": "object"}}},
        "400": {"description": "Wrong"},
    },
}
GET = {
    "operationId": "GetTides",
    "summary": "Get tides",
    "parameters": [
        {"name": "id", "in": "path", "type": "string", "required": True, "x-ms-summary": "Harbour"}
    ],
    "responses": {"200": {"description": "OK"}, "404": {"description": "No such harbour"}},
}
API_KEY = {"type": "apiKey", "in": "header", "name": "X-Api-Key"}


def harbour_definition() -> dict[str, Any]:
    made = definition(root={"securityDefinitions": {"key": API_KEY}, "security": [{"key": []}]})
    made["paths"] = {"/harbours": {"get": LIST}, "/harbours/{id}/tides": {"get": GET}}
    return made


def package(made: dict[str, Any] | None = None) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("apiDefinition.swagger.json", json.dumps(made or harbour_definition()))
        archive.writestr("apiProperties.json", json.dumps({"properties": {"connectionParameters": {}}}))
    return target.getvalue()


def harbour_service(received: Received):
    """Knows one key and two addresses."""
    if received.headers.get("X-Api-Key") != KEY:
        return as_json({"error": "unknown key"}, 401)
    if received.path.startswith("/v1/harbours?limit=x"):
        return as_json({"error": "limit"}, 400)
    if received.path.startswith("/v1/harbours/quay/tides"):
        return as_json({"height": 2.5, "echo": received.headers["X-Api-Key"]})
    if received.path.partition("?")[0] == "/v1/harbours":
        return as_json([{"id": "quay"}])
    return as_json({"error": "no such harbour"}, 404)


def version_of(cast, made: dict[str, Any] | None = None, connector=None) -> Version:
    connector = connector or ConnectorFactory(publisher=cast.publisher)
    number = connector.versions.count() + 1
    listed = [{"id": "ListHarbours", "method": "get"}, {"id": "GetTides", "method": "get"}]
    return VersionFactory(
        connector=connector, number=number, label=f"1.{number}.0", digest=storage.store(package(made)),
        created_by=cast.developer, facts={"operations": listed},
    )  # fmt: skip


def submission_with(cast, state: str = "in_review", made: dict[str, Any] | None = None) -> Submission:
    submission = add_submission(cast, state=state)
    version = version_of(cast, made, submission.connector)
    submission.revision = Revision.objects.create(
        submission=submission, number=2, version=version, handed_in_by=cast.developer
    )
    submission.version = version
    submission.save()
    return submission


def add_key(submission: Submission, actor, key: str = KEY, **more: Any) -> TestCredential:
    given = credentials.CredentialInput(
        kind="api_key", purpose=more.pop("purpose", "Sandbox"), values={"key": Secret(key)}, **more
    )
    return credentials.add_credential(submission, given=given, actor=actor)


def served_by(settings, server: Backend, *names: str) -> None:
    """The portal reaches the service's name on this machine."""
    settings.EGRESS_LOCAL_HOSTS = [f"{name}=127.0.0.1:{server.port}" for name in names or (HOST,)]
