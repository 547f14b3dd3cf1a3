"""Endpoints of documentation: the published document of a connector, for programs."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter
from rest_framework.viewsets import GenericViewSet

from certification.models import Documentation
from certification.queries import documentation as queries
from certification.services import documentation as services
from connectors.api.connectors import visible_connectors
from connectors.models import Connector
from portal.accounts.models import ApiToken
from portal.shared.numbers import small_number
from portal.shared.rest import UUID_PATTERN
from portal.shared.web import signed_in_user


class DocumentRowSerializer(serializers.Serializer[Any]):
    """A value that goes in or comes out; `ref` is the anchor of its shared type."""

    path = serializers.CharField()
    name = serializers.CharField()
    type = serializers.CharField()
    is_list = serializers.BooleanField()
    ref = serializers.CharField()
    is_required = serializers.BooleanField()
    visibility = serializers.CharField(help_text="important, advanced or empty.")
    text = serializers.CharField()
    choices = serializers.ListField(child=serializers.CharField())
    more_choices = serializers.IntegerField()
    default = serializers.CharField()
    dynamic = serializers.CharField(help_text="fields or choices where only the service knows them.")
    source = serializers.CharField(help_text="The operation that tells them.")  # type: ignore[assignment]


class DocumentedOperationSerializer(serializers.Serializer[Any]):
    anchor = serializers.CharField()
    id = serializers.CharField()
    name = serializers.CharField()
    text = serializers.CharField()
    method = serializers.CharField()
    path = serializers.CharField()
    visibility = serializers.CharField()
    is_deprecated = serializers.BooleanField()
    way = serializers.CharField(help_text="Of a trigger: called or asks.")
    is_batch = serializers.BooleanField()
    inputs = DocumentRowSerializer(many=True)
    inputs_more = serializers.BooleanField()
    outputs = DocumentRowSerializer(many=True)
    outputs_more = serializers.BooleanField()


class DocumentTypeSerializer(serializers.Serializer[Any]):
    anchor = serializers.CharField()
    name = serializers.CharField()
    text = serializers.CharField()
    rows = DocumentRowSerializer(many=True)
    rows_more = serializers.BooleanField()


class DocumentConnectionSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    text = serializers.CharField()
    rows = DocumentRowSerializer(many=True)


class DocumentedLimitSerializer(serializers.Serializer[Any]):
    text = serializers.CharField()
    operations = serializers.ListField(child=serializers.CharField())


class DocumentSerializer(serializers.Serializer[Any]):
    """The document that the page is made of."""

    builder = serializers.IntegerField()
    definition = serializers.CharField(help_text="SHA-256 of the definition.")
    package = serializers.CharField(help_text="SHA-256 of the package.")
    title = serializers.CharField()
    text = serializers.CharField()
    version = serializers.CharField()
    intro = serializers.CharField(help_text="Markdown.")
    authentication = serializers.ListField(child=serializers.CharField())
    categories = serializers.ListField(child=serializers.CharField())
    contact = serializers.DictField(child=serializers.CharField())
    connections = DocumentConnectionSerializer(many=True)
    limits = DocumentedLimitSerializer(many=True)
    triggers = DocumentedOperationSerializer(many=True)
    actions = DocumentedOperationSerializer(many=True)
    types = DocumentTypeSerializer(many=True)


class DocumentAvailabilitySerializer(serializers.Serializer[Any]):
    """A region in which the portal found the connector; `is_other`: another version than is documented."""

    region = serializers.CharField(source="place.region.pk")
    version = serializers.CharField(source="place.has.label")
    verified_at = serializers.DateTimeField(source="place.since")
    is_other = serializers.BooleanField()


class PublishedDocumentSerializer(serializers.Serializer[Any]):
    version = serializers.CharField(source="page.version.label")
    number = serializers.IntegerField(source="page.version.number")
    is_current = serializers.BooleanField(source="page.is_current")
    published_at = serializers.DateTimeField(source="page.published_at")
    digest = serializers.CharField(source="page.body_digest", help_text="SHA-256 of the document.")
    availability = DocumentAvailabilitySerializer(many=True)
    document = DocumentSerializer(source="page.body")


class RepublishingSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=500)


class ConnectorDocumentationViewSet(GenericViewSet[Connector]):
    """What users read of your connectors."""

    filter_backends = ()
    pagination_class = None
    lookup_value_regex = UUID_PATTERN
    serializer_class = PublishedDocumentSerializer
    queryset = Connector.objects.none()

    write_scope = ApiToken.Scope.ADMIN

    def get_queryset(self) -> Any:
        return visible_connectors(self.request)

    @extend_schema(
        parameters=[OpenApiParameter("number", int, description="Of a version; without: what is live.")]
    )
    def retrieve(self, request: Request, pk: str | None = None) -> Response:
        """The published documentation of a connector. 404 while nothing is published."""
        connector = self.get_object()
        number = small_number(request.query_params.get("number"))
        page = (
            queries.page_of_version(connector, number)
            if number is not None
            else queries.current_page(connector)
        )
        return self._answer(connector, page)

    @extend_schema(request=RepublishingSerializer)
    @action(detail=True, methods=["post"])
    def republish(self, request: Request, pk: str | None = None) -> Response:
        """Build the live version's page again and show it, whatever was shown before. For operators."""
        connector = self.get_object()
        asked = RepublishingSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        services.republish(connector, **asked.validated_data, actor=signed_in_user(request))
        return self._answer(connector, queries.current_page(connector))

    def _answer(self, connector: Connector, page: Documentation | None) -> Response:
        if page is None:
            raise NotFound
        told = {"page": page, "availability": queries.availability_of(connector, page.version)}
        return Response(PublishedDocumentSerializer(told).data)


def register(router: BaseRouter) -> None:
    router.register("documentation", ConnectorDocumentationViewSet, basename="documentation")
