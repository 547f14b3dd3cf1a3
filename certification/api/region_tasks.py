"""Endpoints of deployments by hand: what waits for somebody, saying how it ended, and looking again."""

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

from certification import policies
from certification.models import Placement, RegionTask, Sighting
from certification.queries import region_tasks as queries
from certification.services import region_tasks as services
from portal.accounts.models import ApiToken
from portal.accounts.tokens import within_token
from portal.shared.policy import require
from portal.shared.rest import UUID_PATTERN
from portal.shared.web import signed_in_user


class RegionTaskSerializer(serializers.ModelSerializer[RegionTask]):
    """A command that a person carries out. `digest` is the package to deploy, `message` how it ended."""

    region = serializers.CharField(source="region_id", read_only=True)
    connector = serializers.SlugField(source="connector.slug", read_only=True)
    taken_by = serializers.CharField(source="taken_by.name", read_only=True, default=None, allow_null=True)
    settled_by = serializers.CharField(
        source="settled_by.name", read_only=True, default=None, allow_null=True
    )

    class Meta:
        model = RegionTask
        fields = [
            "id", "region", "connector", "action", "version_label", "digest", "state", "state_changed_at",
            "taken_by", "settled_by", "message", "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class RegionTaskFinishSerializer(serializers.Serializer[Any]):
    """`seen_digest` is read off the region: at least its first 12 characters. A removal needs none."""

    seen_digest = serializers.CharField(max_length=80, required=False, default="", allow_blank=True)
    note = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)


class RegionTaskFailureSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=500)


class RegionTaskViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[RegionTask]):
    """What people do for regions without an interface, newest first. For operators."""

    serializer_class = RegionTaskSerializer
    write_scope = ApiToken.Scope.ROLLOUTS
    filterset_fields = ["state", "region"]
    lookup_value_regex = UUID_PATTERN
    queryset = RegionTask.objects.none()

    def get_queryset(self) -> QuerySet[RegionTask]:
        user = signed_in_user(self.request)
        require(policies.can_see_operations, user, None)
        return within_token(queries.tasks(user), self.request, team="connector__publisher_id")

    def _done(self, code: int = status.HTTP_200_OK) -> Response:
        return Response(RegionTaskSerializer(self.get_object()).data, status=code)

    @extend_schema(request=None, responses=RegionTaskSerializer)
    @action(detail=True, methods=["post"])
    def take(self, request: Request, pk: str) -> Response:
        """Say that one is at it. Taking it over from somebody is allowed."""
        services.take(self.get_object(), actor=signed_in_user(request))
        return self._done()

    @extend_schema(request=None, responses=RegionTaskSerializer)
    @action(detail=True, methods=["post"], url_path="give-back")
    def give_back(self, request: Request, pk: str) -> Response:
        """It is free for somebody else again."""
        services.give_back(self.get_object(), actor=signed_in_user(request))
        return self._done()

    @extend_schema(request=RegionTaskFinishSerializer, responses=RegionTaskSerializer)
    @action(detail=True, methods=["post"])
    def finish(self, request: Request, pk: str) -> Response:
        """It is done: the digest that one sees there is the region's first probe."""
        task = self.get_object()
        asked = RegionTaskFinishSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        services.finish(task, **asked.validated_data, actor=signed_in_user(request))
        return self._done()

    @extend_schema(request=RegionTaskFailureSerializer, responses=RegionTaskSerializer)
    @action(detail=True, methods=["post"])
    def fail(self, request: Request, pk: str) -> Response:
        """It cannot be done: the deployment has failed in this region."""
        task = self.get_object()
        asked = RegionTaskFailureSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        services.fail(task, **asked.validated_data, actor=signed_in_user(request))
        return self._done()


class ManualPlaceSerializer(serializers.ModelSerializer[Placement]):
    """A region that only people can look into, and what the portal last knew to run there."""

    region = serializers.CharField(source="region_id", read_only=True)
    connector = serializers.SlugField(source="connector.slug", read_only=True)
    digest = serializers.CharField(
        source="verified_version.digest", read_only=True, default=None, allow_null=True
    )

    class Meta:
        model = Placement
        fields = ["id", "region", "connector", "digest"]
        read_only_fields = fields


class SightingSerializer(serializers.ModelSerializer[Sighting]):
    region = serializers.CharField(source="region_id", read_only=True)
    connector = serializers.SlugField(source="connector.slug", read_only=True)
    seen_by = serializers.CharField(source="seen_by.name", read_only=True)

    class Meta:
        model = Sighting
        fields = ["region", "connector", "digest", "seen_by", "note", "seen_at"]
        read_only_fields = fields


class NewSightingSerializer(serializers.Serializer[Any]):
    """`place` is the id of a manual place; an empty `seen_digest` says that nothing runs there."""

    place = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    seen_digest = serializers.CharField(max_length=80, allow_blank=True)
    note = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)


class SightingViewSet(GenericViewSet[Placement]):
    """Places that people look at, and what they saw. For operators."""

    serializer_class = ManualPlaceSerializer
    write_scope = ApiToken.Scope.ROLLOUTS
    pagination_class = None
    filter_backends = ()
    queryset = Placement.objects.none()

    def get_queryset(self) -> QuerySet[Placement]:
        user = signed_in_user(self.request)
        require(policies.can_see_operations, user, None)
        found = queries.manual_places(user).select_related("verified_version").order_by("pk")
        return within_token(found, self.request, team="connector__publisher_id")

    @extend_schema(responses=ManualPlaceSerializer(many=True))
    def list(self, request: Request) -> Response:
        """The places, each with the digest that should be seen there."""
        return Response(ManualPlaceSerializer(self.get_queryset()[:500], many=True).data)

    @extend_schema(request=NewSightingSerializer, responses={201: SightingSerializer})
    def create(self, request: Request) -> Response:
        """Say what runs in a region that nobody but a person can look into."""
        places = self.get_queryset()
        asked = NewSightingSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = dict(asked.validated_data)
        place = get_object_or_404(places, pk=given.pop("place"))
        made = services.add_sighting(place.connector, place.region, **given, actor=signed_in_user(request))
        return Response(SightingSerializer(made).data, status=status.HTTP_201_CREATED)


def register(router: BaseRouter) -> None:
    router.register("region-tasks", RegionTaskViewSet, basename="region-task")
    router.register("sightings", SightingViewSet, basename="sighting")
