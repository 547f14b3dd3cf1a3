"""Endpoints of a rollout's acts in its regions: read them, try one again, ask to leave one out."""

from __future__ import annotations

from uuid import UUID

from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from certification.api.overrides import OverrideSerializer
from certification.api.rollout_shapes import OfRollout, ReasonSerializer
from certification.models import RegionDeployment
from certification.services import overrides, rollouts
from portal.shared.rest import UUID_PATTERN
from portal.shared.web import signed_in_user


class DeploymentSerializer(serializers.ModelSerializer[RegionDeployment]):
    wave = serializers.IntegerField(source="wave.number", read_only=True, default=None, allow_null=True)

    class Meta:
        model = RegionDeployment
        fields = [
            "id", "region", "wave", "action", "attempt", "number", "state", "state_changed_at", "intended_at",
            "reported_at", "verified_at", "overdue_since", "message",
        ]  # fmt: skip
        read_only_fields = fields


class RolloutDeployments(OfRollout):
    """What was done in each region."""

    @extend_schema(responses=DeploymentSerializer(many=True))
    @action(detail=True, pagination_class=None, filter_backends=[])
    def deployments(self, request: Request, pk: str) -> Response:
        """Every act in every region."""
        rows = self.get_object().deployments.select_related("wave").order_by("created_at")
        return Response(DeploymentSerializer(rows, many=True).data)

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
        rollouts.retry_deployment(deployment, **self.asked(), actor=signed_in_user(request))
        return Response(DeploymentSerializer(self._deployment(deployment_id)).data)

    @extend_schema(request=ReasonSerializer, responses={201: OverrideSerializer})
    @action(detail=True, methods=["post"], url_path=rf"deployments/(?P<deployment_id>{UUID_PATTERN})/skip")
    def skip(self, request: Request, pk: str, deployment_id: str) -> Response:
        """Ask to leave a region out; another operator has to agree."""
        found = overrides.request_skip(
            self._deployment(deployment_id), **self.asked(), actor=signed_in_user(request)
        )
        return Response(OverrideSerializer(found).data, status=status.HTTP_201_CREATED)
