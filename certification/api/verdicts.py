"""Endpoints of what follows a decision: conditions of approvals, and appeals against rejections."""

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
from certification.models import Appeal, Decision, DecisionCondition
from certification.queries.verdicts import appeals_for
from certification.services import verdicts as services
from portal.accounts.models import ApiToken
from portal.shared.web import signed_in_user


class ConditionSerializer(serializers.ModelSerializer[DecisionCondition]):
    submission = serializers.CharField(source="decision.submission.reference", read_only=True)
    settled_by = serializers.CharField(
        source="settled_by.name", read_only=True, default=None, allow_null=True
    )

    class Meta:
        model = DecisionCondition
        fields = [
            "id", "decision", "submission", "text", "due", "state", "settled_by", "note", "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class ConditionSettlementSerializer(serializers.Serializer[Any]):
    """Met, or not asked for any more, which needs a note."""

    is_met = serializers.BooleanField()
    note = serializers.CharField(max_length=1_000, required=False, default="", allow_blank=True)


class ConditionViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[DecisionCondition]):
    """What approvals ask for besides. Reviewers of other teams settle it."""

    serializer_class = ConditionSerializer
    write_scope = ApiToken.Scope.REVIEWS
    filterset_fields = ["state", "due", "decision"]
    queryset = DecisionCondition.objects.none()

    def get_queryset(self) -> QuerySet[DecisionCondition]:
        found = DecisionCondition.objects.filter(decision__submission__in=visible_submissions(self.request))
        related = ("decision__submission__connector__publisher", "settled_by")
        return found.select_related(*related).order_by("-created_at")

    @extend_schema(request=ConditionSettlementSerializer, responses=ConditionSerializer)
    @action(detail=True, methods=["post"])
    def settle(self, request: Request, pk: str | None = None) -> Response:
        """Say that it is met, or not asked for any more."""
        found = self.get_object()
        asked = ConditionSettlementSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        services.settle_condition(found, **asked.validated_data, actor=signed_in_user(request))
        return Response(ConditionSerializer(self.get_queryset().get(pk=found.pk)).data)


class AppealSerializer(serializers.ModelSerializer[Appeal]):
    """`successor` is the draft that an overturned rejection led to."""

    submission = serializers.CharField(source="decision.submission.reference", read_only=True)
    raised_by = serializers.CharField(source="raised_by.name", read_only=True)
    decided_by = serializers.CharField(
        source="decided_by.name", read_only=True, default=None, allow_null=True
    )
    successor = serializers.CharField(
        source="successor.reference", read_only=True, default=None, allow_null=True
    )

    class Meta:
        model = Appeal
        fields = [
            "id", "decision", "submission", "text", "raised_by", "due_at", "state", "decided_by", "answer",
            "successor", "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class AppealDraftSerializer(serializers.Serializer[Any]):
    """The submission that was rejected, and what the reviewer got wrong or could not know."""

    submission = serializers.CharField(max_length=20)
    text = serializers.CharField(max_length=services.LONGEST_TEXT)


class AppealAnswerSerializer(serializers.Serializer[Any]):
    is_overturned = serializers.BooleanField()
    answer = serializers.CharField(max_length=services.LONGEST_TEXT)


class AppealViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[Appeal]):
    """Second looks at rejections: the team asks, an administrator who had no part in it answers."""

    serializer_class = AppealSerializer
    filterset_fields = ["state"]
    queryset = Appeal.objects.none()

    @property
    def write_scope(self) -> ApiToken.Scope:
        return ApiToken.Scope.REVIEWS if self.action == "decide" else ApiToken.Scope.SUBMISSIONS

    def get_queryset(self) -> QuerySet[Appeal]:
        found = appeals_for(self.request.user).order_by("-created_at")
        return found.filter(decision__submission__in=visible_submissions(self.request))

    @extend_schema(request=AppealDraftSerializer, responses={201: AppealSerializer})
    def create(self, request: Request) -> Response:
        """Appeal against the rejection of a submission."""
        asked = AppealDraftSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        rejections = Decision.objects.filter(
            submission__in=visible_submissions(request), submission__reference=given["submission"]
        )
        decision = get_object_or_404(
            rejections.select_related("submission__connector__publisher").order_by("-created_at")[:1]
        )
        made = services.appeal(decision, text=given["text"], actor=signed_in_user(request))
        return Response(self._content(made), status=status.HTTP_201_CREATED)

    @extend_schema(request=AppealAnswerSerializer, responses=AppealSerializer)
    @action(detail=True, methods=["post"])
    def decide(self, request: Request, pk: str | None = None) -> Response:
        """Uphold the rejection, or overturn it: then the team gets a draft again."""
        found = self.get_object()
        asked = AppealAnswerSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        services.decide_appeal(found, **asked.validated_data, actor=signed_in_user(request))
        return Response(self._content(found))

    @extend_schema(request=None, responses=AppealSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str | None = None) -> Response:
        """The team does not need it any more."""
        found = self.get_object()
        services.withdraw_appeal(found, actor=signed_in_user(request))
        return Response(self._content(found))

    def _content(self, appeal: Appeal) -> dict[str, Any]:
        return dict(AppealSerializer(self.get_queryset().get(pk=appeal.pk)).data)


def register(router: BaseRouter) -> None:
    router.register("conditions", ConditionViewSet, basename="condition")
    router.register("appeals", AppealViewSet, basename="appeal")
