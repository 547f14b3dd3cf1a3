"""Endpoints of heartbeats: what is expected of a connector's backend, and the beats themselves."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.parsers import FormParser, JSONParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from connectors.api.connectors import acting_user, visible_connectors
from connectors.heartbeats import LONGEST_MINUTES, BeatState
from connectors.models import Beat, Connector
from connectors.queries import heartbeats as queries
from connectors.services import heartbeats as services
from portal.accounts.models import ApiToken
from portal.shared.rest import CallerThrottle
from portal.shared.web import uuid_or_none

_MINUTES: dict[str, Any] = {"min_value": 1, "max_value": LONGEST_MINUTES}
STATES = [state.value for state in BeatState]
STATUSES = ["ok", "failing"]


class RhythmSerializer(serializers.Serializer[Any]):
    """Up to 31 days each."""

    period_minutes = serializers.IntegerField(**_MINUTES)
    grace_minutes = serializers.IntegerField(**_MINUTES, help_text="After this much more it is missing.")


class HeartbeatSendingSerializer(serializers.Serializer[Any]):
    """Nothing has to be sent: an empty body says that all is well."""

    status = serializers.ChoiceField(choices=STATUSES, default="ok")
    message = serializers.CharField(
        default="",
        allow_blank=True,
        max_length=10_000,
        help_text="For people; the first 300 characters are kept, without what looks like a secret.",
    )


class BeatSerializer(serializers.ModelSerializer[Beat]):
    status = serializers.SerializerMethodField()

    class Meta:
        model = Beat
        fields = ["at", "status", "message"]
        read_only_fields = fields

    def get_status(self, beat: Beat) -> str:
        return "failing" if beat.is_failing else "ok"


class HeartbeatStandingSerializer(serializers.Serializer[Any]):
    """`due_at` is when the next beat is due, `missing_at` when its absence becomes an alert."""

    state = serializers.ChoiceField(choices=STATES)
    heard_at = serializers.DateTimeField(allow_null=True)
    due_at = serializers.DateTimeField(allow_null=True)
    missing_at = serializers.DateTimeField(allow_null=True)


class HeartbeatSerializer(HeartbeatStandingSerializer):
    """All but `state` is null while heartbeats are `off`. `beats` are the last 60, newest first."""

    period_minutes = serializers.IntegerField(allow_null=True)
    grace_minutes = serializers.IntegerField(allow_null=True)
    beats = BeatSerializer(many=True)


class HeartbeatThrottle(CallerThrottle):
    """A rate for each caller and connector: a loop that ran away does not fill the log of beats."""

    scope = "heartbeats"

    def get_cache_key(self, request: Request, view: APIView) -> str:
        return f"{super().get_cache_key(request, view)}:{view.kwargs['reference']}"


def _told(connector: Connector) -> dict[str, Any]:
    page = queries.heartbeat_page(connector)
    row = page.row
    return {
        "state": page.state,
        "heard_at": row and row.heard_at,
        "due_at": page.due_at,
        "missing_at": row and row.missing_at,
        "period_minutes": row and row.period_minutes,
        "grace_minutes": row and row.grace_minutes,
        "beats": page.beats,
    }


class HeartbeatView(APIView):
    """What is expected of the backend, and how it reports."""

    binds_connector = True
    write_scope = ApiToken.Scope.HEALTH

    def connector(self) -> Connector:
        return get_object_or_404(visible_connectors(self.request), pk=self.kwargs["pk"])

    @extend_schema(operation_id="connectors_heartbeat", tags=["connectors"], responses=HeartbeatSerializer)
    def get(self, request: Request, pk: str) -> Response:
        """The rhythm, the state, and the last beats."""
        return Response(HeartbeatSerializer(_told(self.connector())).data)

    @extend_schema(
        operation_id="connectors_heartbeat_expect",
        tags=["connectors"],
        request=RhythmSerializer,
        responses=HeartbeatSerializer,
    )
    def put(self, request: Request, pk: str) -> Response:
        """Turn heartbeats on, or change their rhythm; the clock begins anew."""
        connector = self.connector()
        asked = RhythmSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        services.expect(connector, services.RhythmDraft(**asked.validated_data), actor=acting_user(request))
        return Response(HeartbeatSerializer(_told(connector)).data)

    @extend_schema(operation_id="connectors_heartbeat_drop", tags=["connectors"], responses={204: None})
    def delete(self, request: Request, pk: str) -> Response:
        """Turn heartbeats off: the beats are forgotten, an open alert about them ends."""
        services.drop(self.connector(), actor=acting_user(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class HeartbeatsView(APIView):
    """Where backends report. The connector is named by its slug or its id."""

    binds_connector = True
    write_scope = ApiToken.Scope.HEARTBEATS
    parser_classes = (JSONParser, FormParser)
    throttle_classes = (CallerThrottle, HeartbeatThrottle)

    @extend_schema(
        operation_id="connectors_heartbeats_send",
        tags=["connectors"],
        request=HeartbeatSendingSerializer,
        responses=HeartbeatStandingSerializer,
    )
    def post(self, request: Request, reference: str) -> Response:
        """Report that the backend is alive, or that it fails, which raises the alert at once.

        Needs the scope `heartbeats:write` and nothing else. The same words within ten seconds count once. 409
        while heartbeats are off.
        """
        connector = get_object_or_404(visible_connectors(request), _named(reference))
        sent = HeartbeatSendingSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        row = services.beat(
            connector,
            is_failing=sent.validated_data["status"] == "failing",
            message=sent.validated_data["message"],
            actor=acting_user(request),
        )
        told = {
            "state": BeatState.FAILING if row.is_failing else BeatState.ON_TIME,
            "heard_at": row.heard_at,
            "due_at": row.rhythm.due(row.missing_at),
            "missing_at": row.missing_at,
        }
        return Response(HeartbeatStandingSerializer(told).data)


def _named(reference: str) -> Q:
    pk = uuid_or_none(reference)
    return Q(pk=pk) if pk else Q(slug=reference)


urlpatterns = [
    path("connectors/<uuid:pk>/heartbeat/", HeartbeatView.as_view(), name="connector_heartbeat"),
    path("connectors/<slug:reference>/heartbeats/", HeartbeatsView.as_view(), name="connector_heartbeats"),
]
