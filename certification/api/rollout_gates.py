"""Endpoints of the gates between a rollout's waves: what they saw, and letting one through."""

from __future__ import annotations

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from certification.api.rollout_shapes import OfRollout, ReasonSerializer
from certification.models import GateCheck, Rollout
from certification.queries import gates as queries
from certification.services import gates as services
from portal.shared.rest import UUID_PATTERN
from portal.shared.web import signed_in_user


class GateCheckSerializer(serializers.ModelSerializer[GateCheck]):
    wave = serializers.IntegerField(source="wave.number", read_only=True)

    class Meta:
        model = GateCheck
        fields = [
            "id", "wave", "stage", "verdict", "summary", "evidence", "thresholds", "first_at", "at", "looks",
            "is_let_through", "decided_by", "decided_at", "reason",
        ]  # fmt: skip
        read_only_fields = fields


class RolloutGates(OfRollout):
    """What stands between one wave and the next."""

    @extend_schema(responses=GateCheckSerializer(many=True))
    @action(detail=True, pagination_class=None, filter_backends=[])
    def gates(self, request: Request, pk: str) -> Response:
        """What gates between waves saw and said, newest first."""
        rows = queries.checks_of(self.get_object())[:200]
        return Response(GateCheckSerializer(rows, many=True).data)

    @extend_schema(request=ReasonSerializer, responses=GateCheckSerializer)
    @action(detail=True, methods=["post"], url_path=rf"gates/(?P<gate_id>{UUID_PATTERN})/let-through")
    def let_through(self, request: Request, pk: str, gate_id: str) -> Response:
        """Let a gate that could not tell pass, with a reason."""
        found = queries.of_rollouts(Rollout.objects.visible_to(request.user).filter(pk=pk))
        self.get_object()
        check = services.let_through(
            get_object_or_404(found, pk=gate_id), **self.asked(), actor=signed_in_user(request)
        )
        return Response(GateCheckSerializer(check).data)
