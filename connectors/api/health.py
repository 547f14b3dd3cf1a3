"""Endpoints of health: figures of a connector, and the intake of telemetry from regions."""

from __future__ import annotations

import hmac
import random
from dataclasses import dataclass
from threading import BoundedSemaphore
from typing import IO, Any

import orjson
import structlog
from django.conf import settings
from django.db import OperationalError
from django.http import HttpRequest
from django.http.response import HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers, status
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed, NotAuthenticated
from rest_framework.parsers import BaseParser
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from connectors.api.connectors import visible_connectors
from connectors.figures import Figures
from connectors.latency import LATENCY_BOUNDS_MS, Percentile
from connectors.models import Region
from connectors.queries import health as queries
from connectors.services import health as services
from connectors.services.health_intake import BATCH_SCHEMA, EVENT_SCHEMA, MAX_BYTES, MAX_EVENTS
from portal.shared.errors import InvalidInput, TooLarge
from portal.shared.rest import PROBLEM_TYPE
from portal.shared.secrets import fingerprint

log = structlog.get_logger(__name__)

# Batches beyond this many wait a moment and are then told to come back: pages keep their connections.
_PLACES = BoundedSemaphore(max(1, settings.TELEMETRY_AT_ONCE))
_LONGEST_WAIT_SECONDS = 1.0
_COME_BACK_SECONDS = (2, 8)

# What the published schema cannot say in OpenAPI 3.0 is said in docs/health.md.
_PUBLISHED_EVENT: dict[str, Any] = {
    **EVENT_SCHEMA,
    "properties": {
        **EVENT_SCHEMA["properties"],
        "statuses": {
            "type": "object",
            "description": "HTTP status, 100 to 599, to number of calls.",
            "additionalProperties": {"type": "integer", "minimum": 0},
        },
    },
}
_BREAKDOWNS = ("step", "operation", "region", "version", "status")


@dataclass(frozen=True)
class RegionCaller:
    """A region that showed its telemetry token. It is nobody's account and reaches this endpoint only."""

    region: Region
    is_authenticated = True
    is_active = True

    @property
    def pk(self) -> str:
        return f"region:{self.region.pk}"


class RegionTokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer <telemetry token of the region>`. Users' API tokens do not work here."""

    def authenticate(self, request: Request) -> tuple[RegionCaller, None]:
        keyword, _, token = request.headers.get("Authorization", "").partition(" ")
        token = token.strip()
        if keyword.lower() != "bearer" or not token:
            raise NotAuthenticated("Send the region's telemetry token as Authorization: Bearer.")
        digest = fingerprint(token)
        region = Region.objects.filter(telemetry_digest=digest, is_active=True).first()
        if region is None or not hmac.compare_digest(region.telemetry_digest, digest):
            raise AuthenticationFailed("This is not the telemetry token of an active region.")
        return RegionCaller(region), None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class RegionTokenScheme(OpenApiAuthenticationExtension):
    target_class = RegionTokenAuthentication
    name = "regionToken"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "The telemetry token of one region, known to the region and the portal.",
        }


class IsRegion(BasePermission):
    def has_permission(self, request: Request, view: APIView) -> bool:
        return isinstance(request.user, RegionCaller)


class BatchParser(BaseParser):
    """JSON of at most `MAX_BYTES`, refused by its announced length before it is read."""

    media_type = "application/json"

    def parse(self, stream: IO[bytes], media_type: Any = None, parser_context: Any = None) -> Any:
        announced = parser_context["request"].META.get("CONTENT_LENGTH") or "0"
        if announced.isdecimal() and int(announced) > MAX_BYTES:
            raise TooLarge(f"A batch has at most {MAX_BYTES:,} bytes.")
        content = stream.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise TooLarge(f"A batch has at most {MAX_BYTES:,} bytes.")
        try:
            return orjson.loads(content)
        except orjson.JSONDecodeError as error:
            raise InvalidInput(
                f"This is not JSON (line {error.lineno}, column {error.colno}).", code="malformed-request"
            ) from None


class RejectionSerializer(serializers.Serializer[Any]):
    index = serializers.IntegerField(help_text="Place of the event in the batch, from 0.")
    reason = serializers.CharField()


def _region_of(request: Request) -> Region:
    caller: Any = request.user
    region: Region = caller.region
    return region


class ReceiptSerializer(serializers.Serializer[Any]):
    batch_id = serializers.UUIDField()
    status = serializers.ChoiceField(choices=["stored", "duplicate"])
    accepted = serializers.IntegerField(help_text="Events stored.")
    rejected = serializers.IntegerField(help_text="Events that could not be used.")
    reasons = serializers.DictField(child=serializers.IntegerField(), help_text="Reason to number of events.")
    rejections = RejectionSerializer(many=True, help_text="The first 20; empty for a duplicate.")


def busy() -> JsonResponse:
    """503 with a Retry-After that differs from region to region, so that they do not come back together."""
    body = {
        "type": "about:blank",
        "title": "Service Unavailable",
        "status": 503,
        "code": "busy",
        "detail": "The portal cannot store this batch now. Keep it and send it again with the same batch_id.",
    }
    seconds = random.randint(*_COME_BACK_SECONDS)  # noqa: S311 - spreads load, guards nothing
    headers = {"Retry-After": str(seconds)}
    return JsonResponse(body, status=503, content_type=PROBLEM_TYPE, headers=headers)


class TelemetryBatchView(APIView):
    """Where regions push telemetry. What cannot be stored now is refused quickly: regions keep it."""

    authentication_classes = (RegionTokenAuthentication,)
    permission_classes = (IsRegion,)
    parser_classes = (BatchParser,)
    # A region is one trusted caller that sends as much as its connectors are used; size limits bound a batch.
    throttle_classes = ()

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not _PLACES.acquire(timeout=_LONGEST_WAIT_SECONDS):
            return busy()
        try:
            return super().dispatch(request, *args, **kwargs)
        except OperationalError as error:
            log.warning("telemetry_refused", error=type(error).__name__)
            return busy()
        finally:
            _PLACES.release()

    @extend_schema(
        operation_id="telemetry_batches_create",
        tags=["telemetry"],
        request={
            "application/json": {
                **BATCH_SCHEMA,
                "properties": {
                    **BATCH_SCHEMA["properties"],
                    "bounds_ms": {
                        "type": "array",
                        "items": {"type": "integer"},
                        "enum": [list(LATENCY_BOUNDS_MS)],
                    },
                    "events": {
                        "type": "array",
                        "minItems": 1,
                        "maxItems": MAX_EVENTS,
                        "items": _PUBLISHED_EVENT,
                    },
                },
            }
        },
        responses={
            202: ReceiptSerializer,
            200: ReceiptSerializer,
            503: OpenApiResponse(description="Not now: keep the batch, wait for Retry-After seconds."),
        },
    )
    def post(self, request: Request) -> Response:
        """Store a batch: 202, or 200 with the first receipt when this batch_id was taken in before.

        At most 5,000 events and 1 MB. Events that cannot be used are counted by reason; the others are
        stored. 400 and 413 are final: the same document cannot succeed.
        """
        receipt = services.take_batch(request.data, region=_region_of(request))
        body = {
            "batch_id": str(receipt.batch_id),
            "status": "duplicate" if receipt.is_repeated else "stored",
            "accepted": receipt.accepted,
            "rejected": receipt.rejected,
            "reasons": dict(receipt.reasons),
            "rejections": [{"index": each.index, "reason": each.reason} for each in receipt.rejections],
        }
        return Response(body, status=status.HTTP_200_OK if receipt.is_repeated else status.HTTP_202_ACCEPTED)


class HealthQuerySerializer(serializers.Serializer[Any]):
    window = serializers.ChoiceField(choices=list(queries.WINDOWS), default="24h")
    group_by = serializers.ChoiceField(choices=_BREAKDOWNS, default="step")
    region = serializers.CharField(default="", max_length=40)
    operation = serializers.CharField(default="", max_length=200)
    version = serializers.CharField(default="", max_length=40)


_FIGURES: dict[str, serializers.Field[Any, Any, Any, Any]] = {
    "requests": serializers.IntegerField(),
    "successes": serializers.IntegerField(help_text="Answers 1xx, 2xx and 3xx."),
    "throttled": serializers.IntegerField(help_text="Answers 429."),
    "counted": serializers.IntegerField(help_text="All but the throttled: the denominator of the rate."),
    "success_rate": serializers.FloatField(allow_null=True, help_text="0 to 1; null without calls."),
    "p50_ms": serializers.FloatField(allow_null=True),
    "p95_ms": serializers.FloatField(allow_null=True),
    "p99_ms": serializers.FloatField(allow_null=True),
}
_FiguresSerializer = inline_serializer("HealthFigures", _FIGURES)
_HealthSerializer = inline_serializer(
    "ConnectorHealth",
    {
        "connector": serializers.UUIDField(),
        "window": serializers.CharField(),
        "since": serializers.DateTimeField(),
        "until": serializers.DateTimeField(),
        "last_report_at": serializers.DateTimeField(allow_null=True),
        "has_data": serializers.BooleanField(help_text="false is not “healthy”: nothing was reported."),
        "active_connections": serializers.IntegerField(allow_null=True),
        "total": _FiguresSerializer,
        "group_by": serializers.ChoiceField(choices=_BREAKDOWNS),
        "groups": serializers.ListField(
            child=serializers.DictField(), help_text="`key` and the figures; for status: `key` and `calls`."
        ),
    },
)


class ConnectorHealthView(APIView):
    """How a connector is doing."""

    @extend_schema(
        operation_id="connectors_health_retrieve",
        tags=["connectors"],
        parameters=[
            OpenApiParameter("window", str, enum=list(queries.WINDOWS), default="24h"),
            OpenApiParameter("group_by", str, enum=_BREAKDOWNS, default="step"),
            OpenApiParameter("region", str),
            OpenApiParameter("operation", str),
            OpenApiParameter("version", str),
        ],
        responses=_HealthSerializer,
    )
    def get(self, request: Request, pk: str) -> Response:
        """Requests, success rate with its counts, latency and active connections, with one breakdown."""
        connector = get_object_or_404(visible_connectors(request), pk=pk)
        asked = HealthQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        values = dict(asked.validated_data)
        window, group_by = queries.WINDOWS[values.pop("window")], values.pop("group_by")
        health = queries.health_of(queries.Selection(connector.pk, window, **values))
        return Response(
            {
                "connector": str(connector.pk),
                "window": window.key,
                "since": health.since,
                "until": health.until,
                "last_report_at": health.last_at,
                "has_data": health.has_data,
                "active_connections": health.connections,
                "total": _figures(health.total),
                "group_by": group_by,
                "groups": _groups(health, group_by),
            }
        )


def _groups(health: queries.Health, group_by: str) -> list[dict[str, Any]]:
    if group_by == "step":
        return [{"key": point.at, **_figures(point.figures)} for point in health.points]
    if group_by == "status":
        return [{"key": str(error.status), "calls": error.calls} for error in health.errors]
    groups = {"operation": health.operations, "region": health.regions, "version": health.versions}[group_by]
    return [{"key": group.key, **_figures(group.figures)} for group in groups]


def _figures(figures: Figures) -> dict[str, Any]:
    return {
        "requests": figures.requests,
        "successes": figures.successes,
        "throttled": figures.throttled,
        "counted": figures.counted,
        "success_rate": figures.success_rate,
        "p50_ms": _milliseconds(figures.p50),
        "p95_ms": _milliseconds(figures.p95),
        "p99_ms": _milliseconds(figures.p99),
    }


def _milliseconds(value: Percentile | None) -> float | None:
    return None if value is None else round(value.milliseconds, 2)


urlpatterns = [
    path("telemetry/batches/", TelemetryBatchView.as_view(), name="telemetry_batches"),
    path("connectors/<uuid:pk>/health/", ConnectorHealthView.as_view(), name="connector_health"),
]
