"""Endpoints of pull requests: what they do to a connector, checking one again, and who is told."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from certification.models import ForgeConnection, PullRequest, PullRequestCheck
from certification.queries import pull_requests as queries
from certification.queries.repositories import binding_of
from certification.queries.required_checks import required_checks
from certification.services import forges
from certification.services import pull_requests as services
from connectors.api.connectors import acting_user, visible_connectors
from connectors.models import Connector, RepositoryBinding
from connectors.policies import can_bind_repository
from portal.accounts.models import ApiToken
from portal.shared.policy import require


class PullRequestSerializer(serializers.ModelSerializer[PullRequestCheck]):
    """What a pull request does to one connector. `number` is null for a branch of a server that is only Git;
    `is_current` says whether the verdict is about `head`; `impacts` counts changes by class."""

    id = serializers.UUIDField(source="pull_request_id", read_only=True)
    number = serializers.IntegerField(source="pull_request.number", read_only=True, allow_null=True)
    title = serializers.CharField(source="pull_request.title", read_only=True)
    author = serializers.CharField(source="pull_request.author", read_only=True)
    base = serializers.CharField(source="pull_request.base", read_only=True)
    state = serializers.ChoiceField(
        source="pull_request.state", choices=PullRequest.State.choices, read_only=True
    )
    url = serializers.CharField(source="pull_request.url", read_only=True)
    head = serializers.CharField(source="pull_request.head_sha", read_only=True)
    checked = serializers.CharField(source="head_sha", read_only=True)
    is_current = serializers.SerializerMethodField()
    impacts = serializers.DictField(child=serializers.IntegerField(), read_only=True)

    class Meta:
        model = PullRequestCheck
        fields = [
            "id", "number", "title", "author", "base", "state", "url", "head", "checked", "is_current",
            "verdict", "errors", "warnings", "infos", "impacts", "problem", "rules_version", "checked_at",
        ]  # fmt: skip
        read_only_fields = fields

    @extend_schema_field(serializers.BooleanField())
    def get_is_current(self, check: PullRequestCheck) -> bool:
        return check.pull_request.is_checked and check.head_sha == check.pull_request.head_sha


class PullRequestFindingSerializer(serializers.Serializer[Any]):
    """`path` is relative to the repository, `file` to the connector's folder."""

    rule = serializers.CharField()
    severity = serializers.CharField()
    message = serializers.CharField()
    fix = serializers.CharField(allow_blank=True)
    file = serializers.CharField(allow_blank=True)
    path = serializers.CharField(allow_blank=True)
    pointer = serializers.CharField(allow_blank=True)
    line = serializers.IntegerField(allow_null=True)
    column = serializers.IntegerField(allow_null=True)
    fingerprint = serializers.CharField()


class PullRequestChangeSerializer(serializers.Serializer[Any]):
    impact = serializers.CharField()
    sentence = serializers.CharField()
    operation = serializers.CharField(allow_blank=True)
    path = serializers.CharField(allow_blank=True)
    line = serializers.IntegerField(allow_null=True)


class RequiredCheckSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    state = serializers.CharField()
    summary = serializers.CharField()
    link = serializers.CharField()


class PullRequestDetailSerializer(PullRequestSerializer):
    """With the kept findings and changes (the worst first), and all checks that the pull request has to
    pass."""

    findings = PullRequestFindingSerializer(many=True, read_only=True)
    changes = PullRequestChangeSerializer(many=True, read_only=True)
    required_checks = serializers.SerializerMethodField()

    class Meta(PullRequestSerializer.Meta):
        fields = [*PullRequestSerializer.Meta.fields, "findings", "changes", "required_checks"]
        read_only_fields = fields

    @extend_schema_field(RequiredCheckSerializer(many=True))
    def get_required_checks(self, check: PullRequestCheck) -> Any:
        return RequiredCheckSerializer(required_checks(check.pull_request), many=True).data


class ForgeConnectionSerializer(serializers.ModelSerializer[ForgeConnection]):
    """How the server of the repository is spoken to: with an app, where it has an id. Token and key are never
    given out."""

    class Meta:
        model = ForgeConnection
        fields = [
            "kind",
            "api_url",
            "name",
            "app_id",
            "installation_id",
            "paused_until",
            "looked_at",
            "last_error",
        ]
        read_only_fields = fields


class ForgeConnectionRequestSerializer(serializers.Serializer[Any]):
    """A token, or an app. Without a token, or without the key of the same app, the one that is stored for
    this address stays."""

    api_url = serializers.CharField(max_length=300)
    token = serializers.CharField(max_length=400, required=False, default="", write_only=True)
    app_id = serializers.CharField(max_length=20, required=False, default="", allow_blank=True)
    installation_id = serializers.IntegerField(
        required=False, default=None, allow_null=True, min_value=1, max_value=2**63 - 1
    )
    private_key = serializers.CharField(
        max_length=8000,
        required=False,
        default="",
        trim_whitespace=False,
        write_only=True,
        help_text="PEM, RSA, without a passphrase.",
    )

    def draft(self) -> forges.ForgeDraft:
        return forges.ForgeDraft(**dict(self.validated_data))


def _connector(request: Request, pk: str) -> Connector:
    return get_object_or_404(visible_connectors(request), pk=pk)


class PullRequestsView(mixins.ListModelMixin, GenericAPIView[PullRequestCheck]):
    serializer_class = PullRequestSerializer
    binds_connector = True
    filter_backends = ()
    queryset = PullRequestCheck.objects.none()

    def get_queryset(self) -> QuerySet[PullRequestCheck]:
        return queries.pull_requests_of(_connector(self.request, self.kwargs["pk"]), self.request.user)

    @extend_schema(operation_id="connectors_pull_requests_list", tags=["connectors"])
    def get(self, request: Request, pk: str) -> Response:
        """Pull requests that touch the connector's folder, those first seen last in front."""
        return self.list(request)


class PullRequestView(GenericAPIView[PullRequestCheck]):
    """One pull request."""

    serializer_class = PullRequestDetailSerializer
    binds_connector = True
    queryset = PullRequestCheck.objects.none()

    def _check(self) -> PullRequestCheck:
        connector = _connector(self.request, self.kwargs["pk"])
        check = queries.check_for(connector, self.kwargs["pull"], self.request.user)
        if check is None:
            raise Http404
        return check

    @extend_schema(operation_id="connectors_pull_requests_retrieve", tags=["connectors"])
    def get(self, request: Request, pk: str, pull: str) -> Response:
        """What it does to the connector: findings, changes by class, and the checks it has to pass."""
        return Response(PullRequestDetailSerializer(self._check()).data)


class PullRequestCheckView(PullRequestView):
    http_method_names = ["post", "options"]
    write_scope = ApiToken.Scope.SUBMISSIONS

    @extend_schema(
        operation_id="connectors_pull_requests_check",
        tags=["connectors"],
        request=None,
        responses={202: PullRequestSerializer},
    )
    def post(self, request: Request, pk: str, pull: str) -> Response:
        """Check its newest commit again, under the rules as they are now."""
        services.check_again(self._check(), actor=acting_user(request))
        return Response(PullRequestSerializer(self._check()).data, status=status.HTTP_202_ACCEPTED)


class ForgeConnectionView(GenericAPIView[ForgeConnection]):
    """Where pull requests of the connector's repository are answered."""

    serializer_class = ForgeConnectionSerializer
    write_scope = ApiToken.Scope.TEAM
    queryset = ForgeConnection.objects.none()

    def _binding(self) -> RepositoryBinding:
        binding = binding_of(_connector(self.request, self.kwargs["pk"]), self.request.user)
        if binding is None:
            raise Http404
        return binding

    @extend_schema(operation_id="connectors_forge", tags=["connectors"])
    def get(self, request: Request, pk: str) -> Response:
        """How the server is spoken to, and how that went."""
        forge = queries.forge_of(self._binding())
        if forge is None:
            raise Http404
        return Response(ForgeConnectionSerializer(forge).data)

    @extend_schema(
        operation_id="connectors_forge_connect",
        tags=["connectors"],
        request=ForgeConnectionRequestSerializer,
        responses=ForgeConnectionSerializer,
    )
    def put(self, request: Request, pk: str) -> Response:
        """Answer on GitHub, once it knew the token and the repository."""
        binding = self._binding()
        require(can_bind_repository, acting_user(request), binding.connector)
        asked = ForgeConnectionRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        forge = forges.connect_forge(binding, asked.draft(), actor=acting_user(request))
        return Response(ForgeConnectionSerializer(forge).data)

    @extend_schema(operation_id="connectors_forge_disconnect", tags=["connectors"], responses={204: None})
    def delete(self, request: Request, pk: str) -> Response:
        """Forget the token, and show pull requests on the portal alone."""
        forges.disconnect_forge(self._binding(), actor=acting_user(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


_ROOT = "connectors/<uuid:pk>/"
urlpatterns = [
    path(f"{_ROOT}pull-requests/", PullRequestsView.as_view(), name="pull_requests"),
    path(f"{_ROOT}pull-requests/<uuid:pull>/", PullRequestView.as_view(), name="pull_request"),
    path(
        f"{_ROOT}pull-requests/<uuid:pull>/check/", PullRequestCheckView.as_view(), name="pull_request_check"
    ),
    path(f"{_ROOT}repository/forge/", ForgeConnectionView.as_view(), name="repository_forge"),
]
