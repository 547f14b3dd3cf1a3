"""Endpoints of Previews: read them, sign off, refuse, reopen, extend, stop the clock, rehearse a rollback."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter
from rest_framework.viewsets import GenericViewSet

from certification.data.products import BY_KEY, PRODUCTS
from certification.models import ClockPause, Preview, ProductCheck
from certification.policies import can_check_products
from certification.queries import previews as queries
from certification.queries.testers import own_words
from certification.services import pauses, rehearsals, testers
from certification.services import previews as services
from portal.accounts.models import ApiToken, User
from portal.accounts.tokens import within_token
from portal.shared.policy import require
from portal.shared.web import signed_in_user


class PreviewSerializer(serializers.ModelSerializer[Preview]):
    connector = serializers.SlugField(source="submission.connector.slug", read_only=True)
    version_label = serializers.CharField(source="version.label", read_only=True)

    class Meta:
        model = Preview
        fields = [
            "id", "submission", "connector", "version", "version_label", "region", "state",
            "state_changed_at", "opened_at", "deadline_at", "reminders_sent", "reasons", "checked",
            "untested", "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class SignOffSerializer(serializers.Serializer[Any]):
    checked = serializers.MultipleChoiceField(choices=queries.CHECKLIST, required=False, default=set)
    note = serializers.CharField(max_length=2_000, required=False, default="", allow_blank=True)
    knows_untested = serializers.BooleanField(
        required=False,
        default=False,
        help_text="Operations without enough successful runs are signed off all the same.",
    )


class RefusalSerializer(serializers.Serializer[Any]):
    reasons = serializers.CharField(max_length=4_000)


class ExtensionSerializer(serializers.Serializer[Any]):
    business_days = serializers.IntegerField(min_value=1, max_value=services.MAX_EXTENSION_BUSINESS_DAYS)
    reason = serializers.CharField(max_length=1_000)


class RetrySerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=1_000)


class PauseSerializer(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=ClockPause.Kind.choices)
    reason = serializers.CharField(max_length=1_000)


class ResumptionSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=1_000, required=False, default="", allow_blank=True)


class ProductWordSerializer(serializers.Serializer[Any]):
    """An empty outcome takes one's word back. What fails needs a note."""

    outcome = serializers.ChoiceField(choices=ProductCheck.Outcome.choices, allow_blank=True)
    note = serializers.CharField(max_length=testers.LONGEST_NOTE, default="", allow_blank=True)


class ProductWordsSerializer(serializers.Serializer[Any]):
    """`items` maps keys of the checklist to one's own words; those that are left out stay as they are."""

    items = serializers.DictField(child=ProductWordSerializer())

    def words(self) -> dict[str, testers.Word]:
        return {key: testers.Word(**word) for key, word in self.validated_data["items"].items()}


class ProductCheckItemSerializer(serializers.Serializer[Any]):
    key = serializers.CharField()
    text = serializers.CharField()
    outcome = serializers.ChoiceField(choices=ProductCheck.Outcome.choices, allow_blank=True)
    note = serializers.CharField(allow_blank=True)


class ProductChecklistSerializer(serializers.Serializer[Any]):
    """A product's checklist with the caller's own words."""

    product = serializers.ChoiceField(choices=[each.key for each in PRODUCTS])
    name = serializers.CharField()
    checks = ProductCheckItemSerializer(many=True)


class PreviewViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[Preview]):
    """Packages in the Preview region, waiting for their team's word."""

    serializer_class = PreviewSerializer
    binds_connector = True
    write_scope = ApiToken.Scope.ROLLOUTS
    filterset_fields = ["state", "submission"]
    queryset = Preview.objects.none()

    def get_queryset(self) -> QuerySet[Preview]:
        return within_token(
            queries.previews_for(self.request.user),
            self.request,
            team="submission__connector__publisher",
            connector="submission__connector_id",
        )

    def _asked(self, kind: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        asked = kind(data=self.request.data)
        asked.is_valid(raise_exception=True)
        data: dict[str, Any] = asked.validated_data
        return data

    def _done(self) -> Response:
        return Response(PreviewSerializer(self.get_object()).data)

    @extend_schema(request=SignOffSerializer, responses=PreviewSerializer)
    @action(detail=True, methods=["post"], url_path="sign-off")
    def sign_off(self, request: Request, pk: str) -> Response:
        """It works: let the rollout be planned."""
        data = self._asked(SignOffSerializer)
        services.sign_off_preview(
            self.get_object(),
            checked=sorted(data["checked"]),
            note=data["note"],
            knows_untested=data["knows_untested"],
            actor=signed_in_user(request),
        )
        return self._done()

    @extend_schema(request=RefusalSerializer, responses=PreviewSerializer)
    @action(detail=True, methods=["post"])
    def refuse(self, request: Request, pk: str) -> Response:
        """It does not work, and why."""
        services.refuse_preview(
            self.get_object(), **self._asked(RefusalSerializer), actor=signed_in_user(request)
        )
        return self._done()

    @extend_schema(request=None, responses=PreviewSerializer)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, pk: str) -> Response:
        """After the deadline: test it after all."""
        services.reopen_preview(self.get_object(), actor=signed_in_user(request))
        return self._done()

    @extend_schema(request=ExtensionSerializer, responses=PreviewSerializer)
    @action(detail=True, methods=["post"])
    def extend(self, request: Request, pk: str) -> Response:
        """More time to test, given by an operator."""
        services.extend_preview(
            self.get_object(), **self._asked(ExtensionSerializer), actor=signed_in_user(request)
        )
        return self._done()

    @extend_schema(request=RetrySerializer, responses=PreviewSerializer)
    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str) -> Response:
        """Deploy again after a failure."""
        services.retry_preview(
            self.get_object(), **self._asked(RetrySerializer), actor=signed_in_user(request)
        )
        return self._done()

    @extend_schema(request=PauseSerializer, responses=PreviewSerializer)
    @action(detail=True, methods=["post"])
    def pause(self, request: Request, pk: str) -> Response:
        """Stop the clock of the deadline, by an operator: the team cannot test."""
        pauses.pause_clock(self.get_object(), **self._asked(PauseSerializer), actor=signed_in_user(request))
        return self._done()

    @extend_schema(request=ResumptionSerializer, responses=PreviewSerializer)
    @action(detail=True, methods=["post"])
    def resume(self, request: Request, pk: str) -> Response:
        """Let the clock go on: the deadline moves by as long as it stood."""
        pauses.resume_clock(
            self.get_object(), **self._asked(ResumptionSerializer), actor=signed_in_user(request)
        )
        return self._done()

    @extend_schema(request=RetrySerializer, responses=PreviewSerializer)
    @action(detail=True, methods=["post"])
    def rehearse(self, request: Request, pk: str) -> Response:
        """Rehearse the way back once more after a failure; `reason` says what was mended."""
        rehearsals.rehearse_again(
            self.get_object(), **self._asked(RetrySerializer), actor=signed_in_user(request)
        )
        return self._done()

    @extend_schema(responses=ProductChecklistSerializer)
    @action(
        detail=True, url_path=rf"checklists/(?P<product>{'|'.join(BY_KEY)})", pagination_class=None,
        filter_backends=[],
    )  # fmt: skip
    def checklist(self, request: Request, pk: str, product: str) -> Response:
        """What is worth a look in a product, and what the caller found."""
        preview, user = self.get_object(), signed_in_user(request)
        require(can_check_products, user, preview)
        return Response(_checklist(preview, product, user))

    @extend_schema(request=ProductWordsSerializer, responses=ProductChecklistSerializer)
    @checklist.mapping.put
    def check_product(self, request: Request, pk: str, product: str) -> Response:
        """Keep what the caller found, while the Preview is open."""
        preview, user = self.get_object(), signed_in_user(request)
        require(can_check_products, user, preview)
        asked = ProductWordsSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        testers.check_product(preview, product, asked.words(), actor=user)
        return Response(_checklist(preview, product, user))


def _checklist(preview: Preview, key: str, user: User) -> dict[str, Any]:
    product, own = BY_KEY[key], own_words(preview, key, user)
    checks = [
        {
            "key": each.key,
            "text": each.text,
            "outcome": own[each.key].outcome if each.key in own else "",
            "note": own[each.key].note if each.key in own else "",
        }
        for each in product.checks
    ]
    return dict(ProductChecklistSerializer({"product": key, "name": product.name, "checks": checks}).data)


def register(router: BaseRouter) -> None:
    router.register("previews", PreviewViewSet, basename="preview")
