"""Endpoints of regions: names for everybody, addresses for operators, changes for administrators."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter
from rest_framework.viewsets import GenericViewSet

from certification.policies import can_see_operations
from certification.services import regions as services
from connectors.models import Region
from portal.accounts.models import ApiToken
from portal.shared.rest import IdempotentCreation
from portal.shared.web import signed_in_user


class RegionSerializer(serializers.ModelSerializer):
    """`driver`, `base_url`, `settings` and `last_answer_at` are null for readers who do not operate."""

    driver = serializers.SerializerMethodField()
    base_url = serializers.SerializerMethodField()
    settings = serializers.SerializerMethodField()
    last_answer_at = serializers.SerializerMethodField()

    class Meta:
        model = Region
        fields = [
            "code", "name", "geography", "latitude", "longitude", "is_preview", "in_preview_stage",
            "is_active", "driver", "base_url", "settings", "last_answer_at", "paired_with",
        ]  # fmt: skip
        read_only_fields = fields

    def _for_operators(self, value: Any) -> Any:
        return value if can_see_operations(self.context["request"].user) else None

    def get_driver(self, region: Region) -> str | None:
        return self._for_operators(region.driver)  # type: ignore[no-any-return]

    def get_base_url(self, region: Region) -> str | None:
        return self._for_operators(region.base_url)  # type: ignore[no-any-return]

    @extend_schema_field(serializers.DictField(allow_null=True))
    def get_settings(self, region: Region) -> dict[str, object] | None:
        return self._for_operators(region.driver_settings)  # type: ignore[no-any-return]

    def get_last_answer_at(self, region: Region) -> str | None:
        return self._for_operators(region.last_answer_at)  # type: ignore[no-any-return]


class RegionChangeSerializer(serializers.Serializer[Any]):
    """What is known of a region. `settings` are those of the driver's kind (`docs/regions.md`). `token` and
    `secrets` are write-only; leaving one out keeps what there is.
    """

    name = serializers.CharField(max_length=60)
    geography = serializers.CharField(max_length=60, required=False, default="")
    latitude = serializers.FloatField(
        required=False, default=None, allow_null=True, min_value=-90, max_value=90
    )
    longitude = serializers.FloatField(
        required=False, default=None, allow_null=True, min_value=-180, max_value=180
    )
    driver = serializers.ChoiceField(choices=services.DRIVER_KINDS, default="http")
    base_url = serializers.CharField(max_length=300, required=False, default="", allow_blank=True)
    settings = serializers.DictField(required=False, default=dict)
    is_preview = serializers.BooleanField(default=False)
    paired_with = serializers.ListField(child=serializers.SlugField(), default=list)
    token = serializers.CharField(max_length=200, write_only=True, required=False, default="")
    secrets = serializers.DictField(
        child=serializers.CharField(max_length=20_000, allow_blank=True),
        write_only=True, required=False, default=dict,
    )  # fmt: skip

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if (attrs["latitude"] is None) != (attrs["longitude"] is None):
            raise serializers.ValidationError({"latitude": _("Give latitude and longitude, or neither.")})
        return attrs

    def given_secrets(self) -> dict[str, str]:
        given = self.validated_data
        return {**given["secrets"], **({"token": given["token"]} if given["token"] else {})}

    def draft(self) -> services.RegionDraft:
        given = dict(self.validated_data)
        for name in ("token", "secrets", "code"):
            given.pop(name, None)
        place = given.pop("latitude"), given.pop("longitude")
        given["place"] = None if None in place else place
        return services.RegionDraft(**{**given, "paired_with": tuple(given["paired_with"])})


class NewRegionSerializer(RegionChangeSerializer):
    code = serializers.SlugField(max_length=40)


class RegionSwitchSerializer(serializers.Serializer[Any]):
    is_active = serializers.BooleanField()
    reason = serializers.CharField(max_length=500)


class RegionContactSerializer(serializers.Serializer[Any]):
    answered = serializers.BooleanField()
    problem = serializers.CharField(allow_blank=True)


class TelemetryTokenSerializer(serializers.Serializer[Any]):
    """Told once; nothing keeps it."""

    token = serializers.CharField()


class RegionViewSet(
    IdempotentCreation,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.CreateModelMixin,
    GenericViewSet,
):
    """The places connectors are deployed to."""

    serializer_class = RegionSerializer
    write_scope = ApiToken.Scope.ADMIN
    pagination_class = None
    outside_actions = frozenset({"contact"})
    lookup_field = "code"
    lookup_value_regex = r"[-A-Za-z0-9_]+"

    def get_queryset(self) -> QuerySet[Region]:
        return Region.objects.prefetch_related("paired_with").order_by("name")

    @extend_schema(request=NewRegionSerializer, responses={201: RegionSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Add a region. It takes part once a plan places it and it is switched on."""
        return super().create(request, *args, **kwargs)

    def get_serializer_class(self) -> Any:
        return NewRegionSerializer if self.action == "create" else RegionSerializer

    def perform_create(self, serializer: Any) -> None:
        given = serializer.validated_data
        region = services.add_region(
            given["code"],
            serializer.draft(),
            secrets=serializer.given_secrets(),
            actor=signed_in_user(self.request),
        )
        shown = RegionSerializer(region, context=self.get_serializer_context())
        serializer._data = shown.data

    @extend_schema(request=RegionChangeSerializer, responses=RegionSerializer)
    def update(self, request: Request, code: str) -> Response:
        """Replace what is known of a region."""
        asked = RegionChangeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        region = services.change_region(
            self.get_object(),
            asked.draft(),
            secrets=asked.given_secrets(),
            actor=signed_in_user(request),
        )
        return Response(RegionSerializer(region, context=self.get_serializer_context()).data)

    @extend_schema(request=RegionSwitchSerializer, responses=RegionSerializer)
    @action(detail=True, methods=["post"])
    def switch(self, request: Request, code: str) -> Response:
        """Let a region take part, or not."""
        asked = RegionSwitchSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        region = services.set_region_active(
            self.get_object(), **asked.validated_data, actor=signed_in_user(request)
        )
        return Response(RegionSerializer(region, context=self.get_serializer_context()).data)

    @extend_schema(request=None, responses=RegionContactSerializer)
    @action(detail=True, methods=["post"])
    def contact(self, request: Request, code: str) -> Response:
        """Call the region once and tell whether it answered."""
        result = services.contact_region(self.get_object(), actor=signed_in_user(request))
        answer = {"answered": result.health is not None, "problem": result.problem}
        return Response(answer, status=status.HTTP_200_OK)

    @extend_schema(request=None, responses=TelemetryTokenSerializer)
    @action(detail=True, methods=["post"], url_path="telemetry-token")
    def telemetry_token(self, request: Request, code: str) -> Response:
        """A new token for the region to push telemetry with; the one before is worth nothing at once."""
        token = services.renew_telemetry_token(self.get_object(), actor=signed_in_user(request))
        body = TelemetryTokenSerializer({"token": token.reveal()}).data
        return Response(body, headers={"Cache-Control": "no-store"})


def register(router: BaseRouter) -> None:
    router.register("regions", RegionViewSet, basename="region")
