"""Endpoints of test runs: what was called of a submission, and what programs report."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter
from rest_framework.viewsets import GenericViewSet

from certification.api.submissions import OfSubmission
from certification.models import Submission, TestRun
from certification.policies import can_try_operations
from certification.queries import console as queries
from certification.services import runs as services
from certification.services.credentials import LONGEST_REASON
from portal.accounts.models import ApiToken
from portal.accounts.tokens import within_token
from portal.shared.errors import Conflict
from portal.shared.policy import require
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


class TestRunDetailSerializer(TestRunSerializer):
    """With what was sent, every credential masked, and what came, cut. Both are empty for reported runs."""

    region = serializers.CharField(source="region_id", read_only=True, allow_null=True)
    inputs = serializers.DictField(read_only=True)
    request = serializers.DictField(read_only=True)
    response = serializers.DictField(read_only=True)

    class Meta(TestRunSerializer.Meta):
        fields = [
            *TestRunSerializer.Meta.fields,
            "target",
            "region",
            "reason",
            "inputs",
            "request",
            "response",
        ]
        read_only_fields = fields


class ConsoleInputSerializer(serializers.Serializer[Any]):
    """`key` names it in `inputs` of a call; `place` is where it goes in the request."""

    key = serializers.CharField()
    place = serializers.CharField()
    type = serializers.CharField()
    is_required = serializers.BooleanField()


class ConsoleOperationSerializer(serializers.Serializer[Any]):
    """`successes` counts the runs so far with right input."""

    operation_id = serializers.CharField()
    method = serializers.CharField()
    path = serializers.CharField()
    summary = serializers.CharField()
    is_trigger = serializers.BooleanField()
    is_safe = serializers.BooleanField(help_text="Calling it changes nothing, as far as its method promises.")
    needs_credential = serializers.BooleanField()
    successes = serializers.IntegerField()
    inputs = ConsoleInputSerializer(source="asked", many=True)


class ConsoleSerializer(serializers.Serializer[Any]):
    """What can be called now: of the package in Preview, else the one handed in, else the draft's. `problem`
    says why there is nothing; `gateway` names the region that calls for the portal, if there is one."""

    version = serializers.UUIDField(allow_null=True)
    problem = serializers.CharField(allow_blank=True)
    gateway = serializers.CharField(allow_blank=True)
    operations = ConsoleOperationSerializer(many=True)


class ConsoleCallSerializer(serializers.Serializer[Any]):
    """`credential` is the id of one of the submission's; what it holds is never told. Reviewers who lend one
    say why. `is_wrong_on_purpose` sends inputs that do not fit, to see the refusal."""

    operation_id = serializers.CharField(max_length=200)
    inputs = serializers.DictField(required=False, default=dict)
    credential = serializers.UUIDField(required=False, default=None, allow_null=True)
    is_wrong_on_purpose = serializers.BooleanField(default=False)
    reason = serializers.CharField(max_length=LONGEST_REASON, required=False, default="", allow_blank=True)
    through_region = serializers.BooleanField(default=False)

    def wanted(self) -> services.Try:
        given = dict(self.validated_data)
        return services.Try(credential_id=given.pop("credential"), **given)


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


class TestRunViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[TestRun]):
    """Calls of a submission's operations, made to test it."""

    serializer_class = TestRunSerializer
    write_scope = ApiToken.Scope.SUBMISSIONS
    filterset_fields = ["operation_id", "source", "path", "is_success"]
    lookup_value_regex = UUID_PATTERN
    queryset = TestRun.objects.none()

    def submission(self) -> Submission:
        found = Submission.objects.visible_to(self.request.user).with_page_data()
        within = within_token(found, self.request, team="connector__publisher_id")
        return get_object_or_404(within, pk=self.kwargs["submission_pk"])

    def get_queryset(self) -> QuerySet[TestRun]:
        if getattr(self, "swagger_fake_view", False):
            return TestRun.objects.none()
        found = TestRun.objects.visible_to(self.request.user).filter(submission=self.submission())
        found = found.select_related("user")
        return found.defer("request", "response", "inputs") if self.action == "list" else found

    def get_serializer_class(self) -> type[serializers.BaseSerializer[TestRun]]:
        return TestRunDetailSerializer if self.action == "retrieve" else TestRunSerializer

    @extend_schema(request=ReportSerializer, responses={201: TestRunSerializer})
    def create(self, request: Request, submission_pk: str) -> Response:
        """Report a run that a program made in Preview: it counts towards the coverage of its operation."""
        asked = ReportSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        run = services.report_run(
            self.submission(), services.Report(**asked.validated_data), actor=signed_in_user(request)
        )
        return Response(TestRunSerializer(run).data, status=status.HTTP_201_CREATED)


class ConsoleView(OfSubmission):
    """Calls of a submission's operations, made by the portal with credentials that nobody sees."""

    write_scope = ApiToken.Scope.SUBMISSIONS
    outside_actions = frozenset({"post"})

    @extend_schema(operation_id="submissions_console", tags=["submissions"], responses=ConsoleSerializer)
    def get(self, request: Request, submission_id: Any) -> Response:
        """The operations that can be called, with what each asks for."""
        submission = self.submission()
        require(can_try_operations, signed_in_user(request), submission)
        bench = queries.bench_of(submission)
        counts = {each.operation_id: each.successes for each in queries.choices_of(submission, bench, None)}
        return Response(ConsoleSerializer(_bench(bench, counts)).data)

    @extend_schema(
        operation_id="submissions_console_call",
        tags=["submissions"],
        request=ConsoleCallSerializer,
        responses={201: TestRunDetailSerializer},
    )
    def post(self, request: Request, submission_id: Any) -> Response:
        """Call one operation and keep what came. In Preview it counts towards the operation's coverage."""
        submission, user = self.submission(), signed_in_user(request)
        require(can_try_operations, user, submission)
        asked = ConsoleCallSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        wanted = asked.wanted()
        bench = queries.bench_of(submission)
        if bench.find(wanted.operation_id) is None:
            raise Conflict(bench.problem or _("The package has no such operation: choose one from the list."))
        run = services.run_operation(submission, wanted, actor=user)
        return Response(TestRunDetailSerializer(run).data, status=status.HTTP_201_CREATED)


def _bench(bench: queries.Bench, successes: dict[str, int]) -> dict[str, Any]:
    return {
        "version": bench.version.pk if bench.version else None,
        "problem": bench.problem,
        "gateway": bench.gateway,
        "operations": [
            {
                "operation_id": each.operation_id,
                "method": each.method,
                "path": each.path,
                "summary": each.summary,
                "is_trigger": each.is_trigger,
                "is_safe": each.is_safe,
                "needs_credential": bench.needs_credential(each),
                "successes": successes.get(each.operation_id, 0),
                "asked": each.asked,
            }
            for each in bench.operations
        ],
    }


urlpatterns = [
    path("submissions/<uuid:submission_id>/console/", ConsoleView.as_view(), name="submission_console"),
]


def register(router: BaseRouter) -> None:
    router.register(
        rf"submissions/(?P<submission_pk>{UUID_PATTERN})/test-runs", TestRunViewSet, basename="test-run"
    )
