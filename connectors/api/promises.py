"""Endpoints of a connector's objective, and of the proof that its team rules the host."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from connectors.api.connectors import acting_user, visible_connectors
from connectors.latency import LATENCY_BOUNDS_MS
from connectors.models import Connector, HostCheck
from connectors.queries import host_watch as host_queries
from connectors.queries.health_promises import Promise, promise_of
from connectors.services import health_alerts, host_watch
from portal.accounts.models import ApiToken

_SHARE: dict[str, Any] = {
    "max_digits": 4,
    "decimal_places": 2,
    "min_value": Decimal(50),
    "max_value": Decimal("99.99"),
}


class ObjectiveChangeSerializer(serializers.Serializer[Any]):
    """Shares are percents. `latency_ms` is one of the bounds in which answers are counted."""

    success_percent = serializers.DecimalField(**_SHARE, coerce_to_string=False)
    latency_ms = serializers.ChoiceField(choices=LATENCY_BOUNDS_MS)
    latency_percent = serializers.DecimalField(**_SHARE, coerce_to_string=False)
    silence_minutes = serializers.IntegerField(min_value=30, max_value=4320)


class ObjectiveSerializer(serializers.Serializer[Any]):
    """`is_own` is false while the portal's defaults hold. The figures are those of the last 30 days, and null
    without calls; `budget_left` is a share of the error budget and negative once more failed than may."""

    is_own = serializers.BooleanField()
    success_percent = serializers.FloatField()
    latency_ms = serializers.IntegerField()
    latency_percent = serializers.FloatField()
    silence_minutes = serializers.IntegerField()
    calls = serializers.IntegerField()
    failures = serializers.IntegerField()
    budget_left = serializers.FloatField(allow_null=True)
    latency_share = serializers.FloatField(allow_null=True, help_text="Within `latency_ms`, from 0 to 1.")


class HostCheckSerializer(serializers.ModelSerializer[HostCheck]):
    """One look at the host. `stage` is how far it came, `problem` what was wrong there."""

    class Meta:
        model = HostCheck
        fields = ["at", "host", "stage", "problem", "status", "milliseconds", "expires_at", "is_owned"]
        read_only_fields = fields


class HostSerializer(serializers.Serializer[Any]):
    """The host of the live version: whether it is looked at, the newest looks first, and the TXT record that
    proves who rules it. The record is empty while nobody asked for it."""

    host = serializers.CharField(allow_blank=True)
    is_watched = serializers.BooleanField()
    txt_name = serializers.CharField(allow_blank=True)
    txt_value = serializers.CharField(allow_blank=True)
    owned_since = serializers.DateTimeField(allow_null=True, help_text="When the record was first found.")
    checks = HostCheckSerializer(many=True)


class _OfConnector(APIView):
    """What is about one connector that the caller sees."""

    binds_connector = True

    def connector(self) -> Connector:
        return get_object_or_404(visible_connectors(self.request), pk=self.kwargs["pk"])


class ObjectiveView(_OfConnector):
    """What is promised of a connector, and how much of it is used up."""

    write_scope = ApiToken.Scope.HEALTH

    @extend_schema(operation_id="connectors_objective", tags=["connectors"], responses=ObjectiveSerializer)
    def get(self, request: Request, pk: str) -> Response:
        """The objective that alerts follow, and how it was kept."""
        return Response(ObjectiveSerializer(_told(promise_of(self.connector()))).data)

    @extend_schema(
        operation_id="connectors_objective_set",
        tags=["connectors"],
        request=ObjectiveChangeSerializer,
        responses=ObjectiveSerializer,
    )
    def put(self, request: Request, pk: str) -> Response:
        """Give the connector an objective of its own; alerts follow it from the next minute on."""
        connector = self.connector()
        asked = ObjectiveChangeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        draft = health_alerts.ObjectiveDraft(**asked.validated_data)
        health_alerts.set_objective(connector, draft, actor=acting_user(request))
        return Response(ObjectiveSerializer(_told(promise_of(self.connector()))).data)


def _told(promise: Promise) -> dict[str, Any]:
    objective = promise.objective
    return {
        "is_own": promise.is_own,
        "success_percent": round(100 * objective.success, 2),
        "latency_ms": objective.latency_ms,
        "latency_percent": round(100 * objective.latency_share, 2),
        "silence_minutes": int(objective.silence.total_seconds() // 60),
        "calls": promise.counts.calls,
        "failures": promise.counts.failed,
        "budget_left": promise.left,
        "latency_share": promise.latency_share,
    }


class HostView(_OfConnector):
    """The host that the live version calls."""

    @extend_schema(operation_id="connectors_host", tags=["connectors"], responses=HostSerializer)
    def get(self, request: Request, pk: str) -> Response:
        """What the daily looks found, and the record that proves ownership."""
        return Response(_host(self.connector()))


class HostOwnershipView(_OfConnector):
    """The proof that the team rules the host."""

    write_scope = ApiToken.Scope.CONNECTORS

    @extend_schema(
        operation_id="connectors_host_ownership_ask",
        tags=["connectors"],
        request=None,
        responses=HostSerializer,
    )
    def put(self, request: Request, pk: str) -> Response:
        """Ask for the proof: the answer has the TXT record to add. Asking again keeps the record."""
        connector = self.connector()
        host_watch.ask_ownership(connector, actor=acting_user(request))
        return Response(_host(connector))

    @extend_schema(operation_id="connectors_host_ownership_drop", tags=["connectors"], responses={204: None})
    def delete(self, request: Request, pk: str) -> Response:
        """Want no proof any more."""
        host_watch.drop_ownership(self.connector(), actor=acting_user(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


def _host(connector: Connector) -> dict[str, Any]:
    page = host_queries.host_page(connector)
    told = {
        "host": page.host,
        "is_watched": host_watch.looks_at(connector),
        "txt_name": page.txt_name if page.txt_value else "",
        "txt_value": page.txt_value,
        "owned_since": page.watch.owned_since if page.watch else None,
        "checks": page.checks,
    }
    return dict(HostSerializer(told).data)


urlpatterns = [
    path("connectors/<uuid:pk>/objective/", ObjectiveView.as_view(), name="connector_objective"),
    path("connectors/<uuid:pk>/host/", HostView.as_view(), name="connector_host"),
    path(
        "connectors/<uuid:pk>/host/ownership/", HostOwnershipView.as_view(), name="connector_host_ownership"
    ),
]
