"""Endpoints of guest testers: invite, send again, prolong, take back."""

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

from certification.api.submissions import visible_submissions
from certification.models import GuestTester, Preview
from certification.queries.testers import testers_for
from certification.services import testers as services
from portal.accounts.models import ApiToken
from portal.shared.web import signed_in_user


class GuestTesterSerializer(serializers.ModelSerializer[GuestTester]):
    """Somebody from outside who may test. The link of the invitation is in the mail only."""

    submission: serializers.Field = serializers.SlugRelatedField(slug_field="reference", read_only=True)
    invited_by = serializers.CharField(source="invited_by.name", read_only=True)

    class Meta:
        model = GuestTester
        fields = [
            "id", "submission", "email", "products", "note", "invited_by", "sent_at", "expires_at",
            "accepted_at", "state", "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class GuestInvitationSerializer(serializers.Serializer[Any]):
    preview = serializers.UUIDField()
    email = serializers.EmailField()
    products = serializers.ListField(child=serializers.CharField(max_length=20), min_length=1)
    days = serializers.IntegerField(min_value=1, default=services.USUAL_DAYS)
    note = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)


class GuestDaysSerializer(serializers.Serializer[Any]):
    days = serializers.IntegerField(min_value=1, default=services.USUAL_DAYS)


class GuestTesterViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[GuestTester]):
    """Guests of the submissions you may see. The team's owners and developers invite them."""

    serializer_class = GuestTesterSerializer
    write_scope = ApiToken.Scope.SUBMISSIONS
    filterset_fields = ["state", "email"]
    queryset = GuestTester.objects.none()

    def get_queryset(self) -> QuerySet[GuestTester]:
        found = testers_for(self.request.user).order_by("-created_at")
        return found.filter(submission__in=visible_submissions(self.request))

    @extend_schema(request=GuestInvitationSerializer, responses={201: GuestTesterSerializer})
    def create(self, request: Request) -> Response:
        """Invite an address to test a Preview; the mail has the link."""
        asked = GuestInvitationSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = dict(asked.validated_data)
        previews = Preview.objects.filter(submission__in=visible_submissions(request))
        preview = get_object_or_404(
            previews.select_related("submission__connector__publisher"), pk=given.pop("preview")
        )
        made, _token = services.invite(preview, services.GuestDraft(**given), actor=signed_in_user(request))
        return Response(self._content(made), status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=GuestTesterSerializer)
    @action(detail=True, methods=["post"], url_path="send-again")
    def send_again(self, request: Request, pk: str | None = None) -> Response:
        """Another mail with a new link; the one before is dead."""
        found = services.send_again(self.get_object(), actor=signed_in_user(request))
        return Response(self._content(found))

    @extend_schema(request=GuestDaysSerializer, responses=GuestTesterSerializer)
    @action(detail=True, methods=["post"])
    def prolong(self, request: Request, pk: str | None = None) -> Response:
        """So many days from now, if that is later."""
        asked = GuestDaysSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        found = services.prolong(self.get_object(), **asked.validated_data, actor=signed_in_user(request))
        return Response(self._content(found))

    @extend_schema(request=None, responses=GuestTesterSerializer)
    @action(detail=True, methods=["post"])
    def revoke(self, request: Request, pk: str | None = None) -> Response:
        """Take the access back; what they wrote stays."""
        found = services.revoke(self.get_object(), actor=signed_in_user(request))
        return Response(self._content(found))

    def _content(self, tester: GuestTester) -> dict[str, Any]:
        return dict(GuestTesterSerializer(self.get_queryset().get(pk=tester.pk)).data)


def register(router: BaseRouter) -> None:
    router.register("guest-testers", GuestTesterViewSet, basename="guest-tester")
