"""Endpoints of notices: announce the end or a change of a connector, and call it off."""

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

from certification.models import Notice
from certification.queries.notices import visible_notices
from certification.services import notices as services
from connectors.models import Connector
from portal.accounts.models import ApiToken
from portal.accounts.tokens import within_token
from portal.shared.web import signed_in_user


class NoticeSerializer(serializers.ModelSerializer[Notice]):
    connector: serializers.Field = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    announced_by = serializers.CharField(source="announced_by.name", read_only=True)

    class Meta:
        model = Notice
        fields = [
            "id", "connector", "kind", "text", "successor", "operations", "effective_on", "state",
            "announced_by", "announced_at",
        ]  # fmt: skip
        read_only_fields = fields


class NoticeDraftSerializer(serializers.Serializer[Any]):
    """`operations` are those of a change; a retirement is about all of them."""

    connector = serializers.SlugField(max_length=200)
    kind = serializers.ChoiceField(choices=Notice.Kind.choices)
    text = serializers.CharField(max_length=4_000)
    effective_on = serializers.DateField()
    successor = serializers.CharField(
        max_length=services.LONGEST_SUCCESSOR, required=False, default="", allow_blank=True
    )
    operations = serializers.ListField(child=serializers.CharField(max_length=200), default=list)


class NoticeCancellationSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=1_000)


class NoticeViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[Notice]):
    """What users of a connector are told in time."""

    serializer_class = NoticeSerializer
    write_scope = ApiToken.Scope.CONNECTORS
    filterset_fields = ["state", "kind"]
    queryset = Notice.objects.none()

    def get_queryset(self) -> QuerySet[Notice]:
        found = visible_notices(self.request.user).order_by("-announced_at")
        return within_token(found, self.request, team="connector__publisher_id")

    @extend_schema(request=NoticeDraftSerializer, responses={201: NoticeSerializer})
    def create(self, request: Request) -> Response:
        """Announce it: the mails leave at once, and a retirement deprecates the connector."""
        asked = NoticeDraftSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = dict(asked.validated_data)
        connector = get_object_or_404(self._connectors(), slug=given.pop("connector"))
        draft = services.NoticeDraft(**given | {"operations": tuple(given["operations"])})
        made = services.announce(connector, draft, actor=signed_in_user(request))
        return Response(NoticeSerializer(made).data, status=status.HTTP_201_CREATED)

    def _connectors(self) -> QuerySet[Connector]:
        found = Connector.objects.visible_to(self.request.user).select_related("publisher", "live_version")
        return within_token(found, self.request, team="publisher_id")

    @extend_schema(request=NoticeCancellationSerializer, responses=NoticeSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str | None = None) -> Response:
        """Call it off before its day."""
        found = self.get_object()
        asked = NoticeCancellationSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        services.cancel_notice(found, **asked.validated_data, actor=signed_in_user(request))
        found.refresh_from_db()
        return Response(NoticeSerializer(found).data)


def register(router: BaseRouter) -> None:
    router.register("notices", NoticeViewSet, basename="notice")
