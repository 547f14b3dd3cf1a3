"""Endpoints of uploads and versions."""

from __future__ import annotations

from typing import IO, Any

from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.generics import GenericAPIView
from rest_framework.parsers import BaseParser, DataAndFiles
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter
from rest_framework.viewsets import GenericViewSet

from connectors import upload_parsing
from connectors.api.connectors import acting_user, visible_connectors
from connectors.models import Upload, Version
from connectors.queries import versions as queries
from connectors.services import versions as services
from portal.accounts.models import ApiToken
from portal.shared.rest import UUID_PATTERN, IdempotentCreation, NewestFirstCursorPagination


class VersionSerializer(serializers.ModelSerializer[Version]):
    connector = serializers.UUIDField(source="connector_id", read_only=True)
    created_by = serializers.CharField(source="created_by.name", read_only=True)

    class Meta:
        model = Version
        fields = ["id", "connector", "number", "label", "digest", "size_bytes", "created_by", "created_at"]
        read_only_fields = fields


class VersionDetailSerializer(VersionSerializer):
    """`tree` lists the files, `facts` what the package says about itself (title, operations,
    authentication).
    """

    tree = serializers.ListField(child=serializers.DictField(), read_only=True)
    facts = serializers.DictField(read_only=True)

    class Meta(VersionSerializer.Meta):
        fields = [*VersionSerializer.Meta.fields, "tree", "facts"]
        read_only_fields = fields


class UploadSerializer(serializers.ModelSerializer[Upload]):
    """`problems` are the reader's findings: code, message, file, line, column, pointer and what to do."""

    connector = serializers.UUIDField(source="connector_id", read_only=True)
    version = VersionSerializer(read_only=True, allow_null=True)
    tree = serializers.ListField(child=serializers.DictField(), read_only=True)
    problems = serializers.ListField(child=serializers.DictField(), read_only=True)

    class Meta:
        model = Upload
        fields = [
            "id",
            "connector",
            "filename",
            "size_bytes",
            "digest",
            "state",
            "version",
            "tree",
            "problems",
            "received_at",
        ]
        read_only_fields = fields


class NewestVersionPagination(NewestFirstCursorPagination):
    ordering = ("-number", "-pk")


class NewestUploadPagination(NewestFirstCursorPagination):
    ordering = ("-received_at", "-pk")


class PackageParser(BaseParser):
    """multipart/form-data with the folders of the files kept, refused by size before it is read."""

    media_type = "multipart/form-data"

    def parse(
        self, stream: IO[bytes], media_type: Any = None, parser_context: Any = None
    ) -> DataAndFiles[Any, Any]:
        request = parser_context["request"]
        meta = {**request.META, "CONTENT_TYPE": media_type}
        return DataAndFiles(
            *upload_parsing.parse_upload(meta, stream, parser_context.get("encoding", "utf-8"))
        )


class VersionViewSet(mixins.RetrieveModelMixin, GenericViewSet[Version]):
    """An immutable package of a connector."""

    serializer_class = VersionDetailSerializer
    binds_connector = True
    lookup_value_regex = UUID_PATTERN
    filter_backends = ()
    queryset = Version.objects.none()

    def get_queryset(self) -> QuerySet[Version]:
        found = queries.versions_visible_to(self.request.user)
        return found.filter(connector__in=visible_connectors(self.request).values("pk"))

    @extend_schema(responses={(200, "application/zip"): OpenApiTypes.BINARY})
    @action(detail=True, url_path="package")
    def package(self, request: Request, pk: str) -> HttpResponse:
        """The canonical package: exactly the bytes whose SHA-256 is the digest."""
        version = self.get_object()
        headers = {"Content-Disposition": f'attachment; filename="{version.digest}.zip"'}
        return HttpResponse(services.package_bytes(version), content_type="application/zip", headers=headers)


class ConnectorVersionsView(mixins.ListModelMixin, GenericAPIView[Version]):
    serializer_class = VersionSerializer
    binds_connector = True
    pagination_class = NewestVersionPagination
    filter_backends = ()
    queryset = Version.objects.none()

    def get_queryset(self) -> QuerySet[Version]:
        connector = get_object_or_404(visible_connectors(self.request), pk=self.kwargs["pk"])
        return queries.versions_of(connector)

    @extend_schema(operation_id="connectors_versions_list", tags=["connectors"])
    def get(self, request: Request, pk: str) -> Response:
        """The versions of a connector, newest first."""
        return self.list(request)


class _Receiving:
    """`create` for an upload."""

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        connector = get_object_or_404(visible_connectors(request), pk=kwargs["pk"])
        files = upload_parsing.named_contents(request.FILES)
        upload = services.receive_upload(connector, files=files, actor=acting_user(request))
        return Response(UploadSerializer(upload).data, status=status.HTTP_201_CREATED)


class ConnectorUploadsView(IdempotentCreation, _Receiving, mixins.ListModelMixin, GenericAPIView[Upload]):
    serializer_class = UploadSerializer
    binds_connector = True
    pagination_class = NewestUploadPagination
    parser_classes = (PackageParser,)
    filter_backends = ()
    write_scope = ApiToken.Scope.CONNECTORS
    queryset = Upload.objects.none()

    def get_queryset(self) -> QuerySet[Upload]:
        connector = get_object_or_404(visible_connectors(self.request), pk=self.kwargs["pk"])
        return connector.uploads.select_related("version__created_by").order_by("-received_at", "-pk")

    @extend_schema(operation_id="connectors_uploads_list", tags=["connectors"])
    def get(self, request: Request, pk: str) -> Response:
        """Everything that was sent for a connector, newest first, refused packages too."""
        return self.list(request)

    @extend_schema(
        operation_id="connectors_uploads_create",
        tags=["connectors"],
        request={
            "multipart/form-data": {
                "type": "object",
                "required": ["files"],
                "properties": {
                    "files": {
                        "type": "array",
                        "items": {"type": "string", "format": "binary"},
                        "description": "One .zip, or the files with their relative paths as file names.",
                    }
                },
            }
        },
        responses={201: OpenApiResponse(UploadSerializer, description="Received; see state and problems.")},
    )
    def post(self, request: Request, pk: str) -> Response:
        """Send a package. A refused package is received too: its state says so, and problems why."""
        return self.create(request, pk=pk)


urlpatterns = [
    path("connectors/<uuid:pk>/versions/", ConnectorVersionsView.as_view(), name="connector_versions"),
    path("connectors/<uuid:pk>/uploads/", ConnectorUploadsView.as_view(), name="connector_uploads"),
]


def register(router: BaseRouter) -> None:
    router.register("versions", VersionViewSet, basename="version")
