"""Endpoints of exceptions: ask, agree, decline, take back."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter
from rest_framework.viewsets import GenericViewSet

from certification.models import OverrideRequest, RegionDeployment, Rollout, Submission
from certification.queries import overrides as queries
from certification.services import overrides as services
from portal.accounts.models import ApiToken, User
from portal.shared.errors import InvalidInput
from portal.shared.rest import IdempotentCreation
from portal.shared.web import signed_in_user


class OverrideSerializer(serializers.ModelSerializer[OverrideRequest]):
    """`approved_by` is the first of two who agree to a hotfix."""

    region = serializers.CharField(
        source="deployment.region_id", read_only=True, default=None, allow_null=True
    )
    wave = serializers.IntegerField(source="wave.number", read_only=True, default=None, allow_null=True)

    class Meta:
        model = OverrideRequest
        fields = [
            "id", "kind", "submission", "rollout", "deployment", "region", "wave", "freeze", "reason",
            "requested_by", "approved_by", "decided_by", "decision_reason", "state", "expires_at",
            "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class AskSerializer(serializers.Serializer[Any]):
    """What to ask for: `skip` needs a deployment, `accelerate` a rollout (its next wave), `freeze` a rollout
    and a freeze, `hotfix` a submission.

    With the rollout's `order_version`, `accelerate` is refused (409) when the order changed since then.
    """

    kind = serializers.ChoiceField(choices=OverrideRequest.Kind.choices)
    rollout = serializers.UUIDField(required=False)
    deployment = serializers.UUIDField(required=False)
    freeze = serializers.UUIDField(required=False)
    submission = serializers.UUIDField(required=False)
    order_version = serializers.CharField(max_length=40, required=False)
    reason = serializers.CharField(max_length=1_000)


class OverrideDecisionSerializer(serializers.Serializer[Any]):
    is_approved = serializers.BooleanField()
    reason = serializers.CharField(max_length=1_000, required=False, default="", allow_blank=True)


class OverrideWithdrawalSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=1_000, required=False, default="", allow_blank=True)


_NEEDS = {
    "skip": ("deployment",), "accelerate": ("rollout",), "freeze": ("rollout", "freeze"),
    "hotfix": ("submission",),
}  # fmt: skip


def ask(data: dict[str, Any], user: User, publisher: UUID | None = None) -> OverrideRequest:
    """The request that the data describe, of what the person may see."""
    kind, reason = data["kind"], data["reason"]
    missing = [name for name in _NEEDS[kind] if not data.get(name)]
    if missing:
        raise InvalidInput(
            _("%(kind)s needs %(missing)s.") % {"kind": kind, "missing": ", ".join(missing)},
            fields={name: [_("Name it.")] for name in missing},
        )
    submissions = Submission.objects.visible_to(user).select_related("connector__publisher")
    rollouts = Rollout.objects.visible_to(user).select_related("submission__connector__publisher")
    if publisher:
        submissions = submissions.filter(connector__publisher=publisher)
        rollouts = rollouts.filter(connector__publisher=publisher)
    if kind == "hotfix":
        submission = get_object_or_404(submissions, pk=data["submission"])
        return services.request_hotfix(submission, reason=reason, actor=user)
    if kind == "skip":
        rows = RegionDeployment.objects.filter(rollout__in=rollouts).select_related(
            "rollout__submission__connector__publisher", "region"
        )
        return services.request_skip(
            get_object_or_404(rows, pk=data["deployment"]), reason=reason, actor=user
        )
    rollout = get_object_or_404(rollouts, pk=data["rollout"])
    if kind == "freeze":
        freeze = get_object_or_404(queries.passable_freezes(), pk=data["freeze"])
        return services.request_freeze_pass(rollout, freeze, reason=reason, actor=user)
    wave = queries.next_wave(rollout)
    if wave is None:
        raise InvalidInput(
            _("This rollout has no wave left to start."), fields={"rollout": [_("No wave left.")]}
        )
    return services.request_acceleration(wave, reason=reason, actor=user, seen=data.get("order_version"))


class OverrideViewSet(
    IdempotentCreation,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    GenericViewSet[OverrideRequest],
):
    """Exceptions to the rules of a rollout, decided on by other people than the one who asks."""

    serializer_class = OverrideSerializer
    write_scope = ApiToken.Scope.ROLLOUTS
    filterset_fields = ["state", "kind", "rollout", "submission"]
    queryset = OverrideRequest.objects.none()

    def _publisher(self) -> UUID | None:
        return getattr(self.request.auth, "publisher_id", None)

    def get_queryset(self) -> QuerySet[OverrideRequest]:
        found = queries.visible_overrides(self.request.user)
        publisher = self._publisher()
        return found.filter(submission__connector__publisher=publisher) if publisher else found

    @extend_schema(request=AskSerializer, responses={201: OverrideSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Ask for an exception."""
        return super().create(request, *args, **kwargs)

    def perform_create(self, serializer: serializers.BaseSerializer[OverrideRequest]) -> None:
        asked = AskSerializer(data=self.request.data)
        asked.is_valid(raise_exception=True)
        serializer.instance = ask(asked.validated_data, signed_in_user(self.request), self._publisher())

    @extend_schema(request=OverrideDecisionSerializer, responses=OverrideSerializer)
    @action(detail=True, methods=["post"])
    def decide(self, request: Request, pk: str) -> Response:
        """Agree or decline; never the person who asked."""
        asked = OverrideDecisionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        found = services.decide(self.get_object(), **asked.validated_data, actor=signed_in_user(request))
        return Response(OverrideSerializer(found).data)

    @extend_schema(request=OverrideWithdrawalSerializer, responses=OverrideSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """Take back what one asked for oneself."""
        asked = OverrideWithdrawalSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        found = services.withdraw(self.get_object(), **asked.validated_data, actor=signed_in_user(request))
        return Response(OverrideSerializer(found).data)


def register(router: BaseRouter) -> None:
    router.register("overrides", OverrideViewSet, basename="override")
