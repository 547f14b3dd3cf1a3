"""Endpoints of imports, claims and transfers."""

from __future__ import annotations

import json
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

from certification.models import ConnectorTransfer, ImportedConnector, OwnershipClaim
from certification.policies import can_import_connectors
from certification.queries import ownership as queries
from certification.services import claims, imports, transfers
from connectors.models import Connector, Publisher
from portal.accounts.models import ApiToken
from portal.accounts.tokens import within_token
from portal.shared.policy import require
from portal.shared.web import signed_in_user


class ImportedConnectorSerializer(serializers.ModelSerializer[ImportedConnector]):
    connector = serializers.SlugField(source="connector.slug")
    name = serializers.CharField(source="connector.name")
    version = serializers.CharField(source="connector.live_version.label", default=None, allow_null=True)
    owner = serializers.SlugField(source="connector.publisher.slug")

    class Meta:
        model = ImportedConnector
        fields = [
            "id", "connector", "name", "version", "publisher_name", "source", "repository", "owner",
            "claimed_at", "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class ImportLineSerializer(serializers.Serializer[Any]):
    """`package` is a zip in base64, `regions` are codes where it is live now."""

    name = serializers.CharField(max_length=60)
    publisher = serializers.CharField(max_length=80)
    package = serializers.CharField()
    regions = serializers.ListField(child=serializers.SlugField(), min_length=1)
    source = serializers.CharField(max_length=300)  # type: ignore[assignment]
    summary = serializers.CharField(max_length=500, required=False, allow_blank=True)
    repository = serializers.URLField(max_length=300, required=False, allow_blank=True)


class ImportRequestSerializer(serializers.Serializer[Any]):
    """The lines of a JSON Lines file as a list, at most 200."""

    lines = ImportLineSerializer(many=True)


class ImportOutcomeSerializer(serializers.Serializer[Any]):
    """`id` of what came in, or `problem`."""

    line = serializers.IntegerField()
    name = serializers.CharField()
    id = serializers.UUIDField(source="imported.pk", default=None, allow_null=True)
    problem = serializers.CharField()


class ImportViewSet(mixins.ListModelMixin, GenericViewSet[ImportedConnector]):
    """Connectors that were live before the portal knew them."""

    serializer_class = ImportedConnectorSerializer
    write_scope = ApiToken.Scope.ADMIN
    queryset = ImportedConnector.objects.none()

    def get_queryset(self) -> QuerySet[ImportedConnector]:
        require(can_import_connectors, signed_in_user(self.request), None)
        return queries.imports()

    @extend_schema(request=ImportRequestSerializer, responses=ImportOutcomeSerializer(many=True))
    def create(self, request: Request) -> Response:
        """Bring in several connectors, each by itself."""
        require(can_import_connectors, signed_in_user(request), None)
        asked = ImportRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        content = "\n".join(json.dumps(line) for line in asked.validated_data["lines"]).encode()
        outcomes = imports.import_lines(content, actor=signed_in_user(request))
        return Response(ImportOutcomeSerializer(outcomes, many=True).data, status=status.HTTP_200_OK)


class OwnershipClaimSerializer(serializers.ModelSerializer[OwnershipClaim]):
    """`records` are [name, value] of TXT records, `files` addresses; any one of them proves the claim."""

    connector = serializers.SlugField(source="connector.slug", read_only=True)
    publisher = serializers.SlugField(source="publisher.slug", read_only=True)
    proof = serializers.ChoiceField(choices=OwnershipClaim.Proof.choices, allow_blank=True, read_only=True)
    records = serializers.SerializerMethodField()
    files = serializers.SerializerMethodField()

    class Meta:
        model = OwnershipClaim
        fields = [
            "id", "connector", "publisher", "state", "state_changed_at", "proof", "problem", "reason", "note",
            "checked_at", "mail_sent_at", "expires_at", "created_at", "records", "files",
        ]  # fmt: skip
        read_only_fields = fields

    def get_records(self, claim: OwnershipClaim) -> list[list[str]]:
        return [list(pair) for pair in queries.records_of(claim)]

    def get_files(self, claim: OwnershipClaim) -> list[str]:
        return [address for _proof, address in queries.file_addresses(claim.imported)]


class ClaimRequestSerializer(serializers.Serializer[Any]):
    connector = serializers.SlugField()
    publisher = serializers.SlugField()
    note = serializers.CharField(max_length=1_000, default="", allow_blank=True)


class ClaimDecisionSerializer(serializers.Serializer[Any]):
    is_granted = serializers.BooleanField()
    reason = serializers.CharField(max_length=1_000)


class OwnershipClaimViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[OwnershipClaim]):
    """Claims of teams to imported connectors."""

    serializer_class = OwnershipClaimSerializer
    filterset_fields = ["state"]
    outside_actions = frozenset({"check"})
    queryset = OwnershipClaim.objects.none()

    @property
    def write_scope(self) -> str:
        return ApiToken.Scope.ADMIN if self.action == "decide" else ApiToken.Scope.CONNECTORS

    def get_queryset(self) -> QuerySet[OwnershipClaim]:
        return within_token(queries.claims(self.request.user), self.request, team="publisher")

    @extend_schema(request=ClaimRequestSerializer, responses={201: OwnershipClaimSerializer})
    def create(self, request: Request) -> Response:
        """Claim a connector for a team that the caller owns."""
        asked = ClaimRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        data, user = asked.validated_data, signed_in_user(request)
        team = get_object_or_404(
            within_token(Publisher.objects.visible_to(user), request, team="pk"), slug=data["publisher"]
        )
        imported = get_object_or_404(queries.unclaimed(), connector__slug=data["connector"])
        claim = claims.claim_connector(imported, publisher=team, note=data["note"], actor=user)
        return Response(OwnershipClaimSerializer(claim).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=OwnershipClaimSerializer)
    @action(detail=True, methods=["post"])
    def check(self, request: Request, pk: str) -> Response:
        """Look for the record and the file now."""
        found = claims.check_claim(self.get_object(), actor=signed_in_user(request))
        return Response(OwnershipClaimSerializer(found).data)

    @extend_schema(request=None, responses=OwnershipClaimSerializer)
    @action(detail=True, methods=["post"])
    def mail(self, request: Request, pk: str) -> Response:
        """Ask the contact that the live definition names, by mail. 429 within an hour of the last one."""
        claims.send_proof_mail(self.get_object(), actor=signed_in_user(request))
        return Response(OwnershipClaimSerializer(self.get_object()).data)

    @extend_schema(request=None, responses=OwnershipClaimSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """The team does not claim it any more."""
        claim = self.get_object()
        claims.withdraw_claim(claim, actor=signed_in_user(request))
        return Response(OwnershipClaimSerializer(claim).data)

    @extend_schema(request=ClaimDecisionSerializer, responses=OwnershipClaimSerializer)
    @action(detail=True, methods=["post"])
    def decide(self, request: Request, pk: str) -> Response:
        """An operator's decision where no proof is possible."""
        claim = self.get_object()
        asked = ClaimDecisionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        claims.decide_claim(claim, **asked.validated_data, actor=signed_in_user(request))
        return Response(OwnershipClaimSerializer(claim).data)


class TransferSerializer(serializers.ModelSerializer[ConnectorTransfer]):
    connector = serializers.SlugField(source="connector.slug", read_only=True)
    from_publisher = serializers.SlugField(source="from_publisher.slug", read_only=True)
    to_publisher = serializers.SlugField(source="to_publisher.slug", read_only=True)

    class Meta:
        model = ConnectorTransfer
        fields = [
            "id", "connector", "from_publisher", "to_publisher", "note", "state", "state_changed_at",
            "expires_at", "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class TransferRequestSerializer(serializers.Serializer[Any]):
    """`to` is the slug of the other team."""

    connector = serializers.SlugField()
    to = serializers.SlugField()
    note = serializers.CharField(max_length=1_000, default="", allow_blank=True)


class TransferViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[ConnectorTransfer]):
    """Offers of connectors to other teams."""

    serializer_class = TransferSerializer
    write_scope = ApiToken.Scope.TEAM
    filterset_fields = ["state"]
    queryset = ConnectorTransfer.objects.none()

    def get_queryset(self) -> QuerySet[ConnectorTransfer]:
        found = queries.transfers(self.request.user)
        team = getattr(self.request.auth, "publisher_id", None)
        if not team:
            return found
        return found.filter(from_publisher=team) | found.filter(to_publisher=team)

    @extend_schema(request=TransferRequestSerializer, responses={201: TransferSerializer})
    def create(self, request: Request) -> Response:
        """Offer a connector."""
        asked = TransferRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        data, user = dict(asked.validated_data), signed_in_user(request)
        visible = within_token(Connector.objects.visible_to(user), request, team="publisher")
        connector = get_object_or_404(visible.select_related("publisher"), slug=data.pop("connector"))
        made = transfers.offer_transfer(connector, **data, actor=user)
        return Response(TransferSerializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=TransferSerializer)
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: str) -> Response:
        """Take the connector over."""
        found = self.get_object()
        transfers.accept_transfer(found, actor=signed_in_user(request))
        return Response(TransferSerializer(found).data)

    @extend_schema(request=None, responses=TransferSerializer)
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, pk: str) -> Response:
        """Leave it where it is."""
        found = self.get_object()
        transfers.decline_transfer(found, actor=signed_in_user(request))
        return Response(TransferSerializer(found).data)

    @extend_schema(request=None, responses=TransferSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """Take the offer back."""
        found = self.get_object()
        transfers.withdraw_transfer(found, actor=signed_in_user(request))
        return Response(TransferSerializer(found).data)


def register(router: BaseRouter) -> None:
    router.register("imports", ImportViewSet, basename="import")
    router.register("ownership-claims", OwnershipClaimViewSet, basename="ownership-claim")
    router.register("transfers", TransferViewSet, basename="transfer")
