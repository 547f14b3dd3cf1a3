"""Endpoints of canned replies: for those who review."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter
from rest_framework.viewsets import GenericViewSet

from certification.models import CannedReply
from certification.policies import can_manage_replies
from certification.queries.replies import every_reply
from certification.services import replies as services
from portal.accounts.models import ApiToken
from portal.shared.policy import require
from portal.shared.web import signed_in_user


class ReplySerializer(serializers.ModelSerializer[CannedReply]):
    """`edit_count` goes with a change: it is refused (409) when somebody was faster."""

    changed_by = serializers.CharField(source="changed_by.name", read_only=True)

    class Meta:
        model = CannedReply
        fields = [
            "id", "title", "body", "rules", "is_active", "edit_count", "changed_by", "changed_at",
        ]  # fmt: skip
        read_only_fields = fields


class ReplyDraftSerializer(serializers.Serializer[Any]):
    """A text with variables in braces, and the rules whose findings it goes with."""

    title = serializers.CharField(max_length=services.LONGEST_TITLE)
    body = serializers.CharField(max_length=services.LONGEST_BODY)
    rules = serializers.ListField(child=serializers.CharField(max_length=20), default=list)


class ReplyChangeSerializer(ReplyDraftSerializer):
    edit_count = serializers.IntegerField(min_value=0)


class ReplyViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[CannedReply]):
    """Replies that reviewers use again and again."""

    serializer_class = ReplySerializer
    write_scope = ApiToken.Scope.REVIEWS
    filterset_fields = ["is_active"]
    queryset = CannedReply.objects.none()

    def get_queryset(self) -> QuerySet[CannedReply]:
        user = signed_in_user(self.request)
        require(can_manage_replies, user, None, otherwise=_("Canned replies are for reviewers."))
        return every_reply()

    @extend_schema(request=ReplyDraftSerializer, responses={201: ReplySerializer})
    def create(self, request: Request) -> Response:
        """A new reply."""
        asked = ReplyDraftSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        made = services.create_reply(**asked.validated_data, actor=signed_in_user(request))
        return Response(ReplySerializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=ReplyChangeSerializer, responses=ReplySerializer)
    @action(detail=True, methods=["post"])
    def change(self, request: Request, pk: str | None = None) -> Response:
        """Another wording; the one before stays in the history."""
        found = self.get_object()
        asked = ReplyChangeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        changed = services.change_reply(found, **asked.validated_data, actor=signed_in_user(request))
        return Response(ReplySerializer(changed).data)

    @extend_schema(request=None, responses=ReplySerializer)
    @action(detail=True, methods=["post"])
    def retire(self, request: Request, pk: str | None = None) -> Response:
        """It is not offered any more."""
        found = services.retire_reply(self.get_object(), actor=signed_in_user(request))
        return Response(ReplySerializer(found).data)

    @extend_schema(request=None, responses=ReplySerializer)
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, pk: str | None = None) -> Response:
        """It is offered again."""
        found = services.restore_reply(self.get_object(), actor=signed_in_user(request))
        return Response(ReplySerializer(found).data)


def register(router: BaseRouter) -> None:
    router.register("canned-replies", ReplyViewSet, basename="canned-reply")
