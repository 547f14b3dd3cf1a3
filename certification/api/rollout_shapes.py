"""How a rollout is told, and what the endpoints of its nouns stand on."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from certification.models import Rollout
from certification.queries import rollouts as queries
from certification.queries.rollout_queue import line_of
from certification.queries.wave_order import order_version
from portal.accounts.models import ApiToken
from portal.accounts.tokens import within_token


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


class ReasonSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=1_000)


class OptionalReasonSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=1_000, required=False, default="", allow_blank=True)


class OfRollout(GenericViewSet[Rollout]):
    """The rollouts that the caller sees. Each noun around them adds its own addresses."""

    serializer_class = RolloutSerializer
    binds_connector = True
    write_scope = ApiToken.Scope.ROLLOUTS
    queryset = Rollout.objects.none()

    def get_queryset(self) -> QuerySet[Rollout]:
        found = Rollout.objects.visible_to(self.request.user).select_related(
            "connector__publisher", "version", "previous_version", "submission__connector__publisher", "plan"
        )
        return within_token(found, self.request, team="connector__publisher", connector="connector_id")

    def asked(self, kind: type[serializers.Serializer[Any]] = ReasonSerializer) -> dict[str, Any]:
        """What the body says; 400 names the fields that cannot be used."""
        body = kind(data=self.request.data)
        body.is_valid(raise_exception=True)
        data: dict[str, Any] = body.validated_data
        return data

    def answer(self) -> Response:
        """The rollout as it is after the deed."""
        return Response(RolloutDetailSerializer(self.get_object()).data)
