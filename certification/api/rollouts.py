"""Endpoints of rollouts: the list, a rollout with its regions, its schedule and every deed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter
from rest_framework.viewsets import GenericViewSet

from certification.api import freezes, incidents, plans, trains
from certification.api import overrides as overrides_api
from certification.api.overrides import OverrideSerializer
from certification.api.rollout_orders import OrderSerializer, RegionMoveSerializer, ReorderSerializer
from certification.models import (
    DateChange,
    ForecastSnapshot,
    GateCheck,
    RegionDeployment,
    Rollout,
    RolloutPlan,
    Submission,
)
from certification.queries import blast_radius as radii
from certification.queries import gates as gate_queries
from certification.queries import plans as plan_queries
from certification.queries import rollouts as queries
from certification.queries.forecasts import newest
from certification.queries.lanes import lane_of
from certification.queries.rollout_queue import line_of
from certification.queries.wave_order import order_version
from certification.services import gates as gate_services
from certification.services import opt_in, overrides, reordering, rollbacks, rollout_queue, rollouts, schedule
from certification.services import plans as plan_services
from certification.services.advance import holding
from portal.accounts.models import ApiToken
from portal.accounts.tokens import within_token
from portal.shared.errors import Blocked
from portal.shared.rest import UUID_PATTERN, IdempotentCreation
from portal.shared.web import signed_in_user


class RolloutSerializer(serializers.ModelSerializer[Rollout]):
    connector = serializers.SlugField(source="connector.slug", read_only=True)
    publisher = serializers.SlugField(source="connector.publisher.slug", read_only=True)
    version_label = serializers.CharField(source="version.label", read_only=True)
    previous_version_label = serializers.CharField(
        source="previous_version.label", read_only=True, default=None, allow_null=True
    )

    class Meta:
        model = Rollout
        fields = [
            "id", "submission", "connector", "publisher", "version", "version_label",
            "previous_version_label", "digest", "plan", "state", "state_changed_at", "starts_on",
            "hold_reason", "halt_reason", "reordered_at", "started_at", "finished_at", "superseded_by",
            "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class RegionCellSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = serializers.CharField()
    state = serializers.CharField()
    planned_at = serializers.DateTimeField(allow_null=True)
    reported_at = serializers.DateTimeField(allow_null=True)
    verified_at = serializers.DateTimeField(allow_null=True)
    note = serializers.CharField()


class WaveSerializer(serializers.Serializer[Any]):
    number = serializers.IntegerField()
    name = serializers.CharField()
    state = serializers.CharField()
    planned_at = serializers.DateTimeField(allow_null=True)
    regions = RegionCellSerializer(many=True)


class RolloutDetailSerializer(RolloutSerializer):
    """`place_in_line` is 1 for the next one to go, 0 for one that does not wait. `order_version` stands for
    the waves that have not begun and their regions: name it to change their order.
    """

    waves = serializers.SerializerMethodField()
    place_in_line = serializers.SerializerMethodField()
    order_version = serializers.SerializerMethodField()

    class Meta(RolloutSerializer.Meta):
        fields = [*RolloutSerializer.Meta.fields, "place_in_line", "order_version", "waves"]
        read_only_fields = fields

    def get_order_version(self, rollout: Rollout) -> str:
        return order_version(rollout)

    def get_place_in_line(self, rollout: Rollout) -> int:
        return line_of(rollout.connector_id).position(rollout)

    @extend_schema(responses=WaveSerializer(many=True))
    def get_waves(self, rollout: Rollout) -> list[dict[str, Any]]:
        return list(WaveSerializer(queries.matrix_of(rollout), many=True).data)


class DateChangeSerializer(serializers.ModelSerializer[DateChange]):
    wave = serializers.IntegerField(source="wave.number", read_only=True)
    by = serializers.CharField(source="actor.name", read_only=True, default=None, allow_null=True)

    class Meta:
        model = DateChange
        fields = ["wave", "old_at", "new_at", "cause", "reason", "by", "at"]


class ForecastSerializer(serializers.ModelSerializer[ForecastSnapshot]):
    """Half of all regions like this arrive by `early`, nine of ten by `late`; no region: the last one."""

    region = serializers.CharField(source="region_id", read_only=True, allow_null=True)

    class Meta:
        model = ForecastSnapshot
        fields = ["region", "early", "late", "is_measured", "cause", "at"]


class DeploymentSerializer(serializers.ModelSerializer[RegionDeployment]):
    wave = serializers.IntegerField(source="wave.number", read_only=True, default=None, allow_null=True)

    class Meta:
        model = RegionDeployment
        fields = [
            "id", "region", "wave", "action", "attempt", "number", "state", "state_changed_at", "intended_at",
            "reported_at", "verified_at", "overdue_since", "message",
        ]  # fmt: skip
        read_only_fields = fields


class DatesSerializer(serializers.Serializer[Any]):
    """Days in the plan's time zone; `waves` maps a wave's number to its day."""

    starts_on = serializers.DateField(required=False)
    waves = serializers.DictField(child=serializers.DateField(), required=False)

    def validate_waves(self, value: dict[str, Any]) -> dict[int, Any]:
        if not all(number.isdecimal() for number in value):
            raise serializers.ValidationError(_("Name waves by their number."))
        return {int(number): day for number, day in value.items()}


class ScheduleSerializer(DatesSerializer):
    submission = serializers.PrimaryKeyRelatedField(queryset=Submission.objects.none())
    plan = serializers.PrimaryKeyRelatedField(queryset=RolloutPlan.objects.none(), required=False)
    opt_in = serializers.ListField(child=serializers.IntegerField(min_value=1), required=False)

    def get_fields(self) -> dict[str, Any]:
        fields = super().get_fields()
        request = self.context.get("request")
        if request is not None:
            fields["submission"].queryset = within_token(  # type: ignore[attr-defined]
                Submission.objects.visible_to(request.user),
                request,
                team="connector__publisher_id",
                connector="connector_id",
            )
            fields["plan"].queryset = plan_queries.choices()  # type: ignore[attr-defined]
        return fields


class RescheduleSerializer(DatesSerializer):
    reason = serializers.CharField(max_length=1_000)


class ReasonSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=1_000)


class OptionalReasonSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=1_000, required=False, default="", allow_blank=True)


class OptInSerializer(OptionalReasonSerializer):
    """`waves` are numbers of opt-in waves of the plan."""

    waves = serializers.ListField(child=serializers.IntegerField(min_value=1), allow_empty=False)


class RollbackSerializer(ReasonSerializer):
    """Without `regions`: every region that holds the version, or may."""

    regions = serializers.ListField(child=serializers.CharField(max_length=40), required=False)


class GateCheckSerializer(serializers.ModelSerializer[GateCheck]):
    wave = serializers.IntegerField(source="wave.number", read_only=True)

    class Meta:
        model = GateCheck
        fields = [
            "id", "wave", "stage", "verdict", "summary", "evidence", "thresholds", "first_at", "at", "looks",
            "is_let_through", "decided_by", "decided_at", "reason",
        ]  # fmt: skip
        read_only_fields = fields


class RegionLoadSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    name = serializers.CharField()
    version = serializers.CharField()
    connections = serializers.IntegerField()
    calls_an_hour = serializers.IntegerField()


class AffectedSerializer(serializers.Serializer[Any]):
    """Active connections (the last day's peak hour) and calls per hour (the last day's mean)."""

    connections = serializers.IntegerField()
    calls_an_hour = serializers.IntegerField()
    regions = RegionLoadSerializer(many=True)


RADII: dict[str, Callable[[Rollout], radii.Affected]] = {
    "next-wave": radii.next_wave_radius,
    "hold": radii.waiting_radius,
    "stop": radii.waiting_radius,
    "release": radii.waiting_radius,
    "resume": radii.waiting_radius,
    "reorder": radii.waiting_radius,
    "reschedule": radii.waiting_radius,
    "unschedule": radii.waiting_radius,
    "end-opt-in": radii.waiting_radius,
    "supersede": radii.every_region_radius,
    "rollback": lambda rollout: radii.blast_radius(rollout, holding(rollout)),
}


def bound(queryset: QuerySet[Any], request: Request, path: str) -> QuerySet[Any]:
    """A token that belongs to one publisher sees only that publisher's rows."""
    return within_token(queryset, request, team=path)


class RolloutViewSet(
    IdempotentCreation,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    GenericViewSet[Rollout],
):
    """Versions on their way through the regions. Creating one schedules a signed-off submission."""

    serializer_class = RolloutSerializer
    binds_connector = True
    write_scope = ApiToken.Scope.ROLLOUTS
    filterset_fields = ["state", "submission"]
    queryset = Rollout.objects.none()

    def get_queryset(self) -> QuerySet[Rollout]:
        found = Rollout.objects.visible_to(self.request.user).select_related(
            "connector__publisher", "version", "previous_version", "submission__connector__publisher", "plan"
        )
        return within_token(found, self.request, team="connector__publisher", connector="connector_id")

    def get_serializer_class(self) -> type[serializers.BaseSerializer[Rollout]]:
        return RolloutDetailSerializer if self.action == "retrieve" else RolloutSerializer

    @extend_schema(request=ScheduleSerializer, responses={201: RolloutSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().create(request, *args, **kwargs)

    def perform_create(self, serializer: serializers.BaseSerializer[Rollout]) -> None:
        asked = ScheduleSerializer(data=self.request.data, context={"request": self.request})
        asked.is_valid(raise_exception=True)
        data = asked.validated_data
        submission = data["submission"]
        plan = data.get("plan") or plan_services.default_plan(lane_of(submission))
        if plan is None:
            raise Blocked(_("There is no default plan: name a plan, or create one first."))
        dates = schedule.Dates(
            data.get("starts_on") or schedule.propose_start(plan, submission),
            data.get("waves", {}),
            frozenset(data.get("opt_in", ())),
        )
        serializer.instance = schedule.schedule_rollout(
            submission, plan, dates, actor=signed_in_user(self.request)
        )

    def _done(self) -> Response:
        return Response(RolloutDetailSerializer(self.get_object()).data)

    def _reason(self, kind: type[serializers.Serializer[Any]] = ReasonSerializer) -> dict[str, Any]:
        asked = kind(data=self.request.data)
        asked.is_valid(raise_exception=True)
        data: dict[str, Any] = asked.validated_data
        return data

    @extend_schema(request=ReasonSerializer, responses=RolloutDetailSerializer)
    @action(detail=True, methods=["post"])
    def hold(self, request: Request, pk: str) -> Response:
        """Start no further region until somebody resumes."""
        rollouts.hold_rollout(self.get_object(), **self._reason(), actor=signed_in_user(request))
        return self._done()

    @extend_schema(request=OptionalReasonSerializer, responses=RolloutDetailSerializer)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Go on after a hold."""
        reason = self._reason(OptionalReasonSerializer)
        rollouts.resume_rollout(self.get_object(), **reason, actor=signed_in_user(request))
        return self._done()

    @extend_schema(request=ReasonSerializer, responses=RolloutDetailSerializer)
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: str) -> Response:
        """Halt at once; needs nobody's approval and stays until it is released."""
        rollouts.stop_rollout(self.get_object(), **self._reason(), actor=signed_in_user(request))
        return self._done()

    @extend_schema(request=ReasonSerializer, responses=RolloutDetailSerializer)
    @action(detail=True, methods=["post"])
    def release(self, request: Request, pk: str) -> Response:
        """End a halt and go on."""
        rollouts.release_rollout(self.get_object(), **self._reason(), actor=signed_in_user(request))
        return self._done()

    @extend_schema(request=RollbackSerializer, responses=RolloutDetailSerializer)
    @action(detail=True, methods=["post"])
    def rollback(self, request: Request, pk: str) -> Response:
        """Return regions to the last good version, without another review."""
        rollbacks.roll_back(
            self.get_object(), **self._reason(RollbackSerializer), actor=signed_in_user(request)
        )
        return self._done()

    @extend_schema(request=ReasonSerializer, responses=RolloutDetailSerializer)
    @action(detail=True, methods=["post"], url_path="end-rollback")
    def end_rollback(self, request: Request, pk: str) -> Response:
        """Leave the regions that still hold the version as they are."""
        rollbacks.end_rollback(self.get_object(), **self._reason(), actor=signed_in_user(request))
        return self._done()

    @extend_schema(request=ReasonSerializer, responses=RolloutDetailSerializer)
    @action(detail=True, methods=["post"])
    def supersede(self, request: Request, pk: str) -> Response:
        """Take the place of everything before this waiting version; that ends, this one is scheduled."""
        rollout_queue.supersede(self.get_object(), **self._reason(), actor=signed_in_user(request))
        return self._done()

    @extend_schema(request=OptInSerializer, responses=RolloutDetailSerializer)
    @action(detail=True, methods=["post"], url_path="opt-in")
    def choose_opt_in(self, request: Request, pk: str) -> Response:
        """Add opt-in waves of the plan, before the rollout is complete or after."""
        data = self._reason(OptInSerializer)
        opt_in.choose(self.get_object(), data["waves"], reason=data["reason"], actor=signed_in_user(request))
        return self._done()

    @extend_schema(request=ReasonSerializer, responses=RolloutDetailSerializer)
    @action(detail=True, methods=["post"], url_path="end-opt-in")
    def end_opt_in(self, request: Request, pk: str) -> Response:
        """Leave out the opt-in waves of a completed rollout that are not done."""
        rollouts.end_opt_in_waves(self.get_object(), **self._reason(), actor=signed_in_user(request))
        return self._done()

    @extend_schema(request=ReasonSerializer, responses=RolloutDetailSerializer)
    @action(detail=True, methods=["post"])
    def unschedule(self, request: Request, pk: str) -> Response:
        """Take a rollout that has not started off the schedule."""
        schedule.unschedule_rollout(self.get_object(), **self._reason(), actor=signed_in_user(request))
        return self._done()

    @extend_schema(request=RescheduleSerializer, responses=RolloutDetailSerializer)
    @action(detail=True, methods=["post"])
    def reschedule(self, request: Request, pk: str) -> Response:
        """Other days for the waves that have not started."""
        rollout, data = self.get_object(), self._reason(RescheduleSerializer)
        dates = schedule.Dates(data.get("starts_on") or rollout.starts_on, data.get("waves", {}))
        schedule.reschedule_rollout(rollout, dates, reason=data["reason"], actor=signed_in_user(request))
        return self._done()

    @extend_schema(request=ReorderSerializer, responses=RolloutDetailSerializer)
    @action(detail=True, methods=["post"])
    def reorder(self, request: Request, pk: str) -> Response:
        """Another order of the waves that have not begun; the plan stays as it is."""
        rollout, data = self.get_object(), self._reason(ReorderSerializer)
        seen, reason = data["order_version"], data["reason"]
        reordering.reorder_waves(
            rollout, data["waves"], seen=seen, reason=reason, actor=signed_in_user(request)
        )
        return self._done()

    @extend_schema(request=OrderSerializer, responses=RegionMoveSerializer(many=True))
    @action(
        detail=True, methods=["post"], url_path="reorder-preview", pagination_class=None, filter_backends=[]
    )
    def reorder_preview(self, request: Request, pk: str) -> Response:
        """The regions that such an order would move. Changes nothing."""
        rollout, data = self.get_object(), self._reason(OrderSerializer)
        seen = data["order_version"]
        moves = reordering.preview_order(rollout, data["waves"], seen=seen, actor=signed_in_user(request))
        return Response(RegionMoveSerializer(moves, many=True).data)

    @extend_schema(responses=DateChangeSerializer(many=True))
    @action(detail=True, url_path="date-changes", pagination_class=None, filter_backends=[])
    def date_changes(self, request: Request, pk: str) -> Response:
        """The ledger of dates, newest first."""
        return Response(DateChangeSerializer(queries.date_changes(self.get_object()), many=True).data)

    @extend_schema(responses=ForecastSerializer(many=True))
    @action(detail=True, pagination_class=None, filter_backends=[])
    def forecasts(self, request: Request, pk: str) -> Response:
        """When each region is expected, as last forecast; regions that have it keep their last forecast."""
        rows = list(newest(self.get_object()).values())
        return Response(ForecastSerializer(rows, many=True).data)

    @extend_schema(responses=DeploymentSerializer(many=True))
    @action(detail=True, pagination_class=None, filter_backends=[])
    def deployments(self, request: Request, pk: str) -> Response:
        """Every act in every region."""
        rows = self.get_object().deployments.select_related("wave").order_by("created_at")
        return Response(DeploymentSerializer(rows, many=True).data)

    @extend_schema(responses=AffectedSerializer, parameters=[OpenApiParameter("act", enum=sorted(RADII))])
    @action(detail=True, url_path="blast-radius", pagination_class=None, filter_backends=[])
    def blast_radius(self, request: Request, pk: str) -> Response:
        """Who would notice an act: the next wave unless `act` names another."""
        choose = RADII.get(request.query_params.get("act", "next-wave"))
        if choose is None:
            raise serializers.ValidationError(
                {"act": [_("One of %(acts)s.") % {"acts": ", ".join(sorted(RADII))}]}
            )
        return Response(AffectedSerializer(choose(self.get_object())).data)

    @extend_schema(responses=GateCheckSerializer(many=True))
    @action(detail=True, pagination_class=None, filter_backends=[])
    def gates(self, request: Request, pk: str) -> Response:
        """What gates between waves saw and said, newest first."""
        rows = gate_queries.checks_of(self.get_object())[:200]
        return Response(GateCheckSerializer(rows, many=True).data)

    @extend_schema(request=ReasonSerializer, responses=GateCheckSerializer)
    @action(detail=True, methods=["post"], url_path=rf"gates/(?P<gate_id>{UUID_PATTERN})/let-through")
    def let_through(self, request: Request, pk: str, gate_id: str) -> Response:
        """Let a gate that could not tell pass, with a reason."""
        found = gate_queries.of_rollouts(Rollout.objects.visible_to(request.user).filter(pk=pk))
        self.get_object()
        check = gate_services.let_through(
            get_object_or_404(found, pk=gate_id), **self._reason(), actor=signed_in_user(request)
        )
        return Response(GateCheckSerializer(check).data)

    def _deployment(self, deployment_id: UUID | str) -> RegionDeployment:
        rows = self.get_object().deployments.select_related(
            "rollout__submission__connector__publisher", "connector", "region", "preview"
        )
        return get_object_or_404(rows, pk=deployment_id)

    @extend_schema(request=ReasonSerializer, responses=DeploymentSerializer)
    @action(detail=True, methods=["post"], url_path=rf"deployments/(?P<deployment_id>{UUID_PATTERN})/retry")
    def retry(self, request: Request, pk: str, deployment_id: str) -> Response:
        """Try a failed region again."""
        deployment = self._deployment(deployment_id)
        rollouts.retry_deployment(deployment, **self._reason(), actor=signed_in_user(request))
        return Response(DeploymentSerializer(self._deployment(deployment_id)).data)

    @extend_schema(request=ReasonSerializer, responses={201: OverrideSerializer})
    @action(detail=True, methods=["post"], url_path=rf"deployments/(?P<deployment_id>{UUID_PATTERN})/skip")
    def skip(self, request: Request, pk: str, deployment_id: str) -> Response:
        """Ask to leave a region out; another operator has to agree."""
        found = overrides.request_skip(
            self._deployment(deployment_id), **self._reason(), actor=signed_in_user(request)
        )
        return Response(OverrideSerializer(found).data, status=status.HTTP_201_CREATED)


def register(router: BaseRouter) -> None:
    router.register("rollouts", RolloutViewSet, basename="rollout")
    overrides_api.register(router)
    trains.register(router)
    plans.register(router)
    freezes.register(router)
    incidents.register(router)
