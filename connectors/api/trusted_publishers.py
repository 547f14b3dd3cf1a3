"""Endpoints of trusted publishers, and the one at which builds exchange their ID token."""

from __future__ import annotations

from typing import Any

from allauth.core import ratelimit
from django.db.models import QuerySet
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter
from rest_framework.viewsets import GenericViewSet

from connectors.models import Connector, Publisher, TrustedPublisher
from connectors.queries import trusted_publishers as queries
from connectors.services import token_exchange
from connectors.services import trusted_publishers as services
from portal.accounts.api import OAuthErrorSerializer, OAuthView
from portal.accounts.models import ApiToken
from portal.accounts.tokens import within_token
from portal.shared.errors import TooMany
from portal.shared.rest import IdempotentCreation
from portal.shared.web import signed_in_user

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:token-exchange"
ID_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:id_token"  # noqa: S105 - the name of a kind of token
ACCESS_TOKEN_TYPE = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105


class TrustedPublisherSerializer(serializers.ModelSerializer[TrustedPublisher]):
    """`connector` null: all connectors of the team. `repository_id` and `owner_id` are pinned at first
    use."""

    publisher = serializers.SlugRelatedField(slug_field="slug", queryset=Publisher.objects.none())
    connector = serializers.SlugRelatedField(
        slug_field="slug", queryset=Connector.objects.none(), required=False, allow_null=True, default=None
    )
    scopes = serializers.ListField(
        child=serializers.CharField(max_length=40), required=False, default=list(services.SCOPES)
    )
    created_by = serializers.CharField(source="created_by.name", read_only=True)

    class Meta:
        model = TrustedPublisher
        fields = [
            "id", "publisher", "connector", "issuer", "repository", "workflow", "ref", "environment",
            "scopes", "created_by", "created_at", "repository_id", "owner_id", "last_used_at", "last_ref",
            "last_refused_at", "last_refusal",
        ]  # fmt: skip
        read_only_fields = [
            "id", "created_at", "repository_id", "owner_id", "last_used_at", "last_ref", "last_refused_at",
            "last_refusal",
        ]  # fmt: skip
        # Worded by the service.
        validators: list[Any] = []

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        request = self.context.get("request")
        if request is not None and self.instance is None:
            teams = within_token(Publisher.objects.visible_to(request.user), request, team="pk")
            fields["publisher"].queryset = teams  # type: ignore[attr-defined]
            fields["connector"].queryset = Connector.objects.filter(publisher__in=teams)  # type: ignore[attr-defined]
        return fields


class TrustedPublisherViewSet(
    IdempotentCreation,
    mixins.ListModelMixin,
    mixins.CreateModelMixin,
    mixins.RetrieveModelMixin,
    mixins.DestroyModelMixin,
    GenericViewSet[TrustedPublisher],
):
    """Builds that act for your teams without a secret."""

    serializer_class = TrustedPublisherSerializer
    write_scope = ApiToken.Scope.TEAM
    filter_backends = ()
    queryset = TrustedPublisher.objects.none()

    def get_queryset(self) -> QuerySet[TrustedPublisher]:
        return within_token(
            queries.trusted_publishers_of(self.request.user), self.request, team="publisher_id"
        )

    def perform_create(self, serializer: serializers.BaseSerializer[TrustedPublisher]) -> None:
        data = dict(serializer.validated_data)
        serializer.instance = services.trust(
            data.pop("publisher"), services.TrustDraft(**data), actor=signed_in_user(self.request)
        )

    def perform_destroy(self, instance: TrustedPublisher) -> None:
        services.distrust(instance, actor=signed_in_user(self.request))


class TokenExchangeSerializer(serializers.Serializer[Any]):
    """RFC 8693, 2.1; `connector` chooses where several trust the same build."""

    grant_type = serializers.ChoiceField(choices=[GRANT_TYPE])
    subject_token = serializers.CharField(max_length=16 * 1024, help_text="The ID token.")
    subject_token_type = serializers.ChoiceField(choices=[ID_TOKEN_TYPE])
    connector = serializers.SlugField(max_length=80, required=False, default="", allow_blank=True)


class ExchangedTokenSerializer(serializers.Serializer[Any]):
    access_token = serializers.CharField()
    issued_token_type = serializers.CharField()
    token_type = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="Seconds.")
    scope = serializers.CharField()


class TokenExchangeView(OAuthView):
    """Where a build gets its token: nobody is signed in, the ID token is all there is."""

    @extend_schema(
        operation_id="oauth_exchange_create",
        tags=["oauth"],
        request=TokenExchangeSerializer,
        responses={200: ExchangedTokenSerializer, 400: OAuthErrorSerializer},
    )
    def post(self, request: Request) -> Response:
        """Exchange a build's ID token for a token of minutes (RFC 8693). 400 with `error` says why not."""
        if not ratelimit.consume(request._request, action="oidc_exchange"):
            raise TooMany(_("Too many ID tokens came from here: wait a minute."))
        given = self.read_grant(TokenExchangeSerializer)
        made = token_exchange.exchange(given["subject_token"], connector=given["connector"])
        body = {
            "access_token": made.text.reveal(),
            "issued_token_type": ACCESS_TOKEN_TYPE,
            "token_type": "Bearer",
            "expires_in": int(token_exchange.LIFE.total_seconds()),
            "scope": " ".join(made.token.scopes),
        }
        return Response(body, headers={"Cache-Control": "no-store"})


urlpatterns = [path("oauth/exchange/", TokenExchangeView.as_view(), name="oauth_exchange")]


def register(router: BaseRouter) -> None:
    router.register("trusted-publishers", TrustedPublisherViewSet, basename="trusted-publisher")
