"""Endpoints of freezes: plan one, see what it would move, take it back."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter
from rest_framework.viewsets import GenericViewSet

from certification import policies
from certification.api.blast_radius import AffectedSerializer
from certification.models import Freeze
from certification.queries import plans as queries
from certification.services import freezes as services
from portal.accounts.models import ApiToken
from portal.shared.policy import require
from portal.shared.rest import IdempotentCreation
from portal.shared.web import signed_in_user


class FreezeSerializer(serializers.ModelSerializer[Freeze]):
    """Without `regions` it holds everywhere, without `auth_kinds` for every connector. `opens` turns it
    round: days inside count as working days."""

    regions = serializers.ListField(child=serializers.CharField(max_length=40), required=False, default=list)
    auth_kinds = serializers.ListField(
        child=serializers.CharField(max_length=20), required=False, default=list
    )

    class Meta:
        model = Freeze
        fields = [
            "id", "name", "reason", "starts_at", "ends_at", "regions", "auth_kinds", "opens",
            "cancelled_at", "created_at",
        ]  # fmt: skip
        read_only_fields = ["id", "cancelled_at", "created_at"]


class FreezeMovesSerializer(FreezeSerializer):
    """`instead_of` is the freeze that would be changed to this."""

    instead_of = serializers.UUIDField(required=False, allow_null=True, write_only=True)

    class Meta(FreezeSerializer.Meta):
        fields = [*FreezeSerializer.Meta.fields, "instead_of"]


class WaveMoveSerializer(serializers.Serializer[Any]):
    """`old_at` or `new_at` is null for a wave that a plan's revision adds or drops. `regions` wait in it."""

    wave = serializers.IntegerField(source="number")
    old_at = serializers.DateTimeField(allow_null=True)
    new_at = serializers.DateTimeField(allow_null=True)
    because = serializers.CharField()
    regions = serializers.ListField(child=serializers.CharField(max_length=40))


class RolloutMoveSerializer(serializers.Serializer[Any]):
    rollout = serializers.UUIDField(source="rollout.pk")
    connector = serializers.SlugField(source="rollout.connector.slug")
    waves = WaveMoveSerializer(many=True)
    problem = serializers.CharField()
    affected = AffectedSerializer()


class FreezeReasonSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=1_000)


class FreezeViewSet(
    IdempotentCreation,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    GenericViewSet[Freeze],
):
    """Times in which no wave starts. Everybody who is signed in may read them."""

    serializer_class = FreezeSerializer
    write_scope = ApiToken.Scope.ADMIN
    queryset = Freeze.objects.none()

    def get_queryset(self) -> QuerySet[Freeze]:
        return queries.every_freeze()

    def _draft(self, data: dict[str, Any]) -> services.FreezeDraft:
        scopes = {name: tuple(data.get(name, ())) for name in ("regions", "auth_kinds")}
        return services.FreezeDraft(**{**data, **scopes})

    def perform_create(self, serializer: serializers.BaseSerializer[Freeze]) -> None:
        draft = self._draft(serializer.validated_data)
        serializer.instance, _ = services.create_freeze(draft, actor=signed_in_user(self.request))

    @extend_schema(request=FreezeMovesSerializer, responses=RolloutMoveSerializer(many=True))
    @action(detail=False, methods=["post"], url_path="what-moves", pagination_class=None, filter_backends=[])
    def what_moves(self, request: Request) -> Response:
        """The rollouts that saving this freeze would move. Saves nothing."""
        require(policies.can_manage_plans, signed_in_user(request), None)
        asked = FreezeMovesSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = dict(asked.validated_data)
        other = given.pop("instead_of", None)
        before = get_object_or_404(queries.open_freezes(), pk=other) if other else None
        draft = self._draft(given)
        services.check_freeze(draft)
        moves = services.preview_freeze(draft, instead_of=before)
        return Response(RolloutMoveSerializer(moves, many=True).data)

    @extend_schema(request=FreezeSerializer, responses=FreezeSerializer)
    @action(detail=True, methods=["post"])
    def change(self, request: Request, pk: str) -> Response:
        """Other times, scope or words for one that is not over; waves move, or move back."""
        freeze, user = self.get_object(), signed_in_user(request)
        require(policies.can_manage_plans, user, freeze)
        asked = FreezeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        services.change_freeze(freeze, self._draft(asked.validated_data), actor=user)
        return Response(FreezeSerializer(self.get_object()).data)

    @extend_schema(request=None, responses=RolloutMoveSerializer(many=True))
    @action(detail=True, methods=["post"], url_path="what-returns", pagination_class=None, filter_backends=[])
    def what_returns(self, request: Request, pk: str) -> Response:
        """The rollouts that taking it back would move. Saves nothing."""
        require(policies.can_manage_plans, signed_in_user(request), None)
        moves = services.preview_cancellation(self.get_object())
        return Response(RolloutMoveSerializer(moves, many=True).data)

    @extend_schema(request=FreezeReasonSerializer, responses=FreezeSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Take it back; waves it had moved return."""
        freeze = self.get_object()
        asked = FreezeReasonSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        services.cancel_freeze(freeze, **asked.validated_data, actor=signed_in_user(request))
        return Response(FreezeSerializer(freeze).data)


def register(router: BaseRouter) -> None:
    router.register("freezes", FreezeViewSet, basename="freeze")
