"""Endpoints of another order of a rollout's waves that have not begun: look what it moves, set it."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from certification.api.rollout_shapes import OfRollout, RolloutDetailSerializer
from certification.services import reordering
from portal.shared.web import signed_in_user


class WaveOrderSerializer(serializers.Serializer[Any]):
    """What shall travel in a wave that has not begun; without `name` it keeps its own."""

    number = serializers.IntegerField(min_value=1)
    name = serializers.CharField(max_length=80, required=False)
    regions = serializers.ListField(child=serializers.CharField(max_length=40))


class OrderSerializer(serializers.Serializer[Any]):
    """`waves` are all that have not begun, each with its regions. `order_version` is that of the rollout as
    it was read: when the order changed since, the answer is 409 `order-changed`."""

    order_version = serializers.CharField(max_length=40)
    waves = WaveOrderSerializer(many=True, allow_empty=False)

    def validate_waves(self, value: list[dict[str, Any]]) -> dict[int, reordering.Place]:
        if len({one["number"] for one in value}) != len(value):
            raise serializers.ValidationError(_("Name each wave once."))
        return {one["number"]: reordering.Place(tuple(one["regions"]), one.get("name")) for one in value}


class ReorderSerializer(OrderSerializer):
    reason = serializers.CharField(max_length=1_000)


class RegionMoveSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    region = serializers.CharField()
    old_number = serializers.IntegerField()
    new_number = serializers.IntegerField()
    old_at = serializers.DateTimeField()
    new_at = serializers.DateTimeField()


class RolloutOrders(OfRollout):
    """Which regions travel in which wave."""

    @extend_schema(request=ReorderSerializer, responses=RolloutDetailSerializer)
    @action(detail=True, methods=["post"])
    def reorder(self, request: Request, pk: str) -> Response:
        """Another order of the waves that have not begun; the plan stays as it is."""
        rollout, data = self.get_object(), self.asked(ReorderSerializer)
        seen, reason = data["order_version"], data["reason"]
        reordering.reorder_waves(
            rollout, data["waves"], seen=seen, reason=reason, actor=signed_in_user(request)
        )
        return self.answer()

    @extend_schema(request=OrderSerializer, responses=RegionMoveSerializer(many=True))
    @action(
        detail=True, methods=["post"], url_path="reorder-preview", pagination_class=None, filter_backends=[]
    )
    def reorder_preview(self, request: Request, pk: str) -> Response:
        """The regions that such an order would move. Changes nothing."""
        rollout, data = self.get_object(), self.asked(OrderSerializer)
        seen = data["order_version"]
        moves = reordering.preview_order(rollout, data["waves"], seen=seen, actor=signed_in_user(request))
        return Response(RegionMoveSerializer(moves, many=True).data)
