"""Endpoints of signing in by code (RFC 8628), and of the token itself that asks."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.core import ratelimit
from django.conf import settings
from django.urls import path, reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotAuthenticated, ParseError
from rest_framework.parsers import FormParser, JSONParser
from rest_framework.permissions import AllowAny, IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from portal.accounts import devices
from portal.accounts.models import ApiToken
from portal.accounts.tokens import ApiTokenAuthentication, renew_token, revoke_token
from portal.shared.errors import InvalidInput, TooMany
from portal.shared.secrets import Secret
from portal.shared.web import signed_in_user

GRANT_TYPE = "urn:ietf:params:oauth:grant-type:device_code"


class DeviceAuthorizationSerializer(serializers.Serializer[Any]):
    """`scope` is a list with blanks between, as OAuth has it; without it the usual ones."""

    client_id = serializers.CharField(max_length=80, help_text="The name of program and machine.")
    scope = serializers.CharField(max_length=400, required=False, default="", allow_blank=True)


class DeviceCodesSerializer(serializers.Serializer[Any]):
    device_code = serializers.CharField()
    user_code = serializers.CharField()
    verification_uri = serializers.URLField()
    expires_in = serializers.IntegerField(help_text="Seconds.")
    interval = serializers.IntegerField(help_text="Least seconds between two questions.")


class DeviceGrantSerializer(serializers.Serializer[Any]):
    grant_type = serializers.ChoiceField(choices=[GRANT_TYPE])
    device_code = serializers.CharField(max_length=200)
    client_id = serializers.CharField(max_length=80, required=False)


class OAuthErrorSerializer(serializers.Serializer[Any]):
    """RFC 6749, 5.2."""

    error = serializers.CharField()
    error_description = serializers.CharField(required=False)


class IssuedTokenSerializer(serializers.Serializer[Any]):
    access_token = serializers.CharField()
    token_type = serializers.CharField()
    expires_in = serializers.IntegerField(help_text="Seconds.")
    scope = serializers.CharField()


class OwnTokenSerializer(serializers.ModelSerializer[ApiToken]):
    """Whom a token speaks for, and for how long; `publisher` is the team it is bound to."""

    email = serializers.EmailField(source="user.email", read_only=True)
    person = serializers.CharField(source="user.name", read_only=True)
    teams = serializers.SerializerMethodField()

    class Meta:
        model = ApiToken
        fields = [
            "id",
            "name",
            "prefix",
            "scopes",
            "expires_at",
            "created_at",
            "email",
            "person",
            "teams",
            "is_sandbox",
        ]
        read_only_fields = fields

    def get_teams(self, token: ApiToken) -> list[str]:
        teams = token.user.publishers.order_by("slug")
        if token.publisher_id:
            teams = teams.filter(pk=token.publisher_id)
        return list(teams.values_list("slug", flat=True))


class OAuthView(APIView):
    """Asked by programs that have no token. What is refused is told in the words of RFC 6749, 5.2, which
    OAuth's own clients understand.
    """

    authentication_classes = ()
    permission_classes = (AllowAny,)
    parser_classes = (JSONParser, FormParser)

    def read_grant(self, kind: type[serializers.Serializer[Any]], hint: str = "") -> dict[str, Any]:
        """The validated body of a request for a token. Raises `InvalidInput` with OAuth's code."""
        try:
            asked = kind(data=self.request.data)
        except ParseError:
            raise InvalidInput(hint, code="invalid_request") from None
        if not asked.is_valid():
            wrong = "unsupported_grant_type" if "grant_type" in asked.errors else "invalid_request"
            raise InvalidInput(hint, code=wrong)
        given: dict[str, Any] = asked.validated_data
        return given

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, InvalidInput):
            return refused(exc.code, exc.message)
        return super().handle_exception(exc)


def refused(error: str, description: str) -> Response:
    body = {"error": error} | ({"error_description": description} if description else {})
    return Response(body, status=400, headers={"Cache-Control": "no-store"})


class DeviceAuthorizationView(OAuthView):
    """The first question of a program that has no token."""

    @extend_schema(
        operation_id="oauth_device_create",
        tags=["oauth"],
        request=DeviceAuthorizationSerializer,
        responses=DeviceCodesSerializer,
    )
    def post(self, request: Request) -> Response:
        """Ask for a pair of codes; a person types the short one at `verification_uri`."""
        if not ratelimit.consume(request._request, action="device_start"):
            raise TooMany(_("Too many sign-ins were started from here: wait a minute."))
        asked = DeviceAuthorizationSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        started = devices.start_sign_in(
            name=given["client_id"],
            scopes=given["scope"].split(),
            asked_from=get_adapter().get_client_ip(request._request),
        )
        body = {
            "device_code": started.device_code.reveal(),
            "user_code": started.user_code,
            "verification_uri": f"{settings.SITE_URL}{reverse('accounts:device')}",
            "expires_in": int(devices.LIFE.total_seconds()),
            "interval": settings.DEVICE_POLL_SECONDS,
        }
        return Response(body, headers={"Cache-Control": "no-store"})


class DeviceTokenView(OAuthView):
    """Where the program asks until its owner has answered."""

    @extend_schema(
        operation_id="oauth_token_create",
        tags=["oauth"],
        request=DeviceGrantSerializer,
        responses={200: IssuedTokenSerializer, 400: OAuthErrorSerializer},
    )
    def post(self, request: Request) -> Response:
        """Exchange the long code for a token. 400 with `error` as RFC 8628 words it until then."""
        given = self.read_grant(DeviceGrantSerializer, _("Send grant_type and device_code."))
        found = devices.fetch_token(given["device_code"])
        if isinstance(found, devices.NotIssued):
            return refused(found.value, "")
        return _issued(found.token, found.text)


class OwnTokenView(APIView):
    """The token that asks: whose it is, a new one in its place, its end. Any scope will do."""

    authentication_classes = (ApiTokenAuthentication,)
    permission_classes = (IsAuthenticated,)

    @extend_schema(operation_id="token_retrieve", tags=["token"], responses=OwnTokenSerializer)
    def get(self, request: Request) -> Response:
        """Whom this token speaks for, what it may and until when."""
        return Response(OwnTokenSerializer(_own(request)).data)

    @extend_schema(
        operation_id="token_renew_create", tags=["token"], request=None, responses=IssuedTokenSerializer
    )
    def post(self, request: Request) -> Response:
        """A new token with the same scopes and lifetime; this one ends."""
        return _issued(*renew_token(_own(request), actor=signed_in_user(request)))

    @extend_schema(operation_id="token_destroy", tags=["token"], request=None, responses={204: None})
    def delete(self, request: Request) -> Response:
        """Sign the program out."""
        revoke_token(_own(request), actor=signed_in_user(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


def _own(request: Request) -> ApiToken:
    if not isinstance(request.auth, ApiToken):
        raise NotAuthenticated
    return request.auth


def _issued(token: ApiToken, text: Secret) -> Response:
    lifetime = token.expires_at - token.created_at
    body = {
        "access_token": text.reveal(),
        "token_type": "Bearer",
        "expires_in": round(lifetime.total_seconds()),
        "scope": " ".join(token.scopes),
    }
    return Response(body, headers={"Cache-Control": "no-store"})


urlpatterns = [
    path("oauth/device/", DeviceAuthorizationView.as_view(), name="oauth_device"),
    path("oauth/token/", DeviceTokenView.as_view(), name="oauth_token"),
    path("token/", OwnTokenView.as_view(), name="own_token"),
]
