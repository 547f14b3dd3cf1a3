"""Endpoint of a rollout's blast radius: who would notice an act."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from certification.api.rollout_shapes import OfRollout
from certification.models import Rollout
from certification.queries import blast_radius as radii
from certification.services.advance import holding
from certification.services.rollbacks import kept_by_ending


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
    "opt-in": radii.opt_in_radius,
    "end-opt-in": radii.waiting_radius,
    "end-rollback": lambda rollout: radii.blast_radius(rollout, kept_by_ending(rollout)),
    "supersede": radii.every_region_radius,
    "rollback": lambda rollout: radii.blast_radius(rollout, holding(rollout)),
}


class BlastRadius(OfRollout):
    """Who would notice an act."""

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
