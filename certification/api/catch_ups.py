"""Endpoints of catch-ups: what a region lacks, bringing it there, and the switches of one under way."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter
from rest_framework.viewsets import GenericViewSet

from certification import policies
from certification.api.rollout_shapes import ReasonSerializer
from certification.models import CatchUp
from certification.queries import catch_ups as queries
from certification.queries import plans as plan_queries
from certification.services import catch_ups as services
from connectors.models import Region
from portal.accounts.models import ApiToken
from portal.shared.policy import require
from portal.shared.rest import IdempotentCreation
from portal.shared.web import signed_in_user


class CatchUpSerializer(serializers.ModelSerializer[CatchUp]):
    region: serializers.Field = serializers.SlugRelatedField(slug_field="code", read_only=True)

    class Meta:
        model = CatchUp
        fields = [
            "id", "region", "state", "starts_on", "per_day", "reason", "hold_reason", "created_at",
            "finished_at",
        ]  # fmt: skip
        read_only_fields = fields


class CatchUpLookSerializer(serializers.Serializer[Any]):
    region = serializers.SlugField(max_length=40)
    starts_on = serializers.DateField()
    per_day = serializers.IntegerField(min_value=1, max_value=services.MOST_A_DAY)


class CatchUpDraftSerializer(CatchUpLookSerializer):
    reason = serializers.CharField(max_length=1_000)


class CatchUpComingSerializer(serializers.Serializer[Any]):
    """A connector that would come, and when."""

    connector = serializers.SlugField(source="missing.connector.slug")
    team = serializers.CharField(source="missing.connector.publisher.name")
    version = serializers.CharField(source="missing.rollout.version.label")
    planned_at = serializers.DateTimeField()
    connections = serializers.IntegerField(help_text="Active in the region over the last day.")


class CatchUpLeftOutSerializer(serializers.Serializer[Any]):
    connector = serializers.SlugField(source="connector.slug")
    team = serializers.CharField(source="connector.publisher.name")
    reason = serializers.CharField(source="why_not")


class CatchUpPreviewSerializer(serializers.Serializer[Any]):
    """What opening it would do. `on_its_way` counts connectors that are planned for the region already."""

    coming = CatchUpComingSerializer(many=True)
    left_out = CatchUpLeftOutSerializer(source="gap.left_out", many=True)
    on_its_way = serializers.IntegerField(source="gap.coming")


class CatchUpProgressSerializer(serializers.Serializer[Any]):
    """Connectors, by how far they are."""

    total = serializers.IntegerField()
    planned = serializers.IntegerField()
    running = serializers.IntegerField()
    failed = serializers.IntegerField()
    done = serializers.IntegerField()
    ended = serializers.IntegerField()


class CatchUpViewSet(
    IdempotentCreation,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    GenericViewSet[CatchUp],
):
    """Regions that opened later get what is live elsewhere. Operators alone see them."""

    serializer_class = CatchUpSerializer
    write_scope = ApiToken.Scope.ROLLOUTS
    filterset_fields = ["state", "region"]
    queryset = CatchUp.objects.none()

    def get_queryset(self) -> QuerySet[CatchUp]:
        return queries.visible_to(self.request.user)

    @extend_schema(request=CatchUpDraftSerializer, responses={201: CatchUpSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Begin to bring a region what is live elsewhere and not there."""
        return super().create(request, *args, **kwargs)

    def perform_create(self, serializer: serializers.BaseSerializer[CatchUp]) -> None:
        user = signed_in_user(self.request)
        require(policies.can_manage_catch_ups, user, None)
        asked = CatchUpDraftSerializer(data=self.request.data)
        asked.is_valid(raise_exception=True)
        given = dict(asked.validated_data)
        region = _region(given.pop("region"))
        serializer.instance = services.open_catch_up(region, services.CatchUpDraft(**given), actor=user)

    @extend_schema(request=CatchUpLookSerializer, responses=CatchUpPreviewSerializer)
    @action(detail=False, methods=["post"], pagination_class=None, filter_backends=[])
    def preview(self, request: Request) -> Response:
        """Which connectors would come on which days, and which are left out and why. Changes nothing."""
        user = signed_in_user(request)
        require(policies.can_manage_catch_ups, user, None)
        asked = CatchUpLookSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = dict(asked.validated_data)
        found = services.preview_catch_up(_region(given.pop("region")), **given, actor=user)
        return Response(CatchUpPreviewSerializer(found).data)

    @extend_schema(responses=CatchUpProgressSerializer)
    @action(detail=True, pagination_class=None, filter_backends=[])
    def progress(self, request: Request, pk: str) -> Response:
        """How many connectors are planned, under way, failed, there, or were ended."""
        return Response(CatchUpProgressSerializer(queries.progress_of(self.get_object())).data)

    @extend_schema(request=ReasonSerializer, responses=CatchUpSerializer)
    @action(detail=True, methods=["post"])
    def hold(self, request: Request, pk: str) -> Response:
        """No further connector starts until somebody resumes."""
        return self._act(services.hold_catch_up, request)

    @extend_schema(request=ReasonSerializer, responses=CatchUpSerializer)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Go on where it was held."""
        return self._act(services.resume_catch_up, request)

    @extend_schema(request=ReasonSerializer, responses=CatchUpSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Take what has not started off the calendar; what the region has stays."""
        return self._act(services.cancel_catch_up, request)

    def _act(self, act: Any, request: Request) -> Response:
        asked = ReasonSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        act(self.get_object(), **asked.validated_data, actor=signed_in_user(request))
        return Response(CatchUpSerializer(self.get_object()).data)


def _region(code: str) -> Region:
    found = plan_queries.every_region().filter(pk=code).first()
    if found is None:
        raise serializers.ValidationError({"region": [_("No region: %(unknown)s.") % {"unknown": code}]})
    return found


def register(router: BaseRouter) -> None:
    router.register("catch-ups", CatchUpViewSet, basename="catch-up")
