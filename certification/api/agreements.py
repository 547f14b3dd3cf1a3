"""Endpoints of the contributor agreement: its versions, signing, and taking a signature back."""

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

from certification.models import AgreementSignature, AgreementText
from certification.policies import can_manage_agreements
from certification.queries import agreements as queries
from certification.services import agreements as services
from connectors.models import Publisher
from portal.accounts.models import ApiToken
from portal.accounts.tokens import within_token
from portal.shared.policy import require
from portal.shared.web import signed_in_user


class AgreementTextSerializer(serializers.ModelSerializer[AgreementText]):
    """`digest` is the SHA-256 of `text` in UTF-8."""

    class Meta:
        model = AgreementText
        fields = ["version", "text", "digest", "note", "must_be_signed_anew", "published_at"]
        read_only_fields = fields


class AgreementSignatureSerializer(serializers.ModelSerializer[AgreementSignature]):
    """`publisher` is the team's slug where an owner signed for it."""

    version = serializers.IntegerField(source="text.version", read_only=True)
    publisher: serializers.SlugRelatedField[Publisher] = serializers.SlugRelatedField(
        slug_field="slug", read_only=True
    )

    class Meta:
        model = AgreementSignature
        fields = [
            "id", "version", "digest", "publisher", "signed_name", "logins", "signed_at", "withdrawn_at",
        ]  # fmt: skip
        read_only_fields = fields


class AgreementSigningSerializer(serializers.Serializer[Any]):
    """`version` is the one that was read; with `publisher`, a slug, an owner signs for the team."""

    version = serializers.IntegerField(min_value=1)
    name = serializers.CharField(max_length=services.LONGEST_NAME)
    publisher = serializers.SlugField(required=False, allow_blank=True, default="")
    logins = serializers.ListField(
        child=serializers.CharField(max_length=100),
        required=False,
        default=list,
        max_length=services.MOST_LOGINS,
    )


class NewAgreementTextSerializer(serializers.Serializer[Any]):
    """The next version, as Markdown. It can never be changed, only followed by another one."""

    text = serializers.CharField(max_length=services.LONGEST_TEXT)
    note = serializers.CharField(max_length=300, required=False, default="", allow_blank=True)
    must_be_signed_anew = serializers.BooleanField(
        default=False, help_text="Signatures of earlier versions count no longer."
    )


class AgreementTextViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[AgreementText]):
    """Versions of the agreement, the newest first: that one counts."""

    serializer_class = AgreementTextSerializer
    queryset = AgreementText.objects.none()
    lookup_field = "version"
    lookup_value_converter = "int"
    lookup_value_regex = r"[0-9]{1,9}"
    write_scope = ApiToken.Scope.ADMIN

    def get_queryset(self) -> QuerySet[AgreementText]:
        return queries.texts()

    @extend_schema(request=NewAgreementTextSerializer, responses={201: AgreementTextSerializer})
    def create(self, request: Request) -> Response:
        """The next version, which counts from now on. For administrators."""
        require(can_manage_agreements, signed_in_user(request), None)
        asked = NewAgreementTextSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        made = services.publish_text(**asked.validated_data, actor=signed_in_user(request))
        return Response(AgreementTextSerializer(made).data, status=status.HTTP_201_CREATED)


class AgreementSignatureViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[AgreementSignature]
):
    """One's own signatures and those of one's teams; administrators see all."""

    serializer_class = AgreementSignatureSerializer
    write_scope = ApiToken.Scope.TEAM
    queryset = AgreementSignature.objects.none()

    def get_queryset(self) -> QuerySet[AgreementSignature]:
        found = queries.signatures_visible_to(self.request.user)
        return within_token(found, self.request, team="publisher_id")

    @extend_schema(request=AgreementSigningSerializer, responses={201: AgreementSignatureSerializer})
    def create(self, request: Request) -> Response:
        """Sign the version that counts now."""
        user = signed_in_user(request)
        asked = AgreementSigningSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = dict(asked.validated_data)
        slug = given.pop("publisher")
        # A token for one team speaks for that team alone.
        teams = within_token(Publisher.objects.visible_to(user), request, team="pk")
        team = get_object_or_404(teams, slug=slug) if slug else None
        made = services.sign(**given, publisher=team, actor=user)
        return Response(AgreementSignatureSerializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=AgreementSignatureSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str | None = None) -> Response:
        """From now on it counts no longer."""
        found = self.get_object()
        services.withdraw_signature(found, actor=signed_in_user(request))
        return Response(AgreementSignatureSerializer(found).data)


def register(router: BaseRouter) -> None:
    router.register("agreement-texts", AgreementTextViewSet, basename="agreement-text")
    router.register("agreement-signatures", AgreementSignatureViewSet, basename="agreement-signature")
