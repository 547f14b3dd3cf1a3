"""Endpoints of a rollout's dates: give others, take it off the schedule, what they were, what is forecast."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from certification.api.rollout_shapes import OfRollout, ReasonSerializer, RolloutDetailSerializer
from certification.models import DateChange, ForecastSnapshot, RolloutPlan, Submission
from certification.queries import plans as plan_queries
from certification.queries import rollouts as queries
from certification.queries.forecasts import newest
from certification.services import schedule
from portal.accounts.tokens import within_token
from portal.shared.numbers import small_number
from portal.shared.web import signed_in_user


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


class DatesSerializer(serializers.Serializer[Any]):
    """Days in the plan's time zone; `waves` maps a wave's number to its day."""

    starts_on = serializers.DateField(required=False)
    waves = serializers.DictField(child=serializers.DateField(), required=False)

    def validate_waves(self, value: dict[str, Any]) -> dict[int, Any]:
        days = {small_number(number): day for number, day in value.items()}
        if None in days:
            raise serializers.ValidationError(_("Name waves by their number."))
        return {number: day for number, day in days.items() if number is not None}


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


class RolloutDates(OfRollout):
    """When the waves go."""

    @extend_schema(request=ReasonSerializer, responses=RolloutDetailSerializer)
    @action(detail=True, methods=["post"])
    def unschedule(self, request: Request, pk: str) -> Response:
        """Take a rollout that has not started off the schedule."""
        schedule.unschedule_rollout(self.get_object(), **self.asked(), actor=signed_in_user(request))
        return self.answer()

    @extend_schema(request=RescheduleSerializer, responses=RolloutDetailSerializer)
    @action(detail=True, methods=["post"])
    def reschedule(self, request: Request, pk: str) -> Response:
        """Other days for the waves that have not started."""
        rollout, data = self.get_object(), self.asked(RescheduleSerializer)
        dates = schedule.Dates(data.get("starts_on") or rollout.starts_on, data.get("waves", {}))
        schedule.reschedule_rollout(rollout, dates, reason=data["reason"], actor=signed_in_user(request))
        return self.answer()

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
