"""Endpoints of what a team tells of its connector in use: known issues, and requests for availability."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter
from rest_framework.viewsets import GenericViewSet

from connectors.api.connectors import acting_user, visible_connectors
from connectors.lifecycle import AvailabilityState
from connectors.models import AvailabilityRequest, Connector, KnownIssue
from connectors.scorecard import Weight
from connectors.services import availability, known_issues
from portal.accounts.models import ApiToken
from portal.accounts.tokens import within_token
from portal.shared.rest import UUID_PATTERN

_CONNECTOR = OpenApiParameter("connector", OpenApiTypes.UUID)


class KnownIssueSerializer(serializers.ModelSerializer[KnownIssue]):
    """With `status` it explains that error code, once per code; `text` is Markdown. `resolved_at` takes it
    off the public page."""

    connector = serializers.UUIDField(source="connector_id")
    status = serializers.IntegerField(min_value=400, max_value=599, allow_null=True, default=None)
    written_by = serializers.CharField(source="written_by.name", read_only=True)

    class Meta:
        model = KnownIssue
        fields = ["id", "connector", "status", "title", "text", "written_by", "changed_at", "resolved_at"]
        read_only_fields = ["changed_at", "resolved_at"]


class KnownIssueChangeSerializer(serializers.Serializer[Any]):
    status = serializers.IntegerField(min_value=400, max_value=599, allow_null=True, required=False)
    title = serializers.CharField(max_length=120, required=False)
    text = serializers.CharField(max_length=4_000, required=False)


class KnownIssueQuerySerializer(serializers.Serializer[Any]):
    connector = serializers.UUIDField(default=None)
    is_open = serializers.BooleanField(default=None, allow_null=True)


class AvailabilityCriterionSerializer(serializers.Serializer[Any]):
    """How a criterion stood when it was asked for; `missing` says by how much it was not met."""

    key = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]
    weight = serializers.ChoiceField(choices=[weight.value for weight in Weight])
    target = serializers.CharField()
    value = serializers.CharField()
    is_met = serializers.BooleanField(allow_null=True)
    missing = serializers.CharField()


class AvailabilityRequestSerializer(serializers.ModelSerializer[AvailabilityRequest]):
    """`reasons` are those of the decision. A granted request makes the connector generally available."""

    connector = serializers.UUIDField(source="connector_id")
    note = serializers.CharField(max_length=2_000, default="", allow_blank=True)
    scorecard = AvailabilityCriterionSerializer(many=True, read_only=True)
    requested_by = serializers.CharField(source="requested_by.name", read_only=True)
    decided_by = serializers.CharField(
        source="decided_by.name", read_only=True, default=None, allow_null=True
    )

    class Meta:
        model = AvailabilityRequest
        fields = [
            "id", "connector", "state", "state_changed_at", "support_hours", "note", "scorecard",
            "requested_by", "decided_by", "reasons", "created_at",
        ]  # fmt: skip
        read_only_fields = ["state", "state_changed_at", "reasons", "created_at"]


class AvailabilityDecisionSerializer(serializers.Serializer[Any]):
    """Declining needs reasons."""

    decision = serializers.ChoiceField(choices=("grant", "decline"))
    reasons = serializers.CharField(max_length=2_000, default="", allow_blank=True)


class AvailabilityQuerySerializer(serializers.Serializer[Any]):
    connector = serializers.UUIDField(default=None)
    state = serializers.ChoiceField(choices=AvailabilityState.values, default="")


class _OfConnectors(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[Any]):
    """Rows of the connectors that the caller sees; a token bound to one connector sees that one's."""

    binds_connector = True
    write_scope = ApiToken.Scope.CONNECTORS
    filter_backends = ()
    lookup_value_regex = UUID_PATTERN
    asked: type[serializers.Serializer[Any]]

    def get_queryset(self) -> QuerySet[Any]:
        found = within_token(
            self.rows(),
            self.request,
            team="connector__publisher_id",
            connector="connector_id",
        )
        return self._filtered(found) if self.action == "list" else found

    def rows(self) -> QuerySet[Any]:
        """Those that the person sees."""
        raise NotImplementedError

    def _filtered(self, found: QuerySet[Any]) -> QuerySet[Any]:
        asked = self.asked(data=self.request.query_params)
        asked.is_valid(raise_exception=True)
        wanted = dict(asked.validated_data)
        is_open = wanted.pop("is_open", None)
        if is_open is not None:
            found = found.filter(resolved_at__isnull=is_open)
        return found.filter(**{name: value for name, value in wanted.items() if value})

    def _connector(self, pk: Any) -> Connector:
        return get_object_or_404(visible_connectors(self.request), pk=pk)

    def _given(self, kind: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        asked = kind(data=self.request.data)
        asked.is_valid(raise_exception=True)
        return dict(asked.validated_data)

    def _answer(self, pk: Any, code: int = status.HTTP_200_OK) -> Response:
        return Response(self.get_serializer(self.get_queryset().get(pk=pk)).data, status=code)


@extend_schema_view(list=extend_schema(parameters=[_CONNECTOR, OpenApiParameter("is_open", bool)]))
class KnownIssueViewSet(_OfConnectors):
    """Known issues and explanations of error codes. They are published at once, without a release."""

    serializer_class = KnownIssueSerializer
    asked = KnownIssueQuerySerializer
    queryset = KnownIssue.objects.none()

    def rows(self) -> QuerySet[KnownIssue]:
        found = KnownIssue.objects.visible_to(self.request.user)
        return found.select_related("connector__publisher", "written_by")

    @extend_schema(responses={201: KnownIssueSerializer})
    def create(self, request: Request) -> Response:
        """Tell of an issue, or explain an error code. 409 when the code is explained already."""
        given = self._given(KnownIssueSerializer)
        connector = self._connector(given.pop("connector_id"))
        made = known_issues.tell(connector, known_issues.IssueDraft(**given), actor=acting_user(request))
        return self._answer(made.pk, status.HTTP_201_CREATED)

    @extend_schema(request=KnownIssueChangeSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change what it says."""
        issue = self.get_object()
        words = {"status": issue.status, "title": issue.title, "text": issue.text}
        draft = known_issues.IssueDraft(**(words | self._given(KnownIssueChangeSerializer)))
        known_issues.change(issue, draft, actor=acting_user(request))
        return self._answer(issue.pk)

    @extend_schema(request=None, responses=KnownIssueSerializer)
    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, pk: str) -> Response:
        """Take it off the public page. 409 when it is resolved already."""
        issue = self.get_object()
        known_issues.resolve(issue, actor=acting_user(request))
        return self._answer(issue.pk)


@extend_schema_view(
    list=extend_schema(parameters=[_CONNECTOR, OpenApiParameter("state", str, enum=AvailabilityState.values)])
)
class AvailabilityRequestViewSet(_OfConnectors):
    """Requests that a connector leave Preview quality, newest first."""

    serializer_class = AvailabilityRequestSerializer
    asked = AvailabilityQuerySerializer
    queryset = AvailabilityRequest.objects.none()

    def rows(self) -> QuerySet[AvailabilityRequest]:
        found = AvailabilityRequest.objects.visible_to(self.request.user)
        return found.select_related("connector__publisher", "requested_by", "decided_by")

    @extend_schema(responses={201: AvailabilityRequestSerializer})
    def create(self, request: Request) -> Response:
        """Ask for general availability. 409 with `blockers` while a required criterion is not met."""
        given = self._given(AvailabilityRequestSerializer)
        connector = self._connector(given.pop("connector_id"))
        made = availability.request(connector, **given, actor=acting_user(request))
        return self._answer(made.pk, status.HTTP_201_CREATED)

    @extend_schema(request=AvailabilityDecisionSerializer, responses=AvailabilityRequestSerializer)
    @action(detail=True, methods=["post"])
    def decide(self, request: Request, pk: str) -> Response:
        """Grant or decline it: operators, never for a connector of their own team."""
        made, given = self.get_object(), self._given(AvailabilityDecisionSerializer)
        grant = given["decision"] == "grant"
        availability.decide(made, grant=grant, reasons=given["reasons"], actor=acting_user(request))
        return self._answer(made.pk)

    @extend_schema(request=None, responses=AvailabilityRequestSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """Take it back while nobody has decided."""
        made = self.get_object()
        availability.withdraw(made, actor=acting_user(request))
        return self._answer(made.pk)


def register(router: BaseRouter) -> None:
    router.register("known-issues", KnownIssueViewSet, basename="known-issue")
    router.register("availability-requests", AvailabilityRequestViewSet, basename="availability-request")
