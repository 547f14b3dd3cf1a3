"""Endpoints of treatments: how this portal treats rules, and what a change would do."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter
from rest_framework.viewsets import GenericViewSet

from certification.models import RuleTreatment
from certification.policies import can_manage_treatments, can_see_administration
from certification.queries import treatments as queries
from certification.services import treatments as services
from certification.treating import TreatmentKind
from portal.accounts.models import ApiToken
from portal.shared.policy import require
from portal.shared.web import signed_in_user


class TreatmentSerializer(serializers.ModelSerializer[RuleTreatment]):
    """`needs_second` says that it makes a security rule weaker, so `decided_by` is another person."""

    class Meta:
        model = RuleTreatment
        fields = [
            "id", "rule", "treatment", "change_kind", "publisher_kind", "reason", "starts_at", "started_at",
            "ended_at", "needs_second", "requested_by", "decided_by", "decision_reason", "state",
            "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class TreatmentDraftSerializer(serializers.Serializer[Any]):
    """Without `starts_at` it begins at once; an empty kind stands for every kind."""

    rule = serializers.CharField(max_length=20)
    treatment = serializers.ChoiceField(choices=TreatmentKind.choices)
    reason = serializers.CharField(max_length=services.LONGEST_REASON)
    change_kind = serializers.ChoiceField(choices=["", "new", "update"], required=False, default="")
    publisher_kind = serializers.ChoiceField(
        choices=["", "verified", "independent"], required=False, default=""
    )
    starts_at = serializers.DateTimeField(required=False, allow_null=True, default=None)


class TreatmentDecisionSerializer(serializers.Serializer[Any]):
    is_approved = serializers.BooleanField()
    reason = serializers.CharField(max_length=1_000, required=False, default="", allow_blank=True)


class TreatmentViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[RuleTreatment]):
    """Operators read; administrators decide, and two of them where a security rule gets weaker."""

    serializer_class = TreatmentSerializer
    write_scope = ApiToken.Scope.ADMIN
    filterset_fields = ["rule", "state", "treatment"]
    queryset = RuleTreatment.objects.none()

    def get_queryset(self) -> QuerySet[RuleTreatment]:
        require(can_see_administration, signed_in_user(self.request), None)
        return queries.treatments()

    def _draft(self, request: Request) -> services.TreatmentDraft:
        require(can_manage_treatments, signed_in_user(request), None)
        asked = TreatmentDraftSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        return services.TreatmentDraft(**asked.validated_data)

    @extend_schema(request=TreatmentDraftSerializer, responses={201: TreatmentSerializer})
    def create(self, request: Request) -> Response:
        """Decide on a treatment."""
        made = services.propose(self._draft(request), actor=signed_in_user(request))
        return Response(TreatmentSerializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=TreatmentDraftSerializer, responses={200: dict[str, Any]})
    @action(detail=False, methods=["post"])
    def effect(self, request: Request) -> Response:
        """Whom it would meet; nothing is stored."""
        draft = self._draft(request)
        services.check(draft)
        found = queries.effect_of(draft)
        content = {
            "gains": [each.reference for each in found.gains],
            "loses": [each.reference for each in found.loses],
            "found_in": found.found_in,
            "live_gains": found.live_gains,
            "live_loses": found.live_loses,
            "needs_second": services.needs_second(draft),
        }
        return Response(content)

    @extend_schema(request=TreatmentDecisionSerializer, responses=TreatmentSerializer)
    @action(detail=True, methods=["post"])
    def decide(self, request: Request, pk: str | None = None) -> Response:
        """The second administrator's word."""
        asked = TreatmentDecisionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        found = services.decide(self.get_object(), **asked.validated_data, actor=signed_in_user(request))
        return Response(TreatmentSerializer(found).data)

    @extend_schema(request=None, responses=TreatmentSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str | None = None) -> Response:
        """Take back what has not begun."""
        found = self.get_object()
        services.withdraw(found, actor=signed_in_user(request))
        return Response(TreatmentSerializer(found).data)


def register(router: BaseRouter) -> None:
    router.register("rule-treatments", TreatmentViewSet, basename="rule-treatment")
