"""The event log: everything that happened to what the caller may see, in order, to read on from anywhere."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from certification import events
from certification.queries import events as queries
from portal.accounts.models import ApiToken
from portal.shared.web import signed_in_user


class EventObjectSerializer(serializers.Serializer[Any]):
    type = serializers.CharField()
    id = serializers.CharField()


class EventActorSerializer(serializers.Serializer[Any]):
    """`id` is null where the portal did it by itself."""

    id = serializers.CharField(allow_null=True)
    name = serializers.CharField()


class EventSerializer(serializers.Serializer[Any]):
    """`state` is the state the object has since then; empty where the event did not move it."""

    id = serializers.IntegerField()
    type = serializers.ChoiceField(choices=events.types())
    at = serializers.DateTimeField()
    object = EventObjectSerializer()
    state = serializers.CharField()
    about = EventObjectSerializer(many=True)
    actor = EventActorSerializer()
    data = serializers.DictField()  # type: ignore[assignment]
    reason = serializers.CharField()
    text = serializers.CharField()
    url = serializers.URLField()


class EventPageSerializer(serializers.Serializer[Any]):
    """Ask again with `after` = `cursor`: at once where `has_more`, else in ten seconds."""

    events = EventSerializer(many=True)
    cursor = serializers.IntegerField()
    has_more = serializers.BooleanField()


class EventQuerySerializer(serializers.Serializer[Any]):
    after = serializers.IntegerField(
        min_value=0, max_value=2**62, default=0, help_text="The cursor of the last answer; 0 begins."
    )
    limit = serializers.IntegerField(min_value=1, max_value=queries.MOST, default=100)


class EventLog(APIView):
    """What happened, oldest first. Numbers have no gaps in the log itself; you get those that concern you."""

    http_method_names = ["get", "head", "options"]

    @extend_schema(
        operation_id="events_list", parameters=[EventQuerySerializer], responses=EventPageSerializer
    )
    def get(self, request: Request) -> Response:
        asked = EventQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        token: Any = request.auth
        page = queries.page_for(
            signed_in_user(request),
            after=asked.validated_data["after"],
            limit=asked.validated_data["limit"],
            publisher_id=token.publisher_id if isinstance(token, ApiToken) else None,
        )
        return Response(EventPageSerializer(asdict(page)).data)


urlpatterns = [path("events/", EventLog.as_view(), name="event-log")]
