"""Endpoints of teams: /publishers/, their members and invitations."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter
from rest_framework.viewsets import GenericViewSet

from connectors.models import Invitation, Membership, Publisher
from connectors.models.publishers import Role
from connectors.queries import publishers as queries
from connectors.services import publishers as services
from portal.accounts.models import ApiToken
from portal.accounts.tokens import within_token
from portal.shared.rest import UUID_PATTERN, IdempotentCreation
from portal.shared.web import signed_in_user


class PublisherSerializer(serializers.ModelSerializer[Publisher]):
    member_count = serializers.IntegerField(read_only=True)
    connector_count = serializers.IntegerField(read_only=True)

    class Meta:
        model = Publisher
        fields = [
            "id",
            "name",
            "slug",
            "kind",
            "website",
            "support_email",
            "created_at",
            "member_count",
            "connector_count",
        ]
        read_only_fields = ["id", "slug", "kind", "created_at"]
        # Uniqueness is worded by the service.
        extra_kwargs: ClassVar[dict[str, Any]] = {"name": {"validators": []}}


class MemberSerializer(serializers.ModelSerializer[Membership]):
    email = serializers.EmailField(source="user.email", read_only=True)
    name = serializers.CharField(source="user.name", read_only=True)

    class Meta:
        model = Membership
        fields = ["id", "email", "name", "role", "created_at"]
        read_only_fields = ["id", "created_at"]


class InvitationSerializer(serializers.ModelSerializer[Invitation]):
    invited_by = serializers.EmailField(source="invited_by.email", read_only=True)

    class Meta:
        model = Invitation
        fields = ["id", "email", "role", "state", "invited_by", "expires_at", "created_at"]
        read_only_fields = ["id", "state", "expires_at", "created_at"]


class VerificationSerializer(serializers.Serializer[Any]):
    is_verified = serializers.BooleanField()
    reason = serializers.CharField(max_length=500)


class RoleSerializer(serializers.Serializer[Any]):
    role = serializers.ChoiceField(choices=Role.choices)


class PublisherViewSet(
    IdempotentCreation,
    mixins.ListModelMixin,
    mixins.CreateModelMixin,
    mixins.RetrieveModelMixin,
    mixins.UpdateModelMixin,
    GenericViewSet[Publisher],
):
    """The teams you belong to (staff: all of them)."""

    serializer_class = PublisherSerializer
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]
    write_scope = ApiToken.Scope.TEAM
    lookup_field = "slug"
    lookup_value_regex = r"[-A-Za-z0-9_]+"

    def get_queryset(self) -> QuerySet[Publisher]:
        found = queries.publishers_for(self.request.user)
        return within_token(found, self.request, team="pk")

    def perform_create(self, serializer: serializers.BaseSerializer[Publisher]) -> None:
        made = services.create_publisher(**serializer.validated_data, actor=signed_in_user(self.request))
        # With its counts, as every other answer tells it.
        serializer.instance = queries.publishers_for(self.request.user).get(pk=made.pk)

    def perform_update(self, serializer: serializers.BaseSerializer[Publisher]) -> None:
        publisher = self.get_object()
        services.update_publisher(
            publisher, values=serializer.validated_data, actor=signed_in_user(self.request)
        )
        serializer.instance = publisher

    @extend_schema(request=VerificationSerializer, responses=PublisherSerializer)
    @action(detail=True, methods=["post"])
    def verify(self, request: Request, slug: str) -> Response:
        """Say that the company owns its backend, or take that back (administrators)."""
        asked = VerificationSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        publisher = self.get_object()
        services.verify_publisher(publisher, **asked.validated_data, actor=signed_in_user(request))
        return Response(PublisherSerializer(publisher).data)

    @extend_schema(responses=MemberSerializer(many=True))
    @action(detail=True, pagination_class=None, filter_backends=[])
    def members(self, request: Request, slug: str) -> Response:
        """Everybody in the team, owners first."""
        return Response(MemberSerializer(queries.members_of(self.get_object()), many=True).data)

    @extend_schema(request=RoleSerializer, responses=MemberSerializer)
    @action(detail=True, methods=["patch"], url_path=r"members/(?P<member_id>\d+)")
    def member(self, request: Request, slug: str, member_id: str) -> Response:
        """Give a member another role."""
        membership = get_object_or_404(self.get_object().memberships.select_related("user"), pk=member_id)
        asked = RoleSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        services.change_role(membership, role=asked.validated_data["role"], actor=signed_in_user(request))
        membership.refresh_from_db()
        return Response(MemberSerializer(membership).data)

    @extend_schema(responses={204: None})
    @member.mapping.delete
    def remove_member(self, request: Request, slug: str, member_id: str) -> Response:
        """Take a member out of the team."""
        membership = get_object_or_404(self.get_object().memberships, pk=member_id)
        services.remove_member(membership, actor=signed_in_user(request))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(responses=InvitationSerializer(many=True))
    @action(detail=True, pagination_class=None, filter_backends=[])
    def invitations(self, request: Request, slug: str) -> Response:
        """Invitations that nobody has answered yet."""
        return Response(InvitationSerializer(queries.open_invitations(self.get_object()), many=True).data)

    @extend_schema(request=InvitationSerializer, responses={201: InvitationSerializer})
    @invitations.mapping.post
    def invite(self, request: Request, slug: str) -> Response:
        """Invite an address. The token goes out by mail only."""
        asked = InvitationSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        invitation, _ = services.invite(
            self.get_object(), **asked.validated_data, actor=signed_in_user(request)
        )
        return Response(InvitationSerializer(invitation).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses={204: None})
    @action(detail=True, methods=["delete"], url_path=rf"invitations/(?P<invitation_id>{UUID_PATTERN})")
    def revoke(self, request: Request, slug: str, invitation_id: str) -> Response:
        """Take an invitation back."""
        invitation = get_object_or_404(self.get_object().invitations, pk=invitation_id)
        services.revoke_invitation(invitation, actor=signed_in_user(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


def register(router: BaseRouter) -> None:
    router.register("publishers", PublisherViewSet, basename="publisher")
