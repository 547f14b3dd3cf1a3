"""Endpoints of erasures: one's own, and for administrators everybody's."""

from __future__ import annotations

from typing import Any

from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter
from rest_framework.viewsets import GenericViewSet

from certification.models import Erasure
from certification.policies import can_see_erasures
from certification.queries import erasures as queries
from certification.services import erasures as services
from portal.accounts.models import ApiToken, User
from portal.shared.errors import NotPermitted
from portal.shared.web import signed_in_user


class ErasureReportLineSerializer(serializers.Serializer[Any]):
    """Of one kind of record: rows that are gone, rows that lost words, and rows in which a name is left
    because nothing there says whose it is."""

    title = serializers.CharField()
    removed = serializers.IntegerField()
    changed = serializers.IntegerField()
    left = serializers.IntegerField()


class ErasureSerializer(serializers.ModelSerializer[Erasure]):
    """`person` and `requested_by` are ids of people; it can be taken back until `due_at`."""

    person = serializers.UUIDField(source="person_id", read_only=True)
    person_name = serializers.CharField(source="person.name", read_only=True)
    requested_by = serializers.UUIDField(source="requested_by_id", read_only=True)

    class Meta:
        model = Erasure
        fields = [
            "id", "person", "person_name", "requested_by", "reason", "state", "state_changed_at", "due_at",
            "created_at",
        ]  # fmt: skip
        read_only_fields = fields


class ErasureDetailSerializer(ErasureSerializer):
    """`blockers` are sentences about what has to be handed over while it waits; `report` says what was done,
    most first."""

    blockers = serializers.SerializerMethodField()
    report = serializers.SerializerMethodField()

    class Meta(ErasureSerializer.Meta):
        fields = [*ErasureSerializer.Meta.fields, "blockers", "report"]
        read_only_fields = fields

    def get_blockers(self, found: Erasure) -> list[str]:
        return queries.blockers(found.person) if found.state == "waiting" else []

    @extend_schema_field(ErasureReportLineSerializer(many=True))
    def get_report(self, found: Erasure) -> Any:
        return ErasureReportLineSerializer(queries.report_lines(found), many=True).data


class ErasureRequestSerializer(serializers.Serializer[Any]):
    """Without `person` it is one's own. Administrators name somebody else, say why, and may give earlier
    names and addresses of theirs (`also`)."""

    person = serializers.UUIDField(required=False)
    reason = serializers.CharField(required=False, max_length=1_000, default="", allow_blank=True)
    also = serializers.ListField(
        child=serializers.CharField(max_length=200),
        required=False,
        default=list,
        max_length=services.MOST_WORDS,
    )


class ErasureViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[Erasure]):
    """One's own erasures; administrators see all."""

    serializer_class = ErasureSerializer
    write_scope = ApiToken.Scope.ADMIN
    filterset_fields = ["state"]
    queryset = Erasure.objects.none()

    def get_queryset(self) -> QuerySet[Erasure]:
        found = queries.visible_to(signed_in_user(self.request))
        # A token for one team speaks for that team, and not about people.
        return found.none() if _is_of_a_team(self.request) else found

    def get_serializer_class(self) -> type[ErasureSerializer]:
        return ErasureSerializer if self.action == "list" else ErasureDetailSerializer

    @extend_schema(request=ErasureRequestSerializer, responses={201: ErasureDetailSerializer})
    def create(self, request: Request) -> Response:
        """Ask for an erasure, which begins after the waiting time.

        It can be taken back until then, and the person is told by mail. A session asks only shortly after its
        person has shown again who they are.
        """
        user = signed_in_user(request)
        _require_proof(request)
        asked = ErasureRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        people = User.objects.filter(erased_at=None)
        seen = people if can_see_erasures(user) else people.filter(pk=user.pk)
        person = get_object_or_404(seen, pk=given.get("person", user.pk))
        made = services.ask(person, reason=given["reason"], also="\n".join(given["also"]), actor=user)
        return Response(ErasureDetailSerializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=ErasureDetailSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str | None = None) -> Response:
        """Take it back while it waits."""
        found = services.withdraw(self.get_object(), actor=signed_in_user(request))
        return Response(ErasureDetailSerializer(found).data)


def _is_of_a_team(request: Request) -> bool:
    token: Any = request.auth
    return isinstance(token, ApiToken) and token.publisher_id is not None


def _require_proof(request: Request) -> None:
    """Tokens are made after their person has shown again who they are; sessions have to show it here."""
    if _is_of_a_team(request):
        raise NotPermitted(_("A token for one team does not ask for the erasure of people."))
    if not isinstance(request.auth, ApiToken) and not did_recently_reauthenticate(request._request):
        raise NotPermitted(_("Show again who you are first: sign in anew, or ask on the page."))


def register(router: BaseRouter) -> None:
    router.register("erasures", ErasureViewSet, basename="erasure")
