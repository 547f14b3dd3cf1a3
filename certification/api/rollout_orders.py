"""Shapes of another order of a rollout's waves that have not begun, and of what it moves."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from certification.services import reordering


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
