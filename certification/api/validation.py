"""Endpoints of verdicts, findings, their answers, and the rules themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.helpers import forced_singular_serializer
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter
from rest_framework.viewsets import GenericViewSet, ViewSet

from certification.api.submissions import visible_submissions
from certification.models import Finding, Revision, RuleTreatment, Submission, Validation, Waiver
from certification.models.validation import Severity
from certification.queries.treatments import treated_rules
from certification.queries.validation import findings_of
from certification.rules.rulebook import catalogue, rule_info
from certification.rules.version import RULES_VERSION
from certification.services import waivers as services
from connectors.models import Membership
from portal.accounts.models import ApiToken
from portal.shared.sparse import Include
from portal.shared.web import signed_in_user


class ValidationSerializer(serializers.ModelSerializer[Validation]):
    """Verdict and counts as this portal counts. `treatment` names the treatments of rules that counted,
    `as_catalogued` is the engine's own verdict where they made a difference."""

    connector = serializers.SlugField(source="version.connector.slug", read_only=True)
    digest = serializers.CharField(source="version.digest", read_only=True)

    class Meta:
        model = Validation
        fields = [
            "id",
            "connector",
            "version",
            "digest",
            "rules_version",
            "change_kind",
            "publisher_kind",
            "verdict",
            "errors",
            "warnings",
            "infos",
            "treatment",
            "as_catalogued",
            "switched_off",
            "duration_seconds",
            "created_at",
        ]
        read_only_fields = fields


class FindingSerializer(serializers.ModelSerializer[Finding]):
    """`catalogued` is the engine's severity where a `treatment` of this portal changed it, else empty."""

    catalogued = serializers.ChoiceField(choices=Severity.choices, allow_blank=True, read_only=True)

    class Meta:
        model = Finding
        fields = [
            "rule",
            "severity",
            "catalogued",
            "treatment",
            "message",
            "fix",
            "file",
            "pointer",
            "line",
            "column",
            "length",
            "fingerprint",
        ]
        read_only_fields = fields


def _findings_of(request: Request, ids: Sequence[Any]) -> dict[str, list[Any]]:
    """Of validations that the caller sees already."""
    found: dict[str, list[Any]] = {}
    for each in findings_of(ids):
        found.setdefault(str(each.validation_id), []).append(FindingSerializer(each).data)
    return found


class ValidationViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[Validation]):
    """Verdicts on packages you may see, newest first."""

    serializer_class = ValidationSerializer
    binds_connector = True
    filterset_fields = ["version", "verdict", "rules_version"]
    includes: ClassVar[dict[str, Include]] = {"findings": _findings_of}
    queryset = Validation.objects.none()

    def get_queryset(self) -> QuerySet[Validation]:
        request = self.request
        user = signed_in_user(request)
        own = Membership.objects.filter(user=user)
        bound = getattr(request.auth, "publisher_id", None)
        own = own.filter(publisher_id=bound) if bound else own
        connector = getattr(request.auth, "connector_id", None)
        seen = Q(version__connector__publisher__in=own.values("publisher"))
        if user.staff_role and not bound:
            # Like submissions: staff see what left its team once.
            seen |= Q(version__in=Revision.objects.values("version"))
        found = Validation.objects.filter(seen).select_related("version__connector")
        return found.filter(version__connector_id=connector) if connector else found

    @extend_schema(
        parameters=[OpenApiParameter("severity", str), OpenApiParameter("rule", str)],
        responses=FindingSerializer(many=True),
    )
    @action(detail=True, pagination_class=None, filter_backends=[])
    def findings(self, request: Request, pk: str | None = None) -> Response:
        """All findings in the order of the files; narrowed by `severity` and `rule`."""
        found = self.get_object().findings.order_by("file", "line", "column", "id")
        for name in ("severity", "rule"):
            if request.query_params.get(name):
                found = found.filter(**{name: request.query_params[name]})
        return Response(FindingSerializer(found, many=True).data)


class WaiverSerializer(serializers.ModelSerializer[Waiver]):
    submission = serializers.SlugRelatedField(slug_field="reference", queryset=Submission.objects.none())
    requested_by = serializers.CharField(source="requested_by.name", read_only=True)
    decided_by = serializers.CharField(
        source="decided_by.name", read_only=True, default=None, allow_null=True
    )

    class Meta:
        model = Waiver
        fields = [
            "id",
            "submission",
            "rule",
            "fingerprint",
            "reason",
            "state",
            "requested_by",
            "decided_by",
            "decision_reason",
            "expires_on",
            "created_at",
        ]
        read_only_fields = ["id", "state", "decision_reason", "expires_on", "created_at"]
        # One live waiver a finding: worded by the service.
        validators: list[Any] = []

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        if "request" in self.context:
            fields["submission"].queryset = visible_submissions(self.context["request"])  # type: ignore[attr-defined]
        return fields


class WaiverDecisionSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=services.LONGEST_TEXT)
    expires_on = serializers.DateField(required=False, allow_null=True)


class WaiverViewSet(
    mixins.ListModelMixin, mixins.CreateModelMixin, mixins.RetrieveModelMixin, GenericViewSet[Waiver]
):
    """Requests to go on in spite of an error, and what reviewers decided."""

    serializer_class = WaiverSerializer
    filterset_fields = ["state", "rule"]
    queryset = Waiver.objects.none()

    @property
    def write_scope(self) -> ApiToken.Scope:
        """Deciding is a reviewer's deed, asking and taking back the publisher's."""
        is_decision = self.action in {"approve", "decline"}
        return ApiToken.Scope.REVIEWS if is_decision else ApiToken.Scope.SUBMISSIONS

    def get_queryset(self) -> QuerySet[Waiver]:
        related = ("submission__connector__publisher", "requested_by", "decided_by")
        return Waiver.objects.filter(submission__in=visible_submissions(self.request)).select_related(
            *related
        )

    def perform_create(self, serializer: serializers.BaseSerializer[Waiver]) -> None:
        given = dict(serializer.validated_data)
        serializer.instance = services.request_waiver(
            given["submission"],
            rule=given["rule"],
            fingerprint=given.get("fingerprint", ""),
            reason=given["reason"],
            actor=signed_in_user(self.request),
        )

    @extend_schema(request=WaiverDecisionSerializer, responses=WaiverSerializer)
    @action(detail=True, methods=["post"])
    def approve(self, request: Request, pk: str | None = None) -> Response:
        """Let the error pass."""
        waiver, given = self.get_object(), self._decision(request)
        services.approve_waiver(waiver, **given, actor=signed_in_user(request))
        return self._answer(waiver)

    @extend_schema(request=WaiverDecisionSerializer, responses=WaiverSerializer)
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, pk: str | None = None) -> Response:
        """Leave the error an error."""
        waiver, given = self.get_object(), self._decision(request)
        services.decline_waiver(waiver, reason=given["reason"], actor=signed_in_user(request))
        return self._answer(waiver)

    @extend_schema(request=None, responses=WaiverSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str | None = None) -> Response:
        """The team does not need it any more."""
        waiver = self.get_object()
        services.withdraw_waiver(waiver, actor=signed_in_user(request))
        return self._answer(waiver)

    @staticmethod
    def _decision(request: Request) -> dict[str, Any]:
        asked = WaiverDecisionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        return dict(asked.validated_data)

    def _answer(self, waiver: Waiver) -> Response:
        fresh = self.get_queryset().get(pk=waiver.pk)
        return Response(WaiverSerializer(fresh).data, status=status.HTTP_200_OK)


class NoteSerializer(serializers.Serializer[Any]):
    submission = serializers.CharField()
    rule = serializers.CharField(max_length=20)
    note = serializers.CharField(max_length=services.LONGEST_TEXT)


class WarningNoteViewSet(ViewSet):
    """The publisher's answers to warnings."""

    write_scope = ApiToken.Scope.SUBMISSIONS

    @extend_schema(request=NoteSerializer, responses=NoteSerializer)
    def create(self, request: Request) -> Response:
        """Say why the warnings of a rule stay; written anew it replaces the answer before."""
        asked = NoteSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        submission = get_object_or_404(visible_submissions(request), reference=given["submission"])
        services.note_warning(
            submission, rule=given["rule"], note=given["note"], actor=signed_in_user(request)
        )
        return Response(given)


def _treatments(found: list[RuleTreatment]) -> list[dict[str, Any]]:
    """How this portal treats a rule at present, where it is not as catalogued."""
    return [
        {
            "treatment": each.treatment,
            "change_kind": each.change_kind,
            "publisher_kind": each.publisher_kind,
            "since": each.started_at,
            "reason": each.reason,
        }
        for each in found
    ]


class RuleCatalogueSerializer(serializers.Serializer[Any]):
    rules_version = serializers.CharField()
    rules = serializers.ListField(child=serializers.DictField())


class RuleViewSet(ViewSet):
    """The rules and what is known of them; open to everybody."""

    permission_classes = [AllowAny]
    authentication_classes: list[Any] = []
    lookup_value_regex = r"[A-Za-z]{3}-\d{3}[a-z]?"

    @extend_schema(responses={200: forced_singular_serializer(RuleCatalogueSerializer)})
    def list(self, request: Request) -> Response:
        """{rules_version, rules: [...]}, in the order of the catalogue."""
        treated = treated_rules()
        rules = [
            rule.to_dict() | {"treatments": _treatments(treated.get(rule.id, []))} for rule in catalogue()
        ]
        return Response({"rules_version": RULES_VERSION, "rules": rules})

    @extend_schema(responses={200: dict[str, Any]})
    def retrieve(self, request: Request, pk: str) -> Response:
        """One rule by its id."""
        rule = rule_info(pk)
        if rule is None:
            raise Http404
        treatments = _treatments(treated_rules().get(rule.id, []))
        return Response({"rules_version": RULES_VERSION, **rule.to_dict(), "treatments": treatments})


def register(router: BaseRouter) -> None:
    router.register("validations", ValidationViewSet, basename="validation")
    router.register("waivers", WaiverViewSet, basename="waiver")
    router.register("warning-notes", WarningNoteViewSet, basename="warning-note")
    router.register("rules", RuleViewSet, basename="rule")
