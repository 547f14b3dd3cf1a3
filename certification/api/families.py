"""Endpoints of families: one change over several connectors, one review, one start, one report."""

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

from certification.models import Decision, SubmissionFamily
from certification.policies import can_schedule_family
from certification.queries import family_report as queries
from certification.queries import plans
from certification.reviewing.family_changes import FamilyChange
from certification.services import families as verdicts
from certification.services import family_making as services
from certification.services.threads import LONGEST_COMMENT
from connectors.models import Connector, Publisher
from portal.accounts.models import ApiToken
from portal.accounts.tokens import within_token
from portal.shared.policy import require
from portal.shared.rest import IdempotentCreation
from portal.shared.web import signed_in_user


class FamilySerializer(serializers.ModelSerializer[SubmissionFamily]):
    """`connectors` are slugs of one team; `total`, `waiting` (for review), `live`, `ended` count members."""

    publisher = serializers.SlugField(source="publisher.slug")
    connectors = serializers.ListField(child=serializers.SlugField(), write_only=True)
    total = serializers.IntegerField(read_only=True, default=None, allow_null=True)
    waiting = serializers.IntegerField(read_only=True, default=None, allow_null=True)
    live = serializers.IntegerField(read_only=True, default=None, allow_null=True)
    ended = serializers.IntegerField(read_only=True, default=None, allow_null=True)

    class Meta:
        model = SubmissionFamily
        fields = [
            "id", "title", "publisher", "change_notes", "connectors", "created_at", "submitted_at", "total",
            "waiting", "live", "ended",
        ]  # fmt: skip
        read_only_fields = ["id", "created_at", "submitted_at"]


class FamilyMemberSerializer(serializers.Serializer[Any]):
    """Where one member stands; dates are the planned starts of its first and last wave."""

    submission = serializers.UUIDField(source="submission.pk")
    reference = serializers.CharField(source="submission.reference")
    connector = serializers.SlugField(source="connector.slug")
    state = serializers.CharField(source="submission.state")
    version = serializers.CharField(source="submission.version.label", default=None, allow_null=True)
    digest = serializers.CharField(source="submission.revision.version.digest", default=None, allow_null=True)
    rollout = serializers.UUIDField(source="rollout.pk", default=None, allow_null=True)
    rollout_state = serializers.CharField(source="rollout.state", default=None, allow_null=True)
    wave = serializers.IntegerField()
    waves = serializers.IntegerField()
    verified = serializers.IntegerField()
    regions = serializers.IntegerField()
    first_at = serializers.DateTimeField(allow_null=True)
    last_at = serializers.DateTimeField(allow_null=True)
    train = serializers.CharField()
    departs_at = serializers.DateTimeField(allow_null=True)


class FamilyChangeSerializer(serializers.Serializer[Any]):
    """What is empty stays as it is. `definition` and `properties` are JSON Patches (RFC 6902)."""

    host = serializers.CharField(max_length=253, default="", allow_blank=True)
    contact_name = serializers.CharField(max_length=200, default="", allow_blank=True)
    contact_url = serializers.URLField(max_length=300, default="", allow_blank=True)
    contact_email = serializers.EmailField(default="", allow_blank=True)
    website = serializers.URLField(max_length=300, default="", allow_blank=True)
    privacy_policy = serializers.URLField(max_length=300, default="", allow_blank=True)
    definition = serializers.ListField(child=serializers.DictField(), default=list, max_length=200)
    properties = serializers.ListField(child=serializers.DictField(), default=list, max_length=200)

    def change(self) -> FamilyChange:
        data = dict(self.validated_data)
        definition, properties = tuple(data.pop("definition")), tuple(data.pop("properties"))
        return FamilyChange(**data, definition=definition, properties=properties)


class FamilyLineSerializer(serializers.Serializer[Any]):
    impact = serializers.CharField()
    where = serializers.CharField()
    sentence = serializers.CharField()


class FamilyPreviewRowSerializer(serializers.Serializer[Any]):
    """`seen` goes with the change: it is refused for a member whose package is another one by then."""

    submission = serializers.UUIDField()
    reference = serializers.CharField()
    seen = serializers.CharField()
    problem = serializers.CharField()
    exceptions = FamilyLineSerializer(many=True)


class FamilyPreviewSerializer(serializers.Serializer[Any]):
    common = FamilyLineSerializer(many=True)
    members = FamilyPreviewRowSerializer(many=True)


class FamilyOutcomeSerializer(serializers.Serializer[Any]):
    """`problem` is empty where it went well."""

    reference = serializers.CharField()
    problem = serializers.CharField()


class FamilySeenSerializer(FamilyChangeSerializer):
    seen = serializers.DictField(child=serializers.CharField(max_length=64))


class FamilyVerdictSerializer(serializers.Serializer[Any]):
    submission = serializers.UUIDField()
    digest = serializers.CharField(max_length=64)
    verdict = serializers.ChoiceField(choices=Decision.Verdict.choices)
    reasons = serializers.CharField(max_length=5_000, default="", allow_blank=True)


class FamilyVerdictsSerializer(serializers.Serializer[Any]):
    verdicts = FamilyVerdictSerializer(many=True)


class FamilyCommentSerializer(serializers.Serializer[Any]):
    """Without `submissions` it goes to every member that is under review."""

    body = serializers.CharField(max_length=LONGEST_COMMENT)
    submissions = serializers.ListField(child=serializers.UUIDField(), required=False, max_length=50)


class FamilyThreadSerializer(serializers.Serializer[Any]):
    submission = serializers.UUIDField()
    thread = serializers.UUIDField()


class FamilyStartSerializer(serializers.Serializer[Any]):
    """Without `starts_on` the first day that is open to all members."""

    plan = serializers.UUIDField()
    starts_on = serializers.DateField(required=False)


class FamilyViewSet(
    IdempotentCreation, mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[SubmissionFamily]
):
    """One change over several connectors of a team."""

    serializer_class = FamilySerializer
    queryset = SubmissionFamily.objects.none()

    @property
    def write_scope(self) -> str:
        """What a token needs: the team's deeds, a review's and an operator's are different ones."""
        scopes = {
            "decide": ApiToken.Scope.REVIEWS,
            "comment": ApiToken.Scope.REVIEWS,
            "schedule": ApiToken.Scope.ROLLOUTS,
        }
        return scopes.get(self.action, ApiToken.Scope.SUBMISSIONS)

    def get_queryset(self) -> QuerySet[SubmissionFamily]:
        return within_token(queries.families(signed_in_user(self.request)), self.request, team="publisher")

    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """A draft for each connector, in one family."""
        asked = FamilySerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        data, user = asked.validated_data, signed_in_user(request)
        teams = within_token(Publisher.objects.visible_to(user), request, team="pk")
        publisher = get_object_or_404(teams, slug=data["publisher"]["slug"])
        found = Connector.objects.visible_to(user).filter(publisher=publisher)
        connectors = [get_object_or_404(found, slug=slug) for slug in data["connectors"][:50]]
        family = services.make_family(
            publisher,
            title=data["title"],
            connectors=connectors,
            change_notes=data.get("change_notes", ""),
            actor=user,
        )
        made = self.get_queryset().get(pk=family.pk)
        return Response(FamilySerializer(made).data, status=status.HTTP_201_CREATED)

    @extend_schema(responses=FamilyMemberSerializer(many=True))
    @action(detail=True, pagination_class=None, filter_backends=[])
    def report(self, request: Request, pk: str) -> Response:
        """Every member with its state, wave and dates."""
        return Response(FamilyMemberSerializer(queries.report(self.get_object()), many=True).data)

    @extend_schema(request=FamilyChangeSerializer, responses=FamilyPreviewSerializer)
    @action(detail=True, methods=["post"], url_path="what-changes", pagination_class=None, filter_backends=[])
    def what_changes(self, request: Request, pk: str) -> Response:
        """What a change would do to each package. Saves nothing."""
        family = self.get_object()
        asked = FamilyChangeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        found = services.preview_change(family, asked.change(), actor=signed_in_user(request))
        rows = [
            {
                "submission": each.submission.pk,
                "reference": each.submission.reference,
                "seen": each.seen,
                "problem": each.problem,
                "exceptions": own.exceptions if own else [],
            }
            for each in found.members
            for own in [found.difference.members.get(each.submission.pk)]
        ]
        body = {"common": found.difference.common, "members": rows}
        return Response(FamilyPreviewSerializer(body).data)

    @extend_schema(request=FamilySeenSerializer, responses=FamilyOutcomeSerializer(many=True))
    @action(detail=True, methods=["post"], pagination_class=None, filter_backends=[])
    def change(self, request: Request, pk: str) -> Response:
        """Carry the change out for the members in `seen` (submission id: digest)."""
        family = self.get_object()
        asked = FamilySeenSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        seen = asked.validated_data.pop("seen")
        known = {each.pk: seen[str(each.pk)] for each in queries.members_of(family) if str(each.pk) in seen}
        done = services.apply_change(family, asked.change(), seen=known, actor=signed_in_user(request))
        return Response(FamilyOutcomeSerializer(done, many=True).data)

    @extend_schema(request=None, responses=FamilyMemberSerializer(many=True))
    @action(detail=True, methods=["post"], pagination_class=None, filter_backends=[])
    def submit(self, request: Request, pk: str) -> Response:
        """Hand in every member that is with its team, all or none."""
        family = self.get_object()
        services.submit_family(family, actor=signed_in_user(request))
        return Response(FamilyMemberSerializer(queries.report(family), many=True).data)

    @extend_schema(request=FamilyVerdictsSerializer, responses=FamilyOutcomeSerializer(many=True))
    @action(detail=True, methods=["post"], pagination_class=None, filter_backends=[])
    def decide(self, request: Request, pk: str) -> Response:
        """A verdict for each member that is named, bound to the digest that was looked at."""
        family = self.get_object()
        asked = FamilyVerdictsSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        choices = {
            each["submission"]: verdicts.Choice(each["verdict"], each["reasons"], each["digest"])
            for each in asked.validated_data["verdicts"]
        }
        done = verdicts.decide_family(family, choices, actor=signed_in_user(request))
        return Response(FamilyOutcomeSerializer(done, many=True).data)

    @extend_schema(request=FamilyCommentSerializer, responses=FamilyThreadSerializer(many=True))
    @action(detail=True, methods=["post"], pagination_class=None, filter_backends=[])
    def comment(self, request: Request, pk: str) -> Response:
        """Say the same to several members under review: a thread in each."""
        family = self.get_object()
        asked = FamilyCommentSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        under_review = {each.pk for each in queries.members_of(family) if each.state == "in_review"}
        chosen = under_review & set(given.get("submissions", under_review))
        opened = verdicts.comment_family(
            family, body=given["body"], members=chosen, actor=signed_in_user(request)
        )
        rows = [{"submission": each.submission_id, "thread": each.pk} for each in opened]
        return Response(FamilyThreadSerializer(rows, many=True).data)

    @extend_schema(request=FamilyStartSerializer, responses=FamilyOutcomeSerializer(many=True))
    @action(detail=True, methods=["post"], pagination_class=None, filter_backends=[])
    def schedule(self, request: Request, pk: str) -> Response:
        """A rollout for every member that is signed off, by one plan from one day."""
        family = self.get_object()
        asked = FamilyStartSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        plan = get_object_or_404(plans.choices(), pk=asked.validated_data["plan"])
        require(can_schedule_family, signed_in_user(request), family)
        day = asked.validated_data.get("starts_on") or verdicts.propose_family_start(family, plan)
        done = verdicts.schedule_family(family, plan, starts_on=day, actor=signed_in_user(request))
        return Response(FamilyOutcomeSerializer(done, many=True).data)


def register(router: BaseRouter) -> None:
    router.register("families", FamilyViewSet, basename="family")
