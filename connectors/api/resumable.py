"""Uploads in pieces by tus 1.0 (https://tus.io/protocols/resumable-upload): core, creation, expiration and
checksum."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.http import http_date
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.generics import GenericAPIView
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from connectors.api.connectors import acting_user, visible_connectors
from connectors.api.versions import UploadSerializer
from connectors.models import Connector, ResumableUpload
from connectors.policies import can_upload_version
from connectors.services import resumable as services
from portal.accounts.models import ApiToken
from portal.accounts.tokens import within_token
from portal.shared.errors import InvalidInput, PortalError, TooLarge
from portal.shared.policy import require
from portal.shared.web import signed_in_user

VERSION = "1.0.0"
PIECE = "application/offset+octet-stream"
_EXTENSIONS = "creation,expiration,checksum"


def _header(name: str, *, required: bool = True, kind: Any = str) -> OpenApiParameter:
    return OpenApiParameter(name, kind, OpenApiParameter.HEADER, required=required)


_RESUMABLE = _header("Tus-Resumable")


class OtherProtocol(PortalError):
    """A version of tus that is not spoken here."""

    status = 412
    code = "tus-version"


class PieceParser(BaseParser):
    """The bytes of a piece, and not one more than were announced or an upload may have."""

    media_type = PIECE

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        length = _number(parser_context["request"], "Content-Length")
        if length > settings.MAX_UPLOAD_BYTES:
            raise TooLarge(_("The piece is larger than an upload may be."))
        content: bytes = stream.read(length)
        return content


class ResumableUploadSerializer(serializers.ModelSerializer[ResumableUpload]):
    """`upload` is null until the last piece has arrived; then it is the upload like any other."""

    connector = serializers.UUIDField(source="connector_id", read_only=True)
    upload = UploadSerializer(read_only=True, allow_null=True)

    class Meta:
        model = ResumableUpload
        fields = ["id", "connector", "filename", "size_bytes", "received_bytes", "expires_at", "upload"]
        read_only_fields = fields


def _number(request: Any, name: str) -> int:
    text = str(request.headers.get(name, ""))
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise InvalidInput(_("The header %(name)s has to be a number.") % {"name": name})
    return int(text)


def _metadata(text: str) -> dict[str, str]:
    """Upload-Metadata: names with base64, separated by commas."""
    found = {}
    for pair in text.split(",") if text.strip() else []:
        name, _blank, encoded = pair.strip().partition(" ")
        try:
            found[name] = base64.b64decode(encoded, validate=True).decode()
        except (binascii.Error, ValueError):
            raise InvalidInput(_("Upload-Metadata cannot be read.")) from None
    return found


class _TusView(GenericAPIView[ResumableUpload]):
    """What all addresses share: the version of the protocol, and one's own uploads alone."""

    serializer_class = ResumableUploadSerializer
    binds_connector = True
    write_scope = ApiToken.Scope.CONNECTORS
    filter_backends = ()
    pagination_class = None
    queryset = ResumableUpload.objects.none()

    def get_queryset(self) -> QuerySet[ResumableUpload]:
        user = signed_in_user(self.request)
        # Whoever left the team goes on with nothing they began there.
        found = ResumableUpload.objects.filter(
            user=user, connector__in=Connector.objects.visible_to(user)
        ).select_related("connector__publisher", "upload__version__created_by")
        at = "connector"
        return within_token(found, self.request, team=f"{at}__publisher_id", connector=f"{at}_id")

    def check_version(self) -> None:
        """Asked once it is known that the caller may come here. A GET is no part of the protocol: programs
        read with it what became of the upload."""
        speaks = self.request.headers.get("Tus-Resumable")
        if speaks != VERSION and not (self.request.method == "GET" and speaks is None):
            raise OtherProtocol(_("This is tus 1.0.0: send Tus-Resumable: 1.0.0."))

    def finalize_response(self, request: Request, response: Response, *args: Any, **kwargs: Any) -> Response:
        response = super().finalize_response(request, response, *args, **kwargs)
        response["Tus-Resumable"] = VERSION
        if response.status_code == OtherProtocol.status or request.method == "OPTIONS":
            response["Tus-Version"] = VERSION
        return response

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Response:
        headers = {
            "Tus-Extension": _EXTENSIONS,
            "Tus-Max-Size": str(settings.MAX_UPLOAD_BYTES),
            "Tus-Checksum-Algorithm": ",".join(services.ALGORITHMS),
        }
        return Response(status=status.HTTP_204_NO_CONTENT, headers=headers)


def _state(row: ResumableUpload) -> dict[str, str]:
    return {
        "Upload-Offset": str(row.received_bytes),
        "Upload-Length": str(row.size_bytes),
        "Upload-Expires": http_date(row.expires_at.timestamp()),
        "Cache-Control": "no-store",
    }


class ResumableUploadsView(_TusView):
    """Beginning an upload."""

    http_method_names = ["post", "options"]

    @extend_schema(
        operation_id="connectors_resumable_uploads_create",
        tags=["connectors"],
        request=None,
        parameters=[
            _RESUMABLE,
            _header("Upload-Length", kind=int),
            _header("Upload-Metadata", required=False),
        ],
        responses={201: None},
    )
    def post(self, request: Request, pk: str) -> Response:
        """Begin an upload in pieces (tus 1.0). `Location` is its address. `Upload-Metadata` may hold
        `filename` and `sha256` (hex) of the whole."""
        connector = get_object_or_404(visible_connectors(request), pk=pk)
        require(can_upload_version, acting_user(request), connector)
        self.check_version()
        told = _metadata(request.headers.get("Upload-Metadata", ""))
        row = services.start(
            connector,
            size_bytes=_number(request, "Upload-Length"),
            filename=told.get("filename", ""),
            digest=told.get("sha256", ""),
            actor=acting_user(request),
        )
        place = request.build_absolute_uri(reverse("api:resumable_upload", args=[row.pk]))
        return Response(status=status.HTTP_201_CREATED, headers={"Location": place, **_state(row)})


class ResumableUploadView(_TusView):
    """An upload on its way."""

    http_method_names = ["get", "head", "patch", "options"]
    parser_classes = (PieceParser,)

    @extend_schema(operation_id="resumable_upload", tags=["connectors"])
    def get(self, request: Request, pk: str) -> Response:
        """How far it is, and what became of it. HEAD answers the same in headers alone."""
        row = get_object_or_404(self.get_queryset(), pk=pk)
        self.check_version()
        return Response(ResumableUploadSerializer(row).data, headers=_state(row))

    @extend_schema(
        operation_id="resumable_upload_append",
        tags=["connectors"],
        request={PIECE: OpenApiTypes.BINARY},
        parameters=[
            _RESUMABLE,
            _header("Upload-Offset", kind=int),
            _header("Upload-Checksum", required=False),
        ],
        responses={204: None},
    )
    def patch(self, request: Request, pk: str) -> Response:
        """Send the next piece. The last one makes the whole an upload: read it with GET."""
        row = get_object_or_404(self.get_queryset(), pk=pk)
        self.check_version()
        piece = request.data
        row = services.append(
            row,
            piece if isinstance(piece, bytes) else b"",
            offset=_number(request, "Upload-Offset"),
            checksum=request.headers.get("Upload-Checksum", ""),
            actor=acting_user(request),
        )
        return Response(status=status.HTTP_204_NO_CONTENT, headers=_state(row))


urlpatterns = [
    path("connectors/<uuid:pk>/resumable-uploads/", ResumableUploadsView.as_view(), name="resumable_uploads"),
    path("resumable-uploads/<uuid:pk>/", ResumableUploadView.as_view(), name="resumable_upload"),
]
