"""Endpoints of connectors: /connectors/ and what can be done with one."""

from __future__ import annotations

from typing import Any, cast

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter
from rest_framework.viewsets import GenericViewSet

from connectors.lifecycle import ConnectorState
from connectors.models import Connector, Publisher, Version
from connectors.planning import CHECKLIST_KEYS
from connectors.queries import connectors as queries
from connectors.services import connectors as services
from portal.accounts.models import ApiToken, User
from portal.accounts.tokens import within_token
from portal.shared.errors import InvalidInput
from portal.shared.rest import UUID_PATTERN, IdempotentCreation


def visible_connectors(request: Request) -> QuerySet[Connector]:
    """What the caller may see; a token bound to one team or connector sees no other."""
    return within_token(queries.for_page(request.user), request, team="publisher_id", connector="pk")


def acting_user(request: Request) -> User:
    """The person behind a request that passed `HasScope`."""
    return cast("User", request.user)


class VersionReferenceSerializer(serializers.ModelSerializer[Version]):
    class Meta:
        model = Version
        fields = ["id", "number", "label", "digest"]


class ConnectorSerializer(serializers.ModelSerializer[Connector]):
    publisher = serializers.CharField(source="publisher.slug", read_only=True)
    contact = serializers.CharField(source="contact.name", read_only=True, default=None, allow_null=True)
    checklist = serializers.DictField(
        child=serializers.DateTimeField(), read_only=True, help_text="Ticked item to the time it was ticked."
    )
    approved_version = VersionReferenceSerializer(read_only=True, allow_null=True)
    scheduled_version = VersionReferenceSerializer(read_only=True, allow_null=True)
    preview_version = VersionReferenceSerializer(read_only=True, allow_null=True)
    live_version = VersionReferenceSerializer(read_only=True, allow_null=True)

    class Meta:
        model = Connector
        fields = [
            "id",
            "publisher",
            "name",
            "slug",
            "summary",
            "backend_host",
            "planned_for",
            "state",
            "state_changed_at",
            "checklist",
            "contact",
            "contact_assigned_at",
            "approved_version",
            "scheduled_version",
            "preview_version",
            "live_version",
            "created_at",
        ]
        read_only_fields = ["id", "slug", "state", "state_changed_at", "contact_assigned_at", "created_at"]


class RegistrationSerializer(serializers.Serializer[Any]):
    publisher = serializers.SlugField(help_text="The team's slug.")
    name = serializers.CharField(max_length=60)
    summary = serializers.CharField(max_length=500, default="", allow_blank=True)
    backend_host = serializers.CharField(max_length=300, default="", allow_blank=True)
    planned_for = serializers.DateField(default=None, allow_null=True)


class ChangeSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=60, required=False)
    summary = serializers.CharField(max_length=500, required=False, allow_blank=True)
    backend_host = serializers.CharField(max_length=300, required=False, allow_blank=True)
    planned_for = serializers.DateField(required=False, allow_null=True)


class TickSerializer(serializers.Serializer[Any]):
    item = serializers.ChoiceField(choices=sorted(CHECKLIST_KEYS))
    is_done = serializers.BooleanField()


class CancellationSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=500, default="", allow_blank=True)


class _Registration:
    """`create` for a connector: what is sent and what is answered differ."""

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        asked = RegistrationSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        values = dict(asked.validated_data)
        teams = Publisher.objects.visible_to(request.user).filter(slug=values.pop("publisher"))
        # A token for one connector finds no team here: it registers no other.
        publisher = within_token(teams, request, team="pk").first()
        if publisher is None:
            text = _("You belong to no such team.")
            raise InvalidInput(text, fields={"publisher": [text]})
        connector = services.register_connector(publisher, **values, actor=acting_user(request))
        made = visible_connectors(request).get(pk=connector.pk)
        return Response(ConnectorSerializer(made).data, status=status.HTTP_201_CREATED)


@extend_schema_view(
    create=extend_schema(
        description="Reserve a name for a connector that need not exist yet.",
        request=RegistrationSerializer,
        responses={201: ConnectorSerializer},
    ),
    list=extend_schema(
        parameters=[
            OpenApiParameter("q", str, description="Part of the name or backend host."),
            OpenApiParameter("state", str, enum=ConnectorState.values),
        ]
    ),
)
class ConnectorViewSet(
    IdempotentCreation,
    _Registration,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    GenericViewSet[Connector],
):
    """The connectors of your teams (staff: all of them)."""

    serializer_class = ConnectorSerializer
    binds_connector = True
    write_scope = ApiToken.Scope.CONNECTORS
    filter_backends = ()
    lookup_value_regex = UUID_PATTERN
    queryset = Connector.objects.none()

    def get_queryset(self) -> QuerySet[Connector]:
        found = visible_connectors(self.request)
        if self.action == "list":
            asked = self.request.query_params
            ids = queries.listed(
                self.request.user, text=asked.get("q", "")[:100], state=asked.get("state", "")
            )
            found = found.filter(pk__in=ids.order_by().values("pk"))
        return found

    @extend_schema(request=ChangeSerializer, responses=ConnectorSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change name (until the first approval), summary, backend host or planned date."""
        connector = self.get_object()
        asked = ChangeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        services.update_connector(connector, values=asked.validated_data, actor=acting_user(request))
        return self._fresh(connector)

    @extend_schema(request=CancellationSerializer, responses=ConnectorSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Give up the reserved name."""
        connector = self.get_object()
        asked = CancellationSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        services.cancel_connector(
            connector, reason=asked.validated_data["reason"], actor=acting_user(request)
        )
        return self._fresh(connector)

    @extend_schema(request=TickSerializer, responses=ConnectorSerializer)
    @action(detail=True, methods=["post"])
    def checklist(self, request: Request, pk: str) -> Response:
        """Tick or untick an item of the planning checklist."""
        connector = self.get_object()
        asked = TickSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        services.tick_checklist_item(connector, **asked.validated_data, actor=acting_user(request))
        return self._fresh(connector)

    def _fresh(self, connector: Connector) -> Response:
        return Response(ConnectorSerializer(visible_connectors(self.request).get(pk=connector.pk)).data)


def register(router: BaseRouter) -> None:
    router.register("connectors", ConnectorViewSet, basename="connector")
