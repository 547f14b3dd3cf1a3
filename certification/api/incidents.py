"""Endpoints of incidents: read them, open one, close one."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter
from rest_framework.viewsets import GenericViewSet

from certification.models import Incident
from certification.queries import incidents as queries
from certification.services import incidents as services
from portal.accounts.models import ApiToken
from portal.shared.rest import IdempotentCreation
from portal.shared.web import signed_in_user


class IncidentSerializer(serializers.ModelSerializer[Incident]):
    connectors: serializers.Field = serializers.SlugRelatedField(slug_field="slug", many=True, read_only=True)

    class Meta:
        model = Incident
        fields = [
            "id", "title", "text", "state", "auth_kinds", "regions", "products", "connectors", "is_public",
            "created_at",
            "closed_at", "closing_note",
        ]  # fmt: skip
        read_only_fields = fields


class IncidentDraftSerializer(serializers.Serializer[Any]):
    """Conditions that are left out or empty are none: then everybody is concerned."""

    title = serializers.CharField(max_length=120)
    text = serializers.CharField(max_length=4_000)
    auth_kinds = serializers.ListField(child=serializers.CharField(max_length=20), default=list)
    regions = serializers.ListField(child=serializers.CharField(max_length=40), default=list)
    connectors = serializers.ListField(child=serializers.SlugField(), default=list)
    products = serializers.ListField(
        child=serializers.CharField(max_length=20),
        default=list,
        help_text="Keys of products, as checklists of Previews name them: flow, app, logic, agent.",
    )
    is_public = serializers.BooleanField(default=True)


class IncidentPauseSerializer(serializers.Serializer[Any]):
    """A rollout that would pause, or go on; who uses its connector in the regions that it reaches next."""

    rollout = serializers.UUIDField(source="rollout.pk")
    connector = serializers.SlugField(source="rollout.connector.slug")
    regions = serializers.SerializerMethodField()
    connections = serializers.IntegerField(source="affected.connections")
    calls_an_hour = serializers.IntegerField(source="affected.calls_an_hour")

    def get_regions(self, pause: services.Pause) -> list[str]:
        return [region.code for region in pause.affected.regions]


class IncidentNoteSerializer(serializers.Serializer[Any]):
    note = serializers.CharField(max_length=1_000)


class IncidentViewSet(
    IdempotentCreation,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    GenericViewSet[Incident],
):
    """What is wrong, and whose rollouts pause for it."""

    serializer_class = IncidentSerializer
    write_scope = ApiToken.Scope.ROLLOUTS
    filterset_fields = ["state"]
    queryset = Incident.objects.none()

    def get_queryset(self) -> QuerySet[Incident]:
        return queries.visible_to(self.request.user)

    @extend_schema(request=IncidentDraftSerializer, responses={201: IncidentSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().create(request, *args, **kwargs)

    def perform_create(self, serializer: serializers.BaseSerializer[Incident]) -> None:
        serializer.instance = services.open_incident(self._draft(), actor=signed_in_user(self.request))

    def _draft(self) -> services.IncidentDraft:
        asked = IncidentDraftSerializer(data=self.request.data)
        asked.is_valid(raise_exception=True)
        given: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in asked.data.items()
        }
        return services.IncidentDraft(**given)

    @extend_schema(request=IncidentDraftSerializer, responses=IncidentPauseSerializer(many=True))
    @action(detail=False, methods=["post"], pagination_class=None, filter_backends=[])
    def preview(self, request: Request) -> Response:
        """The rollouts that opening it would pause. Changes nothing."""
        found = services.preview_incident(self._draft(), actor=signed_in_user(request))
        return Response(IncidentPauseSerializer(found, many=True).data)

    @extend_schema(request=None, responses=IncidentPauseSerializer(many=True))
    @action(detail=True, methods=["post"], url_path="what-goes-on", pagination_class=None, filter_backends=[])
    def what_goes_on(self, request: Request, pk: str) -> Response:
        """The rollouts that closing it would let go on. Changes nothing."""
        found = services.preview_closing(self.get_object(), actor=signed_in_user(request))
        return Response(IncidentPauseSerializer(found, many=True).data)

    @extend_schema(request=IncidentNoteSerializer, responses=IncidentSerializer)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: str) -> Response:
        """Over: its rollouts go on with new dates."""
        asked = IncidentNoteSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        services.close_incident(self.get_object(), **asked.validated_data, actor=signed_in_user(request))
        return Response(IncidentSerializer(self.get_object()).data)


def register(router: BaseRouter) -> None:
    router.register("incidents", IncidentViewSet, basename="incident")
