"""Endpoints of rollouts: the list, scheduling one, and every deed on the whole of it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter

from certification.api import freezes, incidents, overrides, plans, trains
from certification.api.blast_radius import BlastRadius
from certification.api.rollout_dates import RolloutDates, ScheduleSerializer
from certification.api.rollout_deployments import RolloutDeployments
from certification.api.rollout_gates import RolloutGates
from certification.api.rollout_orders import RolloutOrders
from certification.api.rollout_shapes import (
    OptionalReasonSerializer,
    ReasonSerializer,
    RolloutDetailSerializer,
    RolloutSerializer,
)
from certification.models import Rollout
from certification.queries.lanes import lane_of
from certification.services import opt_in, rollbacks, rollout_queue, rollouts, schedule
from certification.services import plans as plan_services
from portal.shared.errors import Blocked
from portal.shared.rest import IdempotentCreation
from portal.shared.web import signed_in_user


class OptInSerializer(OptionalReasonSerializer):
    """`waves` are numbers of opt-in waves of the plan."""

    waves = serializers.ListField(child=serializers.IntegerField(min_value=1), allow_empty=False)


class RollbackSerializer(ReasonSerializer):
    """Without `regions`: every region that holds the version, or may."""

    regions = serializers.ListField(child=serializers.CharField(max_length=40), required=False)


class RolloutViewSet(
    IdempotentCreation,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    RolloutDates,
    RolloutOrders,
    RolloutGates,
    RolloutDeployments,
    BlastRadius,
):
    """Versions on their way through the regions. Creating one schedules a signed-off submission."""

    filterset_fields = ["state", "submission"]

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

    @extend_schema(request=ReasonSerializer, responses=RolloutDetailSerializer)
    @action(detail=True, methods=["post"])
    def hold(self, request: Request, pk: str) -> Response:
        """Start no further region until somebody resumes."""
        rollouts.hold_rollout(self.get_object(), **self.asked(), actor=signed_in_user(request))
        return self.answer()

    @extend_schema(request=OptionalReasonSerializer, responses=RolloutDetailSerializer)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Go on after a hold."""
        reason = self.asked(OptionalReasonSerializer)
        rollouts.resume_rollout(self.get_object(), **reason, actor=signed_in_user(request))
        return self.answer()

    @extend_schema(request=ReasonSerializer, responses=RolloutDetailSerializer)
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: str) -> Response:
        """Halt at once; needs nobody's approval and stays until it is released."""
        rollouts.stop_rollout(self.get_object(), **self.asked(), actor=signed_in_user(request))
        return self.answer()

    @extend_schema(request=ReasonSerializer, responses=RolloutDetailSerializer)
    @action(detail=True, methods=["post"])
    def release(self, request: Request, pk: str) -> Response:
        """End a halt and go on."""
        rollouts.release_rollout(self.get_object(), **self.asked(), actor=signed_in_user(request))
        return self.answer()

    @extend_schema(request=RollbackSerializer, responses=RolloutDetailSerializer)
    @action(detail=True, methods=["post"])
    def rollback(self, request: Request, pk: str) -> Response:
        """Return regions to the last good version, without another review."""
        rollbacks.roll_back(
            self.get_object(), **self.asked(RollbackSerializer), actor=signed_in_user(request)
        )
        return self.answer()

    @extend_schema(request=ReasonSerializer, responses=RolloutDetailSerializer)
    @action(detail=True, methods=["post"], url_path="end-rollback")
    def end_rollback(self, request: Request, pk: str) -> Response:
        """Leave the regions that still hold the version as they are."""
        rollbacks.end_rollback(self.get_object(), **self.asked(), actor=signed_in_user(request))
        return self.answer()

    @extend_schema(request=ReasonSerializer, responses=RolloutDetailSerializer)
    @action(detail=True, methods=["post"])
    def supersede(self, request: Request, pk: str) -> Response:
        """Take the place of everything before this waiting version; that ends, this one is scheduled."""
        rollout_queue.supersede(self.get_object(), **self.asked(), actor=signed_in_user(request))
        return self.answer()

    @extend_schema(request=OptInSerializer, responses=RolloutDetailSerializer)
    @action(detail=True, methods=["post"], url_path="opt-in")
    def choose_opt_in(self, request: Request, pk: str) -> Response:
        """Add opt-in waves of the plan, before the rollout is complete or after."""
        data = self.asked(OptInSerializer)
        opt_in.choose(self.get_object(), data["waves"], reason=data["reason"], actor=signed_in_user(request))
        return self.answer()

    @extend_schema(request=ReasonSerializer, responses=RolloutDetailSerializer)
    @action(detail=True, methods=["post"], url_path="end-opt-in")
    def end_opt_in(self, request: Request, pk: str) -> Response:
        """Leave out the opt-in waves of a completed rollout that are not done."""
        rollouts.end_opt_in_waves(self.get_object(), **self.asked(), actor=signed_in_user(request))
        return self.answer()


def register(router: BaseRouter) -> None:
    router.register("rollouts", RolloutViewSet, basename="rollout")
    overrides.register(router)
    trains.register(router)
    plans.register(router)
    freezes.register(router)
    incidents.register(router)
