"""Endpoints of health alerts: read them, say that somebody looks after one, close one by hand."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter
from rest_framework.viewsets import GenericViewSet

from connectors.alert_words import ADVICE, sentence
from connectors.api.connectors import acting_user, visible_connectors
from connectors.lifecycle import OPEN_ALERT_STATES, HealthAlertState
from connectors.models import HealthAlert
from connectors.services import health_alerts as services
from portal.accounts.models import ApiToken
from portal.shared.rest import UUID_PATTERN

_STATES = ("open", *HealthAlertState.values)


class HealthAlertSerializer(serializers.ModelSerializer[HealthAlert]):
    """`text` says what was measured at the last breach, `evidence` holds the numbers, by its kind.
    `quiet_since` is set while the breach seems over and the alert waits to end."""

    connector = serializers.UUIDField(source="connector_id", read_only=True)
    connector_name = serializers.CharField(source="connector.name", read_only=True)
    publisher = serializers.CharField(source="connector.publisher.slug", read_only=True)
    is_urgent = serializers.SerializerMethodField()
    text = serializers.SerializerMethodField()
    advice = serializers.SerializerMethodField()
    evidence = serializers.DictField(read_only=True)
    acknowledged_by = serializers.CharField(
        source="acknowledged_by.name", read_only=True, default=None, allow_null=True
    )

    class Meta:
        model = HealthAlert
        fields = [
            "id", "connector", "connector_name", "publisher", "kind", "state", "is_urgent", "text", "advice",
            "evidence", "created_at", "state_changed_at", "last_breach_at", "quiet_since", "acknowledged_by",
        ]  # fmt: skip
        read_only_fields = fields

    def get_is_urgent(self, alert: HealthAlert) -> bool:
        return alert.tone == "danger"

    def get_text(self, alert: HealthAlert) -> str:
        return sentence(alert.kind, alert.evidence)

    def get_advice(self, alert: HealthAlert) -> str:
        return ADVICE.get(alert.kind, "")


class AlertClosingSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=500)


@extend_schema_view(
    list=extend_schema(
        parameters=[
            OpenApiParameter("state", str, enum=_STATES, default="open"),
            OpenApiParameter("kind", str, enum=HealthAlert.Kind.values),
            OpenApiParameter("connector", OpenApiTypes.UUID),
        ]
    )
)
class HealthAlertViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[HealthAlert]):
    """Alerts of the connectors of your teams (staff: of all of them), newest first. Open ones unless `state`
    asks for others."""

    serializer_class = HealthAlertSerializer
    write_scope = ApiToken.Scope.HEALTH
    filter_backends = ()
    lookup_value_regex = UUID_PATTERN
    queryset = HealthAlert.objects.none()

    def get_queryset(self) -> QuerySet[HealthAlert]:
        # A token bound to one team sees that team's only.
        connectors = visible_connectors(self.request).order_by().values("pk")
        found = HealthAlert.objects.visible_to(self.request.user).filter(connector__in=connectors)
        found = found.select_related("connector__publisher", "acknowledged_by")
        return found.filter(**self._asked()) if self.action == "list" else found

    def _asked(self) -> dict[str, Any]:
        """The filters of the address as lookups."""
        asked = HealthAlertQuerySerializer(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        values = dict(asked.validated_data)
        state = values.pop("state")
        states = sorted(OPEN_ALERT_STATES) if state == "open" else [state]
        return {"state__in": states, **{name: value for name, value in values.items() if value}}

    @extend_schema(request=None, responses=HealthAlertSerializer)
    @action(detail=True, methods=["post"])
    def acknowledge(self, request: Request, pk: str) -> Response:
        """Somebody looks after it: it stays open, and everybody sees who. 409 unless it fires."""
        services.acknowledge(self.get_object(), actor=acting_user(request))
        return Response(HealthAlertSerializer(self.get_object()).data)

    @extend_schema(request=AlertClosingSerializer, responses=HealthAlertSerializer)
    @action(detail=True, methods=["post"])
    def close(self, request: Request, pk: str) -> Response:
        """End it by hand, with a reason; it fires anew if it is still true."""
        alert = self.get_object()
        asked = AlertClosingSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        services.close(alert, reason=asked.validated_data["reason"], actor=acting_user(request))
        return Response(HealthAlertSerializer(self.get_object()).data)


class HealthAlertQuerySerializer(serializers.Serializer[Any]):
    state = serializers.ChoiceField(choices=_STATES, default="open")
    kind = serializers.ChoiceField(choices=HealthAlert.Kind.values, default="")
    connector = serializers.UUIDField(default=None)


def register(router: BaseRouter) -> None:
    router.register("health-alerts", HealthAlertViewSet, basename="health-alert")
