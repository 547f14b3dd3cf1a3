"""Endpoints of test runs: what was called of a submission, and what programs report."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter
from rest_framework.viewsets import GenericViewSet

from certification.models import Submission, TestRun
from certification.services import runs as services
from portal.accounts.models import ApiToken
from portal.accounts.tokens import within_token
from portal.shared.rest import UUID_PATTERN
from portal.shared.web import signed_in_user


class TestRunSerializer(serializers.ModelSerializer[TestRun]):
    """`preview` is set when the run counts towards a Preview's coverage."""

    user = serializers.EmailField(source="user.email", read_only=True)

    class Meta:
        model = TestRun
        fields = [
            "id", "submission", "version", "preview", "source", "path", "operation_id", "is_success",
            "status", "duration_ms", "message", "findings", "credential_name", "user", "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class ReportSerializer(serializers.Serializer[Any]):
    operation_id = serializers.CharField(max_length=200)
    is_success = serializers.BooleanField()
    path = serializers.ChoiceField(
        choices=TestRun.Path.choices,
        default=TestRun.Path.SUCCESS,
        help_text="“error” is a call with wrong input; it is a success when the service refused it.",
    )
    status = serializers.IntegerField(min_value=100, max_value=599, required=False, allow_null=True)
    duration_ms = serializers.IntegerField(min_value=0, max_value=3_600_000, required=False, allow_null=True)
    message = serializers.CharField(
        max_length=services.LONGEST_MESSAGE, required=False, allow_blank=True, default=""
    )


class TestRunViewSet(mixins.ListModelMixin, GenericViewSet[TestRun]):
    """Calls of a submission's operations, made to test it."""

    serializer_class = TestRunSerializer
    write_scope = ApiToken.Scope.SUBMISSIONS
    filterset_fields = ["operation_id", "source", "path", "is_success"]
    queryset = TestRun.objects.none()

    def submission(self) -> Submission:
        found = Submission.objects.visible_to(self.request.user).with_page_data()
        within = within_token(found, self.request, team="connector__publisher_id")
        return get_object_or_404(within, pk=self.kwargs["submission_pk"])

    def get_queryset(self) -> QuerySet[TestRun]:
        if getattr(self, "swagger_fake_view", False):
            return TestRun.objects.none()
        found = TestRun.objects.visible_to(self.request.user).filter(submission=self.submission())
        return found.select_related("user").defer("request", "response", "inputs")

    @extend_schema(request=ReportSerializer, responses={201: TestRunSerializer})
    def create(self, request: Request, submission_pk: str) -> Response:
        """Report a run that a program made in Preview: it counts towards the coverage of its operation."""
        asked = ReportSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        run = services.report_run(
            self.submission(), services.Report(**asked.validated_data), actor=signed_in_user(request)
        )
        return Response(TestRunSerializer(run).data, status=status.HTTP_201_CREATED)


def register(router: BaseRouter) -> None:
    router.register(
        rf"submissions/(?P<submission_pk>{UUID_PATTERN})/test-runs", TestRunViewSet, basename="test-run"
    )
