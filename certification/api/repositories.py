"""Endpoints of a connector's repository: the binding, the newest commits, and taking one to submit it."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import path
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.generics import GenericAPIView
from rest_framework.request import Request
from rest_framework.response import Response

from certification.api.submissions import SubmissionSerializer
from certification.models import CertificationTag
from certification.queries import repositories as queries
from certification.services import certification_tags, commits
from connectors.api.connectors import acting_user, visible_connectors
from connectors.models import Connector, RepositoryBinding
from connectors.policies import can_bind_repository
from connectors.repository_words import failure_of, sentence
from connectors.services import repositories as services
from portal.accounts.models import ApiToken
from portal.shared.policy import require


class CommitSerializer(serializers.Serializer[Any]):
    sha = serializers.CharField()
    author = serializers.CharField()
    at = serializers.DateTimeField()
    summary = serializers.CharField(allow_blank=True)


class RepositoryBindingSerializer(serializers.ModelSerializer[RepositoryBinding]):
    """`commits`: the newest that touch the folder, newest first. Credentials are never given out."""

    address = serializers.CharField(source="repository.address", read_only=True)
    host_key = serializers.CharField(source="repository.host_key", read_only=True)
    fetched_at = serializers.DateTimeField(source="repository.fetched_at", read_only=True, allow_null=True)
    mirrors_threads = serializers.BooleanField(read_only=True)
    last_error = serializers.SerializerMethodField(help_text="Empty when the last look succeeded.")
    commits = CommitSerializer(many=True, read_only=True)

    class Meta:
        model = RepositoryBinding
        fields = [
            "connector", "repository", "address", "branch", "folder",
            "submits_commits", "tags_certified", "mirrors_threads", "host_key", "fetched_at", "last_error",
            "is_read", "commits",
        ]  # fmt: skip
        read_only_fields = fields

    def get_last_error(self, binding: RepositoryBinding) -> str:
        return failure_of(binding.repository)


class RepositoryBindingRequestSerializer(serializers.Serializer[Any]):
    """Secrets that are left out stay as they are stored for this address."""

    address = serializers.CharField(max_length=500)
    branch = serializers.CharField(max_length=200)
    folder = serializers.CharField(max_length=400, required=False, allow_blank=True, default="")
    user = serializers.CharField(max_length=120, required=False, allow_blank=True, default="")
    token = serializers.CharField(max_length=400, required=False, default="", write_only=True)
    private_key = serializers.CharField(
        max_length=8000, required=False, default="", trim_whitespace=False, write_only=True
    )

    def draft(self) -> services.BindingDraft:
        data = dict(self.validated_data)
        return services.BindingDraft(**data)


class RepositoryAutomationSerializer(serializers.Serializer[Any]):
    """What is left out stays as it is."""

    submits_commits = serializers.BooleanField(
        required=False, help_text="Hand new commits in, in the name of whoever bound the connector."
    )
    tags_certified = serializers.BooleanField(
        required=False, help_text="Tag certified commits; needs credentials that may write."
    )
    mirrors_threads = serializers.BooleanField(
        required=False,
        help_text="Tell reviewers' threads that are begun from now on at the pull request, where whoever may "
        "read the repository reads them; and show here what is said there.",
    )


class CommitChoiceSerializer(serializers.Serializer[Any]):
    """Empty: the newest commit of the folder."""

    commit = serializers.RegexField(r"^[0-9a-f]{40}$", required=False, allow_blank=True, default="")


class HookSecretSerializer(serializers.Serializer[Any]):
    """Where the repository's server tells of pushes, and the secret it signs with: told once."""

    address = serializers.URLField()
    secret = serializers.CharField()


class CertificationTagSerializer(serializers.ModelSerializer[CertificationTag]):
    """`failure` says what the repository's server answered."""

    version = serializers.CharField(source="version.label", read_only=True)
    failure = serializers.SerializerMethodField()

    class Meta:
        model = CertificationTag
        fields = ["id", "version", "name", "commit", "state", "failure", "created_at", "pushed_at"]
        read_only_fields = fields

    def get_failure(self, tag: CertificationTag) -> str:
        return sentence(tag.failure, tag.failure_values) if tag.failure else ""


class RepositoryView(GenericAPIView[RepositoryBinding]):
    """The repository a connector is bound to."""

    serializer_class = RepositoryBindingSerializer
    write_scope = ApiToken.Scope.TEAM
    binds_connector = True
    outside_actions = frozenset({"put"})
    queryset = RepositoryBinding.objects.none()

    def _connector(self) -> Connector:
        return get_object_or_404(visible_connectors(self.request), pk=self.kwargs["pk"])

    def _binding(self) -> RepositoryBinding:
        binding = queries.binding_of(self._connector(), self.request.user)
        if binding is None:
            raise Http404
        return binding

    @extend_schema(operation_id="connectors_repository", tags=["connectors"])
    def get(self, request: Request, pk: str) -> Response:
        """The binding and its newest commits."""
        return Response(RepositoryBindingSerializer(self._binding()).data)

    @extend_schema(
        operation_id="connectors_repository_bind",
        tags=["connectors"],
        request=RepositoryBindingRequestSerializer,
        responses=RepositoryBindingSerializer,
    )
    def put(self, request: Request, pk: str) -> Response:
        """Bind the connector, once the repository answered and has the branch."""
        connector, actor = self._connector(), acting_user(request)
        require(can_bind_repository, actor, connector)
        asked = RepositoryBindingRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        binding = services.bind_connector(connector, asked.draft(), actor=actor)
        return Response(RepositoryBindingSerializer(binding).data)

    @extend_schema(
        operation_id="connectors_repository_automate",
        tags=["connectors"],
        request=RepositoryAutomationSerializer,
        responses=RepositoryBindingSerializer,
    )
    def patch(self, request: Request, pk: str) -> Response:
        """Choose what happens without anybody's doing."""
        asked = RepositoryAutomationSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        binding = self._binding()
        services.choose_automation(binding, **asked.validated_data, actor=acting_user(request))
        return Response(RepositoryBindingSerializer(binding).data)

    @extend_schema(operation_id="connectors_repository_unbind", tags=["connectors"], responses={204: None})
    def delete(self, request: Request, pk: str) -> Response:
        """Bind it to nothing."""
        services.unbind_connector(self._binding(), actor=acting_user(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


class RepositoryFetchView(RepositoryView):
    """Looking for commits without waiting for the next turn."""

    http_method_names = ["post", "options"]
    write_scope = ApiToken.Scope.SUBMISSIONS

    @extend_schema(
        operation_id="connectors_repository_fetch",
        tags=["connectors"],
        request=None,
        responses={202: RepositoryBindingSerializer},
    )
    def post(self, request: Request, pk: str) -> Response:
        """Look for new commits now; answered before they are read."""
        binding = self._binding()
        services.fetch_now(binding, actor=acting_user(request))
        return Response(RepositoryBindingSerializer(binding).data, status=status.HTTP_202_ACCEPTED)


class HookSecretView(RepositoryView):
    """The secret of the webhook."""

    http_method_names = ["post", "options"]

    @extend_schema(
        operation_id="connectors_repository_secret",
        tags=["connectors"],
        request=None,
        responses=HookSecretSerializer,
    )
    def post(self, request: Request, pk: str) -> Response:
        """A new secret for the webhook; the one before is worth nothing at once."""
        binding = self._binding()
        secret = services.rotate_hook_secret(binding, actor=acting_user(request))
        told = {"address": queries.hook_address(binding), "secret": secret.reveal()}
        body = HookSecretSerializer(told).data
        return Response(body, headers={"Cache-Control": "no-store"})


class CommitTakingView(RepositoryView):
    """Packages from commits."""

    http_method_names = ["post", "options"]
    write_scope = ApiToken.Scope.SUBMISSIONS
    outside_actions = frozenset({"post"})

    @extend_schema(
        operation_id="connectors_repository_take",
        tags=["connectors"],
        request=CommitChoiceSerializer,
        responses={201: SubmissionSerializer},
    )
    def post(self, request: Request, pk: str) -> Response:
        """Put the package at a commit into the open draft, or into a new one."""
        asked = CommitChoiceSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        sha = asked.validated_data["commit"]
        submission = commits.take_commit(self._binding(), sha, actor=acting_user(request))
        return Response(SubmissionSerializer(submission).data, status=status.HTTP_201_CREATED)


class CertificationTagsView(RepositoryView):
    """Tags of certified commits in the team's repository."""

    http_method_names = ["get", "options"]
    pagination_class = None

    @extend_schema(
        operation_id="connectors_repository_tags",
        tags=["connectors"],
        responses=CertificationTagSerializer(many=True),
    )
    def get(self, request: Request, pk: str) -> Response:
        """The last 100, newest first."""
        found = queries.tags_of(self._binding()).select_related("version").order_by("-created_at")[:100]
        return Response(CertificationTagSerializer(found, many=True).data)


class CertificationTagAgainView(RepositoryView):
    """Trying a tag once more."""

    http_method_names = ["post", "options"]

    @extend_schema(
        operation_id="connectors_repository_tag_again",
        tags=["connectors"],
        request=None,
        responses={202: CertificationTagSerializer},
    )
    def post(self, request: Request, pk: str, tag_id: str) -> Response:
        """Push it again after a failure; answered before it is pushed."""
        tags = queries.tags_of(self._binding()).select_related("version")
        tag = get_object_or_404(tags, pk=tag_id)
        certification_tags.push_again(tag, actor=acting_user(request))
        return Response(CertificationTagSerializer(tag).data, status=status.HTTP_202_ACCEPTED)


urlpatterns = [
    path(
        "connectors/<uuid:pk>/repository/tags/",
        CertificationTagsView.as_view(),
        name="certification_tags",
    ),
    path(
        "connectors/<uuid:pk>/repository/tags/<uuid:tag_id>/again/",
        CertificationTagAgainView.as_view(),
        name="certification_tag_again",
    ),
    path("connectors/<uuid:pk>/repository/", RepositoryView.as_view(), name="connector_repository"),
    path("connectors/<uuid:pk>/repository/fetch/", RepositoryFetchView.as_view(), name="repository_fetch"),
    path("connectors/<uuid:pk>/repository/secret/", HookSecretView.as_view(), name="repository_secret"),
    path("connectors/<uuid:pk>/repository/take/", CommitTakingView.as_view(), name="commit_take"),
]
