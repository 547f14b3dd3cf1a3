"""What publishers' existing client asks for `paconn create`, `update` and `download`.

`connectorId` is the connector's slug. The client's environment is a team's slug, or anything for a token of
one team. It fetches files without its token, so their addresses are signed and die after ten minutes.
"""

from __future__ import annotations

import json
from typing import Any, cast

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from certification.api.paconn import FILE_ADVICE, PREFIX, ClientView, answer, body_of, stranger
from certification.queries import pushes as queries
from certification.services import pushes as services
from connectors.definitions.names import CANONICAL_NAMES, Role
from connectors.models import Connector, Version
from connectors.services.versions import load_package
from portal.accounts.models import ApiToken
from portal.shared.errors import InvalidInput
from portal.shared.web import signed_in_user

_SALT = "paconn-file"
_FILE_SECONDS = 600
# What the client puts among the properties for the server; none of it belongs to the publisher's file.
_ADDED = (
    "openApiDefinition",
    "backendService",
    "environment",
    "displayName",
    "description",
    "iconUri",
    "scriptDefinitionUrl",
)
# The client always asks where icons go, but never says whether it has one. A name without a dot ends its
# upload at once; any other would keep it trying in silence.
_NO_STORAGE = "https://icons-are-uploaded-in-the-portal/"


class MayPush(BasePermission):
    """A token that reads; to write, one that writes connectors and submissions."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        token: Any = request.auth
        if not isinstance(token, ApiToken):
            raise stranger(request)
        if token.connector_id:
            raise exceptions.PermissionDenied(_("This token is for one connector, and for certport."))
        needed = {ApiToken.Scope.READ}
        if request.method != "GET":
            needed = {ApiToken.Scope.CONNECTORS, ApiToken.Scope.SUBMISSIONS}
        if needed <= set(token.scopes):
            return True
        raise exceptions.PermissionDenied(
            _("This token may not do that: its scopes lack %(scopes)s. %(advice)s")
            % {"scopes": ", ".join(sorted(needed - set(token.scopes))), "advice": FILE_ADVICE}
        )


class PushView(ClientView):
    permission_classes = [MayPush]

    def bound(self) -> Any:
        return cast("ApiToken", self.request.auth).publisher_id

    def connector(self, slug: str) -> Connector:
        found = queries.connectors_to_push_to(signed_in_user(self.request), self.bound())
        return get_object_or_404(found, slug=slug)


class Storage(PushView):
    def post(self, request: Request, oid: str = "") -> HttpResponse:
        return answer({"sharedAccessSignature": _NO_STORAGE})


class Environments(PushView):
    """The person's teams: what the client lets them choose from."""

    def get(self, request: Request) -> HttpResponse:
        teams = queries.teams_to_push_to(signed_in_user(request), self.bound())[: queries.MOST_LISTED]
        return answer(
            {"value": [{"name": team.slug, "properties": {"displayName": team.name}} for team in teams]}
        )


class Apis(PushView):
    def get(self, request: Request) -> HttpResponse:
        found = queries.connectors_to_push_to(signed_in_user(request), self.bound())
        return answer({"value": [_entry(connector) for connector in found[: queries.MOST_LISTED]]})

    def post(self, request: Request) -> HttpResponse:
        actor = signed_in_user(request)
        sent = _sent(request)
        environment = sent.get("environment")
        named = environment.get("name") if isinstance(environment, dict) else ""
        pushed = services.push_new(
            queries.team_named(actor, self.bound(), str(named or "")),
            name=str(sent.get("displayName") or ""),
            documents=_documents(sent),
            actor=actor,
        )
        return answer(_pushed(pushed), status=201)


class Api(PushView):
    def get(self, request: Request, slug: str) -> HttpResponse:
        connector = self.connector(slug)
        version = queries.newest_package(connector)
        if version is None:
            raise exceptions.NotFound(_("%(name)s has no package yet.") % {"name": connector.name})
        entry = _entry(connector)
        entry["properties"] = {**_properties(version), **entry["properties"], **_files(request, version)}
        return answer(entry)

    def patch(self, request: Request, slug: str) -> HttpResponse:
        pushed = services.push_update(
            self.connector(slug), documents=_documents(_sent(request)), actor=signed_in_user(request)
        )
        return answer(_pushed(pushed))


class File(ClientView):
    """A file of a package, for whoever has an address signed less than ten minutes ago."""

    authentication_classes: list[Any] = []
    permission_classes: list[Any] = []

    def get(self, request: Request, signed: str) -> HttpResponse:
        try:
            pk, name = signing.loads(signed, salt=_SALT, max_age=_FILE_SECONDS)
        except signing.BadSignature:
            raise exceptions.NotFound(_("This address has expired: ask for the connector again.")) from None
        file = load_package(get_object_or_404(Version, pk=pk)).files.get(name)
        if file is None:
            raise exceptions.NotFound
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return HttpResponse(file.content, content_type="application/octet-stream", headers=headers)


def _sent(request: Request) -> dict[str, Any]:
    """The members of `properties`."""
    try:
        sent = json.loads(body_of(request))
    except (ValueError, RecursionError):
        raise InvalidInput(_("The body is no JSON that could be read.")) from None
    properties = sent.get("properties") if isinstance(sent, dict) else None
    if not isinstance(properties, dict) or not isinstance(properties.get("openApiDefinition"), dict):
        raise InvalidInput(_("Expected properties with an openApiDefinition, as the client sends them."))
    return properties


def _documents(sent: dict[str, Any]) -> services.Documents:
    kept = {name: value for name, value in sent.items() if name not in _ADDED}
    _drop_client_secrets(kept)
    return {Role.DEFINITION: sent["openApiDefinition"], Role.PROPERTIES: {"properties": kept}}


def _drop_client_secrets(properties: Any) -> None:
    """The client adds what `--secret` was given. Packages are read by many: it must not get into one."""
    left = [properties]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            settings = value.get("oAuthSettings")
            if isinstance(settings, dict):
                settings.pop("clientSecret", None)
            left.extend(value.values())
        elif isinstance(value, list):
            left.extend(value)


def _properties(version: Version) -> dict[str, Any]:
    found = load_package(version).files.get(CANONICAL_NAMES[Role.PROPERTIES])
    try:
        read = json.loads(found.content.decode("utf-8-sig")) if found else {}
    except (ValueError, RecursionError):
        return {}
    properties = read.get("properties") if isinstance(read, dict) else None
    return properties if isinstance(properties, dict) else {}


def _files(request: HttpRequest | Request, version: Version) -> dict[str, Any]:
    def address(role: Role) -> str:
        signed = signing.dumps([str(version.pk), CANONICAL_NAMES[role]], salt=_SALT)
        return request.build_absolute_uri(reverse("paconn_file", args=[signed]))

    held = load_package(version)
    found: dict[str, Any] = {}
    if held.definition:
        found["apiDefinitions"] = {"originalSwaggerUrl": address(Role.DEFINITION)}
    if held.icon_file:
        found["iconUri"] = address(Role.ICON)
    if held.script:
        found["scriptDefinitionUrl"] = address(Role.SCRIPT)
    return found


def _entry(connector: Connector) -> dict[str, Any]:
    return {
        "name": connector.slug,
        "id": f"/{PREFIX}apis/{connector.slug}",
        "properties": {
            "displayName": connector.name,
            "isCustomApi": True,
            "createdBy": {"displayName": connector.publisher.name},
        },
    }


def _pushed(pushed: services.Pushed) -> dict[str, Any]:
    entry = _entry(pushed.submission.connector)
    return entry | {"submission": pushed.submission.reference, "version": pushed.version.label}


urlpatterns = [
    path(f"{PREFIX}objectIds/generateResourceStorage", Storage.as_view(), name="paconn_storage"),
    path(f"{PREFIX}objectIds/<str:oid>/generateResourceStorage", Storage.as_view(), name="paconn_storage_as"),
    path(f"{PREFIX}apis", Apis.as_view(), name="paconn_apis"),
    path(f"{PREFIX}apis/<slug:slug>", Api.as_view(), name="paconn_api"),
    path(f"{PREFIX}files/<str:signed>", File.as_view(), name="paconn_file"),
    path(
        "providers/Microsoft.ProcessSimple/environments", Environments.as_view(), name="paconn_environments"
    ),
]
