"""Endpoints of plans. A plan is never changed: a PUT makes its next revision."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter
from rest_framework.viewsets import GenericViewSet

from certification.api.freezes import RolloutMoveSerializer
from certification.models import PlanWave, RolloutPlan
from certification.planning.coverage import WaveDraft
from certification.queries import plans as queries
from certification.services import plan_changes
from certification.services import plans as services
from certification.services.plans import MAX_BAKE_CALLS, MAX_BAKE_SECONDS
from portal.accounts.models import ApiToken
from portal.shared.rest import IdempotentCreation
from portal.shared.web import signed_in_user


class PlanWaveSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(max_length=80)
    regions = serializers.ListField(child=serializers.CharField(max_length=40))
    before_sign_off = serializers.BooleanField(default=False)
    is_opt_in = serializers.BooleanField(default=False)
    bake_seconds = serializers.IntegerField(default=0, min_value=0, max_value=MAX_BAKE_SECONDS)
    bake_business_seconds = serializers.IntegerField(default=0, min_value=0, max_value=MAX_BAKE_SECONDS)
    bake_calls = serializers.IntegerField(default=0, min_value=0, max_value=MAX_BAKE_CALLS)


class PlanSerializer(serializers.ModelSerializer[RolloutPlan]):
    """`waves` in order. Every active region belongs to exactly one; `weekend` counts from Monday = 0."""

    waves = PlanWaveSerializer(many=True, write_only=True)
    gate_thresholds = serializers.DictField(
        child=serializers.FloatField(),
        required=False,
        help_text="Shares from 0 to 1; what is not named is the house's.",
    )
    reason = serializers.CharField(max_length=1_000, write_only=True, required=False, default="")

    class Meta:
        model = RolloutPlan
        fields = [
            "id", "name", "revision", "description", "time_zone", "lane", "weekend", "holiday_countries",
            "start_time", "days_between_waves", "hours_between_waves", "gate_thresholds", "is_default",
            "is_retired", "created_at", "waves", "reason",
        ]  # fmt: skip
        read_only_fields = ["id", "revision", "is_retired", "created_at"]
        validators: list[Any] = []

    def to_representation(self, instance: RolloutPlan) -> dict[str, Any]:
        shown = super().to_representation(instance)
        shown["waves"] = [_wave(wave) for wave in instance.waves.all()]
        return shown


class PlanRetirementSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=1_000, required=False, default="", allow_blank=True)


def _wave(wave: PlanWave) -> dict[str, Any]:
    codes = sorted(place.region_id for place in wave.places.all())
    return {
        "name": wave.name,
        "regions": codes,
        "before_sign_off": wave.before_sign_off,
        "is_opt_in": wave.is_opt_in,
        "bake_seconds": wave.bake_seconds,
        "bake_business_seconds": wave.bake_business_seconds,
        "bake_calls": wave.bake_calls,
    }


def draft_from(data: dict[str, Any], *, name: str = "") -> services.PlanDraft:
    fields: dict[str, Any] = {
        key: data[key]
        for key in (
            "description",
            "time_zone",
            "start_time",
            "days_between_waves",
            "hours_between_waves",
            "lane",
            "gate_thresholds",
            "is_default",
        )
        if key in data
    }
    for key in ("weekend", "holiday_countries"):
        if key in data:
            fields[key] = tuple(data[key])
    waves = tuple(WaveDraft(**{**wave, "regions": tuple(wave["regions"])}) for wave in data["waves"])
    return services.PlanDraft(name=name or data["name"], waves=waves, **fields)


class PlanViewSet(
    IdempotentCreation,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    GenericViewSet[RolloutPlan],
):
    """Ordered waves of regions with a calendar. For operators."""

    serializer_class = PlanSerializer
    write_scope = ApiToken.Scope.ADMIN
    filterset_fields = ["is_default", "is_retired", "name"]
    queryset = RolloutPlan.objects.none()

    def get_queryset(self) -> QuerySet[RolloutPlan]:
        return queries.with_waves(self.request.user)

    def perform_create(self, serializer: serializers.BaseSerializer[RolloutPlan]) -> None:
        draft = draft_from(serializer.validated_data)
        serializer.instance = services.create_plan(draft, actor=signed_in_user(self.request))

    @extend_schema(request=PlanSerializer, responses={201: PlanSerializer})
    @action(detail=True, methods=["post"])
    def revise(self, request: Request, pk: str) -> Response:
        """The next revision; rollouts under way keep theirs."""
        plan = self.get_object()
        draft, reason = self._asked(plan)
        new, _ = plan_changes.revise_plan(plan, draft, reason=reason, actor=signed_in_user(request))
        return Response(PlanSerializer(new).data, status=status.HTTP_201_CREATED)

    def _asked(self, plan: RolloutPlan) -> tuple[services.PlanDraft, str]:
        asked = PlanSerializer(data={**dict(self.request.data), "name": plan.name})
        asked.is_valid(raise_exception=True)
        data = {"gate_thresholds": plan.gate_thresholds, **asked.validated_data}
        return draft_from(data, name=plan.name), data["reason"]

    @extend_schema(request=PlanSerializer, responses=RolloutMoveSerializer(many=True))
    @action(detail=True, methods=["post"], url_path="what-moves", pagination_class=None, filter_backends=[])
    def what_moves(self, request: Request, pk: str) -> Response:
        """The rollouts that this revision would move: those that have not started. Saves nothing."""
        plan = self.get_object()
        draft, _ = self._asked(plan)
        moves = plan_changes.preview_revision(plan, draft, actor=signed_in_user(request))
        return Response(RolloutMoveSerializer(moves, many=True).data)

    @extend_schema(request=None, responses=PlanSerializer)
    @action(detail=True, methods=["post"], url_path="make-default")
    def make_default(self, request: Request, pk: str) -> Response:
        """Use it for new Previews and rollouts."""
        plan = self.get_object()
        services.make_default(plan, actor=signed_in_user(request))
        return Response(PlanSerializer(plan).data)

    @extend_schema(request=PlanRetirementSerializer, responses=PlanSerializer)
    @action(detail=True, methods=["post"])
    def retire(self, request: Request, pk: str) -> Response:
        """Offer it no longer; rollouts that use it go on. 409 for a default plan."""
        plan = self.get_object()
        asked = PlanRetirementSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        services.retire_plan(plan, **asked.validated_data, actor=signed_in_user(request))
        return Response(PlanSerializer(plan).data)


def register(router: BaseRouter) -> None:
    router.register("plans", PlanViewSet, basename="plan")
