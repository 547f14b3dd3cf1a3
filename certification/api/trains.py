"""Endpoints of trains: timetables, departures with their free places, and what a change would move."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter
from rest_framework.viewsets import GenericViewSet

from certification import policies
from certification.api.freezes import RolloutMoveSerializer
from certification.models import Train
from certification.planning.trains import Timetable
from certification.queries import trains as queries
from certification.services import trains as services
from portal.accounts.models import ApiToken
from portal.shared.policy import require
from portal.shared.rest import IdempotentCreation
from portal.shared.web import signed_in_user

_SHOWN = dt.timedelta(days=60)


@extend_schema_field({"type": "string", "pattern": "^[0-9]{2}:[0-9]{2}(:[0-9]{2})?$", "example": "10:00"})
class WallClockField(serializers.TimeField):
    """A time of day in the train's own zone; JSON Schema's "time" would want an offset."""


class TrainSerializer(serializers.ModelSerializer[Train]):
    """Leaves on `weekdays` (Monday = 0) at `departs_at` in `time_zone`; without `lanes` all may board."""

    departs_at = WallClockField(required=False)
    weekdays = serializers.ListField(child=serializers.IntegerField(min_value=0, max_value=6))
    lanes = serializers.ListField(child=serializers.CharField(max_length=8), required=False, default=list)
    reason = serializers.CharField(max_length=1_000, write_only=True, required=False, default="")

    class Meta:
        model = Train
        fields = [
            "id", "name", "description", "time_zone", "weekdays", "departs_at", "cutoff_hours", "capacity",
            "per_publisher", "lanes", "is_retired", "created_at", "reason",
        ]  # fmt: skip
        read_only_fields = ["id", "is_retired", "created_at"]
        validators: list[Any] = []
        extra_kwargs: dict[str, Any] = {"name": {"validators": []}}


class BoardingSerializer(serializers.Serializer[Any]):
    rollout = serializers.UUIDField(source="rollout_id")
    connector = serializers.SlugField(source="rollout.connector.slug")
    wave = serializers.IntegerField(source="wave_number")


class DepartureSerializer(serializers.Serializer[Any]):
    """`boardings` are those the reader may see; `taken` counts all."""

    leaves_at = serializers.DateTimeField()
    closes_at = serializers.DateTimeField()
    is_closed = serializers.BooleanField()
    taken = serializers.IntegerField()
    free = serializers.IntegerField()
    closed = serializers.CharField()
    boardings = BoardingSerializer(many=True)


class TrainReasonSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=1_000)


def draft_from(data: dict[str, Any], start: services.TrainDraft | None = None) -> services.TrainDraft:
    """A draft from validated data; what is not given stays as it was."""
    base = start or services.TrainDraft(Timetable(""))
    names = ("name", "time_zone", "departs_at", "cutoff_hours", "capacity", "per_publisher")
    fields: dict[str, Any] = {name: data.get(name, getattr(base.timetable, name)) for name in names}
    for name in ("weekdays", "lanes"):
        fields[name] = frozenset(data.get(name, getattr(base.timetable, name)))
    return services.TrainDraft(Timetable(**fields), data.get("description", base.description))


class TrainViewSet(
    IdempotentCreation,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    GenericViewSet[Train],
):
    """Trains that rollouts board. Everybody who is signed in may read them."""

    serializer_class = TrainSerializer
    write_scope = ApiToken.Scope.ADMIN
    filterset_fields = ["is_retired"]
    queryset = Train.objects.none()

    def get_queryset(self) -> QuerySet[Train]:
        return queries.every_train()

    def perform_create(self, serializer: serializers.BaseSerializer[Train]) -> None:
        draft = draft_from(serializer.validated_data)
        serializer.instance = services.create_train(draft, actor=signed_in_user(self.request))

    @extend_schema(responses=DepartureSerializer(many=True))
    @action(detail=True, pagination_class=None, filter_backends=[])
    def departures(self, request: Request, pk: str) -> Response:
        """The departures of the next sixty days."""
        now = timezone.now()
        found = queries.departures([self.get_object()], request.user, start=now, end=now + _SHOWN)
        return Response(DepartureSerializer(found, many=True).data)

    def _asked(self, train: Train) -> tuple[services.TrainDraft, str]:
        asked = TrainSerializer(train, data=self.request.data, partial=True)
        asked.is_valid(raise_exception=True)
        data = asked.validated_data
        return draft_from(data, services.draft_of(train)), data.get("reason", "")

    @extend_schema(request=TrainSerializer, responses=RolloutMoveSerializer(many=True))
    @action(detail=True, methods=["post"], url_path="what-moves", pagination_class=None, filter_backends=[])
    def what_moves(self, request: Request, pk: str) -> Response:
        """The rollouts that changing the train would move. Saves nothing."""
        require(policies.can_manage_plans, signed_in_user(request), None)
        train = self.get_object()
        draft, _ = self._asked(train)
        services.check_train(draft, instead_of=train)
        return Response(RolloutMoveSerializer(services.preview_train(train, draft), many=True).data)

    @extend_schema(request=TrainSerializer, responses=TrainSerializer)
    @action(detail=True, methods=["post"])
    def change(self, request: Request, pk: str) -> Response:
        """Another timetable, capacity or boarding rule; rollouts that lose their departure take the next."""
        train = self.get_object()
        draft, reason = self._asked(train)
        services.change_train(train, draft, reason=reason, actor=signed_in_user(request))
        return Response(TrainSerializer(self.get_object()).data)

    @extend_schema(request=TrainReasonSerializer, responses=TrainSerializer)
    @action(detail=True, methods=["post"])
    def retire(self, request: Request, pk: str) -> Response:
        """It does not run any more; refused while a plan boards it."""
        train = self.get_object()
        asked = TrainReasonSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        services.retire_train(train, **asked.validated_data, actor=signed_in_user(request))
        return Response(TrainSerializer(self.get_object()).data)


def register(router: BaseRouter) -> None:
    router.register("trains", TrainViewSet, basename="train")
