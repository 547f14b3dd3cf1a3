"""Endpoints of webhooks: a team's addresses that are told of events, and the messages they got."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter
from rest_framework.viewsets import GenericViewSet

from certification.models import WebhookDelivery, WebhookEndpoint
from certification.queries import webhooks as queries
from certification.services import webhooks as services
from certification.services.webhook_sending import message_id
from connectors.models import Publisher
from portal.accounts.models import ApiToken
from portal.accounts.tokens import within_token
from portal.shared.rest import UUID_PATTERN, IdempotentCreation
from portal.shared.web import signed_in_user


class WebhookSerializer(serializers.ModelSerializer[WebhookEndpoint]):
    """`event_types`: names of events or whole nouns (`rollout.*`); empty for every event."""

    publisher = serializers.SlugRelatedField(slug_field="slug", queryset=Publisher.objects.none())
    event_types = serializers.ListField(child=serializers.CharField(max_length=100), required=False)

    class Meta:
        model = WebhookEndpoint
        fields = [
            "id", "publisher", "url", "description", "format", "event_types", "is_active",
            "disabled_because", "failing_since", "last_success_at", "created_at",
        ]  # fmt: skip
        read_only_fields = [
            "id", "is_active", "disabled_because", "failing_since", "last_success_at", "created_at",
        ]  # fmt: skip
        # One address a team: worded by the service.
        validators: list[Any] = []

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        request = self.context.get("request")
        if request is not None and self.instance is None:
            teams = within_token(Publisher.objects.visible_to(request.user), request, team="pk")
            fields["publisher"].queryset = teams  # type: ignore[attr-defined]
        elif self.instance is not None:
            fields["publisher"].read_only = True
            fields["publisher"].queryset = None  # type: ignore[attr-defined]
        return fields


class WebhookSecretSerializer(WebhookSerializer):
    """With the secret, which no other answer contains."""

    secret = serializers.CharField(read_only=True)

    class Meta(WebhookSerializer.Meta):
        fields = [*WebhookSerializer.Meta.fields, "secret"]


class WebhookMessageSerializer(serializers.ModelSerializer[WebhookDelivery]):
    """`event` is the place in the event log, null for a test; `message_id` is what the receiver sees."""

    event = serializers.IntegerField(source="sequence", allow_null=True, read_only=True)
    message_id = serializers.SerializerMethodField()

    class Meta:
        model = WebhookDelivery
        fields = [
            "id", "message_id", "event", "event_type", "state", "body", "answer", "attempts",
            "next_attempt_at", "created_at", "finished_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_message_id(self, delivery: WebhookDelivery) -> str:
        return message_id(delivery)


class WebhookViewSet(
    IdempotentCreation,
    mixins.ListModelMixin,
    mixins.CreateModelMixin,
    mixins.RetrieveModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
    GenericViewSet[WebhookEndpoint],
):
    """Webhooks of your teams."""

    serializer_class = WebhookSerializer
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]
    write_scope = ApiToken.Scope.TEAM
    queryset = WebhookEndpoint.objects.none()

    def get_queryset(self) -> QuerySet[WebhookEndpoint]:
        found = queries.endpoints_of(self.request.user)
        return within_token(found, self.request, team="publisher_id")

    @extend_schema(responses={201: WebhookSecretSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A new webhook; the answer has its secret, this once."""
        return super().create(request, *args, **kwargs)

    def perform_create(self, serializer: serializers.BaseSerializer[WebhookEndpoint]) -> None:
        data = dict(serializer.validated_data)
        endpoint, secret = services.create_endpoint(
            data.pop("publisher"), services.EndpointDraft(**data), actor=signed_in_user(self.request)
        )
        endpoint.secret = secret.reveal()  # type: ignore[attr-defined]
        serializer.instance = endpoint

    def get_serializer_class(self) -> type[serializers.BaseSerializer[Any]]:
        return WebhookSecretSerializer if self.action == "create" else WebhookSerializer

    def perform_update(self, serializer: serializers.BaseSerializer[WebhookEndpoint]) -> None:
        endpoint = self.get_object()
        kept = {name: getattr(endpoint, name) for name in ("url", "description", "format", "event_types")}
        draft = services.EndpointDraft(**kept | serializer.validated_data)
        services.change_endpoint(endpoint, draft, actor=signed_in_user(self.request))
        serializer.instance = endpoint

    def perform_destroy(self, instance: WebhookEndpoint) -> None:
        services.remove_endpoint(instance, actor=signed_in_user(self.request))

    @extend_schema(request=None, responses=WebhookSecretSerializer)
    @action(detail=True, methods=["post"])
    def rotate_secret(self, request: Request, pk: str) -> Response:
        """A new secret; the one before signs as well for a day."""
        endpoint = self.get_object()
        endpoint.secret = services.rotate_secret(  # type: ignore[attr-defined]
            endpoint, actor=signed_in_user(request)
        ).reveal()
        return Response(WebhookSecretSerializer(endpoint).data)

    @extend_schema(request=None, responses=WebhookSerializer)
    @action(detail=True, methods=["post"])
    def start(self, request: Request, pk: str) -> Response:
        """Tell it of what happens from now on."""
        services.switch_endpoint(self.get_object(), is_active=True, actor=signed_in_user(request))
        return Response(WebhookSerializer(self.get_object()).data)

    @extend_schema(request=None, responses=WebhookSerializer)
    @action(detail=True, methods=["post"])
    def stop(self, request: Request, pk: str) -> Response:
        """Tell it of nothing any more."""
        services.switch_endpoint(self.get_object(), is_active=False, actor=signed_in_user(request))
        return Response(WebhookSerializer(self.get_object()).data)

    @extend_schema(request=None, responses={202: WebhookMessageSerializer})
    @action(detail=True, methods=["post"])
    def test(self, request: Request, pk: str) -> Response:
        """Send a test; what was answered is in the messages."""
        sent = services.send_test(self.get_object(), actor=signed_in_user(request))
        return Response(WebhookMessageSerializer(sent).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(responses=WebhookMessageSerializer(many=True), filters=False)
    @action(detail=True, methods=["get"])
    def messages(self, request: Request, pk: str) -> Response:
        """What it was told, newest first."""
        found: Any = queries.deliveries_of(request.user).filter(endpoint=self.get_object())
        page: Any = self.paginate_queryset(found)
        return self.get_paginated_response(WebhookMessageSerializer(page or [], many=True).data)

    @extend_schema(request=None, responses=WebhookMessageSerializer)
    @action(detail=True, methods=["post"], url_path=rf"messages/(?P<message>{UUID_PATTERN})/redeliver")
    def redeliver(self, request: Request, pk: str, message: str) -> Response:
        """Send a message once more under its own id."""
        found = queries.deliveries_of(request.user).filter(endpoint=self.get_object())
        delivery = get_object_or_404(found, pk=message)
        services.redeliver(delivery, actor=signed_in_user(request))
        delivery.refresh_from_db()
        return Response(WebhookMessageSerializer(delivery).data)


def register(router: BaseRouter) -> None:
    router.register("webhooks", WebhookViewSet, basename="webhook")
