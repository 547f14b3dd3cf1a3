"""Endpoints of messages: /notifications/ and /notification-preferences/."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.generics import get_object_or_404
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter
from rest_framework.viewsets import GenericViewSet

from certification.messages import Group
from certification.models import Notification
from certification.queries import notifications as queries
from certification.services import notifications as services
from portal.accounts.models import ApiToken, NotificationPreference
from portal.accounts.services import set_preference
from portal.accounts.tokens import within_token
from portal.shared.web import signed_in_user


class NotificationSerializer(serializers.ModelSerializer):
    class Meta:
        model = Notification
        fields = [
            "id", "event", "group", "subject", "body_text", "url", "submission", "state", "message_id",
            "attempts", "last_error", "created_at", "sent_at", "read_at",
        ]  # fmt: skip
        read_only_fields = fields


class PreferenceSerializer(serializers.Serializer[Any]):
    group = serializers.ChoiceField(choices=Group.choices)
    delivery = serializers.ChoiceField(choices=NotificationPreference.Delivery.choices)


class ReadCountSerializer(serializers.Serializer[Any]):
    """How many messages were unread."""

    count = serializers.IntegerField()


class NotificationViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet):
    """Your own messages, newest first."""

    serializer_class = NotificationSerializer
    queryset = Notification.objects.none()

    @property
    def write_scope(self) -> ApiToken.Scope | None:
        """Whoever may read a message may mark it read; preferences are changed by people, not by tokens."""
        return None if self.action == "set_preference" else ApiToken.Scope.READ

    def get_queryset(self) -> QuerySet[Notification]:
        found = queries.inbox(self.request.user)
        return within_token(found, self.request, team="publisher_id")

    @extend_schema(request=None, responses=NotificationSerializer)
    @action(detail=True, methods=["post"])
    def read(self, request: Request, pk: str) -> Response:
        """Mark one as read."""
        message = self.get_object()
        services.mark_read(message, actor=signed_in_user(request))
        message.refresh_from_db()
        return Response(self.get_serializer(message).data)

    @extend_schema(request=None, responses=ReadCountSerializer)
    @action(detail=False, methods=["post"], url_path="read-all", pagination_class=None, filter_backends=[])
    def read_all(self, request: Request) -> Response:
        """Mark all of your own as read; a token of one team marks those about that team."""
        count = services.mark_all_read(among=self.get_queryset(), actor=signed_in_user(request))
        return Response(ReadCountSerializer({"count": count}).data)

    @extend_schema(request=None, responses=NotificationSerializer)
    @action(detail=True, methods=["post"], url_path="send-again")
    def send_again(self, request: Request, pk: str) -> Response:
        """Try a failed delivery once more. Operators do it for everybody's."""
        found = within_token(queries.readable_by(signed_in_user(request)), request, team="publisher_id")
        message = get_object_or_404(found, pk=pk)
        services.send_again(message, actor=signed_in_user(request))
        message.refresh_from_db()
        return Response(self.get_serializer(message).data)

    @extend_schema(responses=PreferenceSerializer(many=True))
    @action(detail=False, pagination_class=None, filter_backends=[])
    def preferences(self, request: Request) -> Response:
        """How you hear of each group of events."""
        chosen = dict(signed_in_user(request).notification_preferences.values_list("group", "delivery"))
        default = NotificationPreference.Delivery.IMMEDIATE
        return Response([{"group": name, "delivery": chosen.get(name, default)} for name in Group.values])

    @extend_schema(request=PreferenceSerializer, responses=PreferenceSerializer)
    @preferences.mapping.patch
    def set_preference(self, request: Request) -> Response:
        """Change how you hear of one group."""
        asked = PreferenceSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        set_preference(**asked.validated_data, actor=signed_in_user(request))
        return Response(asked.validated_data)


def register(router: BaseRouter) -> None:
    router.register("notifications", NotificationViewSet, basename="notification")
