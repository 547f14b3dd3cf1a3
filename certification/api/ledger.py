"""The time ledger of a submission, for programs."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from certification.models import Holder
from certification.queries.ledger import ledger_of


class ShareSerializer(serializers.Serializer[Any]):
    """All the time of one holder. The percentages add up to 100."""

    holder = serializers.ChoiceField(choices=Holder.choices)
    seconds = serializers.FloatField()
    percent = serializers.IntegerField()


class StretchSerializer(serializers.Serializer[Any]):
    """A time with one holder; each begins where the one before ends."""

    holder = serializers.ChoiceField(choices=Holder.choices)
    state = serializers.CharField(source="stretch.state")
    starts_at = serializers.DateTimeField(source="stretch.starts_at")
    ends_at = serializers.DateTimeField(source="stretch.ends_at")
    seconds = serializers.FloatField()
    began_with = serializers.CharField(source="event")
    is_running = serializers.BooleanField()


class TimeLedgerSerializer(serializers.Serializer[Any]):
    """`total_seconds` is the sum of the shares: what passed while nobody had to act is in no share."""

    total_seconds = serializers.FloatField()
    shares = ShareSerializer(many=True)
    stretches = StretchSerializer(many=True, source="entries")


class TimeLedgerAction:
    """Mixin for the submissions' endpoint."""

    @extend_schema(responses=TimeLedgerSerializer)
    @action(detail=True, pagination_class=None, filter_backends=[], url_path="time-ledger")
    def time_ledger(self, request: Request, pk: str | None = None) -> Response:
        """Who held it how long: every second has exactly one holder."""
        submission = self.get_object()  # type: ignore[attr-defined]
        return Response(TimeLedgerSerializer(ledger_of(submission)).data)
