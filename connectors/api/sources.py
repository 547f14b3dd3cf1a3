"""Endpoints of metrics sources: operators read them, administrators describe and switch them."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter
from rest_framework.viewsets import GenericViewSet

from connectors import policies
from connectors.api.connectors import acting_user
from connectors.models import MetricsSource, Publisher, Region
from connectors.prometheus import LABELS
from connectors.services import metrics_sources as services
from portal.accounts.models import ApiToken
from portal.accounts.tokens import within_token
from portal.shared.errors import InvalidInput
from portal.shared.policy import require
from portal.shared.rest import UUID_PATTERN

_QUERY: dict[str, Any] = {"max_length": 2_000, "required": False, "default": "", "allow_blank": True}
_PLAIN = ("name", "base_url", "requests_query", "latency_query", "connections_query", "is_in_seconds")


class MetricsLabelsSerializer(serializers.Serializer[Any]):
    """The labels that name connector, version, operation and code; what is left out stays as it is."""

    connector = serializers.CharField(max_length=80, required=False)
    version = serializers.CharField(max_length=80, required=False)
    operation = serializers.CharField(max_length=80, required=False)
    code = serializers.CharField(max_length=80, required=False)


class MetricsSourceSerializer(serializers.ModelSerializer[MetricsSource]):
    """A Prometheus that counts a region's calls, of all publishers or of one. Minutes up to `read_until` are
    counted. Its token is never given out: `has_token` says whether there is one."""

    region = serializers.CharField(source="region_id", read_only=True)
    publisher = serializers.CharField(source="publisher.slug", read_only=True, default=None, allow_null=True)
    labels = serializers.DictField(child=serializers.CharField(), read_only=True)
    last_counts = serializers.DictField(child=serializers.IntegerField(), read_only=True)
    has_token = serializers.SerializerMethodField()

    class Meta:
        model = MetricsSource
        fields = [
            "id", "name", "region", "publisher", "base_url", "has_token", "requests_query", "latency_query",
            "connections_query", "labels", "is_in_seconds", "is_active", "read_until", "last_run_at",
            "last_error", "last_counts", "losses", "created_at",
        ]  # fmt: skip
        read_only_fields = fields

    def get_has_token(self, source: MetricsSource) -> bool:
        return bool(source.credentials and source.credentials.get("token"))


class NewMetricsSourceSerializer(serializers.Serializer[Any]):
    """`requests_query` selects raw counters, not rates and no sums (`docs/health.md`). `token` is stored
    encrypted and sent as a bearer; an empty one keeps what there is."""

    name = serializers.CharField(max_length=80)
    region: serializers.Field[Any, Any, Any, Any] = serializers.PrimaryKeyRelatedField(
        queryset=Region.objects.filter(is_active=True)
    )
    publisher = serializers.SlugField(required=False, default=None, allow_null=True)
    base_url = serializers.URLField(max_length=300)
    token = serializers.CharField(
        max_length=500, required=False, default="", allow_blank=True, write_only=True
    )
    requests_query = serializers.CharField(max_length=2_000)
    latency_query = serializers.CharField(**_QUERY)
    connections_query = serializers.CharField(**_QUERY)
    labels = MetricsLabelsSerializer(required=False)
    is_in_seconds = serializers.BooleanField(default=True)


class MetricsSwitchSerializer(serializers.Serializer[Any]):
    is_active = serializers.BooleanField()


class MetricsSourceViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[MetricsSource]):
    """Where health figures are fetched from. For operators."""

    serializer_class = MetricsSourceSerializer
    write_scope = ApiToken.Scope.ADMIN
    lookup_value_regex = UUID_PATTERN
    filterset_fields = ["is_active", "region"]
    queryset = MetricsSource.objects.none()

    def get_queryset(self) -> QuerySet[MetricsSource]:
        require(policies.can_see_fleet, acting_user(self.request), None)
        found = MetricsSource.objects.select_related("region", "publisher")
        return within_token(found, self.request, team="publisher_id")

    @extend_schema(request=NewMetricsSourceSerializer, responses={201: MetricsSourceSerializer})
    def create(self, request: Request) -> Response:
        """Describe a source; nothing is fetched before it is switched on."""
        require(policies.can_manage_regions, acting_user(request), None)
        return self._saved(NewMetricsSourceSerializer(data=request.data), None)

    @extend_schema(request=NewMetricsSourceSerializer, responses=MetricsSourceSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change what is known of it; what is left out stays."""
        source = self.get_object()
        require(policies.can_manage_regions, acting_user(request), None)
        return self._saved(NewMetricsSourceSerializer(data=request.data, partial=True), source)

    def _saved(self, asked: NewMetricsSourceSerializer, source: MetricsSource | None) -> Response:
        asked.is_valid(raise_exception=True)
        draft = self._draft(dict(asked.validated_data), source)
        made = services.save_source(draft, source=source, actor=acting_user(self.request))
        code = status.HTTP_200_OK if source else status.HTTP_201_CREATED
        return Response(MetricsSourceSerializer(made).data, status=code)

    def _draft(self, given: dict[str, Any], source: MetricsSource | None) -> services.SourceDraft:
        """What was given, over what is stored."""
        before: dict[str, Any] = {"labels": dict(LABELS)}
        if source is not None:
            before = {name: getattr(source, name) for name in (*_PLAIN, "region")}
            before |= {"publisher": source.publisher, "labels": source.labels}
        labels = {**before["labels"], **given.pop("labels", {})}
        if source is None or "publisher" in given:
            given["publisher"] = self._publisher(given.get("publisher"))
        return services.SourceDraft(**{**before, **given, "labels": labels})

    def _publisher(self, slug: str | None) -> Publisher | None:
        seen = Publisher.objects.visible_to(self.request.user)
        teams = within_token(seen, self.request, team="pk")
        found = teams.filter(slug=slug).first() if slug else None
        # A token for one team describes what that team's Prometheus counts, not a whole region.
        if found is None and (slug or getattr(self.request.auth, "publisher_id", None)):
            text = _("There is no such publisher.")
            raise InvalidInput(text, fields={"publisher": [text]})
        return found

    @extend_schema(request=MetricsSwitchSerializer, responses=MetricsSourceSerializer)
    @action(detail=True, methods=["post"])
    def switch(self, request: Request, pk: str) -> Response:
        """Count from now on, or fetch nothing any more. 409 where calls would count twice."""
        source = self.get_object()
        asked = MetricsSwitchSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        services.switch_source(source, **asked.validated_data, actor=acting_user(request))
        return Response(MetricsSourceSerializer(self.get_object()).data)


def register(router: BaseRouter) -> None:
    router.register("metrics-sources", MetricsSourceViewSet, basename="metrics-source")
