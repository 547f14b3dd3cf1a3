"""Endpoints of suggestions: made and withdrawn by reviewers at a node, accepted or declined by the team."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter
from rest_framework.viewsets import GenericViewSet

from certification.api.reviews import _OfSubmission, _person
from certification.models import Suggestion, Thread
from certification.policies import can_suggest_change
from certification.reviewing.suggestions import LONGEST_NODE
from certification.services import suggestions as services
from certification.services.threads import LONGEST_COMMENT, Place
from portal.accounts.models import ApiToken
from portal.accounts.tokens import within_token
from portal.shared.policy import require


class SuggestionSerializer(serializers.ModelSerializer[Suggestion]):
    author = serializers.CharField(source="author.name", read_only=True)
    revision = serializers.IntegerField(source="revision.number", read_only=True)
    digest = serializers.CharField(
        source="version.digest", allow_null=True, default=None, help_text="The package that came of it."
    )

    class Meta:
        model = Suggestion
        fields = [
            "id",
            "thread",
            "state",
            "revision",
            "file",
            "pointer",
            "before",
            "after",
            "patch",
            "reason",
            "author",
            "digest",
            "created_at",
        ]
        read_only_fields = fields


class NewSuggestionSerializer(serializers.Serializer[Any]):
    file = serializers.CharField(max_length=260)
    pointer = serializers.CharField(max_length=4_000, help_text="A JSON Pointer.")
    text = serializers.CharField(
        max_length=LONGEST_NODE,
        allow_blank=True,
        trim_whitespace=False,
        help_text="The node as it should be, as JSON text; empty takes it out.",
    )
    body = serializers.CharField(max_length=LONGEST_COMMENT, required=False, default="", help_text="Why.")


class SuggestionDeclineSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=services.LONGEST_REASON)


class ThreadSuggestionSerializer(serializers.Serializer[Any]):
    """The node of the thread as it should be, as JSON text; empty takes it out. `body` says why."""

    text = serializers.CharField(max_length=LONGEST_NODE, allow_blank=True, trim_whitespace=False)
    body = serializers.CharField(max_length=LONGEST_COMMENT, required=False, default="", allow_blank=True)


class ChosenSuggestionsSerializer(serializers.Serializer[Any]):
    suggestions = serializers.ListField(child=serializers.UUIDField(), allow_empty=False, max_length=50)


class SubmissionSuggestionViewSet(mixins.ListModelMixin, _OfSubmission):
    """Suggestions for a submission's package, in the order they were made."""

    serializer_class = SuggestionSerializer
    queryset = Suggestion.objects.none()

    def get_queryset(self) -> QuerySet[Suggestion]:
        found = Suggestion.objects.visible_to(self.request.user).filter(thread__submission=self.submission())
        return found.select_related("author", "revision", "version").order_by("created_at")

    @extend_schema(request=NewSuggestionSerializer, responses={201: SuggestionSerializer})
    def create(self, request: Request, submission_id: UUID) -> Response:
        """Open a thread at a node with the node as it should be."""
        asked = NewSuggestionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        found = services.open_with_suggestion(
            self.submission(),
            place=Place(given["file"], given["pointer"]),
            text=given["text"],
            body=given["body"],
            actor=self.person,
        )
        return Response(SuggestionSerializer(found).data, status=status.HTTP_201_CREATED)


class SuggestionAcceptanceViewSet(SubmissionSuggestionViewSet):
    """Several suggestions in one new package."""

    write_scope = ApiToken.Scope.SUBMISSIONS

    @extend_schema(request=ChosenSuggestionsSerializer, responses=SuggestionSerializer(many=True))
    def accept(self, request: Request, submission_id: UUID) -> Response:
        """Put all of them into the form's package, or none: one new version; their threads are resolved."""
        asked = ChosenSuggestionsSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        wanted = set(asked.validated_data["suggestions"])
        public = self.get_queryset().filter(pk__in=wanted, thread__is_private=False)
        found = list(public.select_related("thread__submission", "revision__version"))
        if len(found) != len(wanted):
            missing = _("Not all of them are suggestions for this submission.")
            raise serializers.ValidationError({"suggestions": [missing]})
        services.accept(self.submission(), found, actor=self.person)
        done = self.get_queryset().filter(pk__in=wanted)
        return Response(SuggestionSerializer(done, many=True).data)


class ThreadSuggestionViewSet(GenericViewSet[Suggestion]):
    """A suggestion in a thread that stands at a node already."""

    serializer_class = SuggestionSerializer
    write_scope = ApiToken.Scope.REVIEWS
    binds_connector = True
    queryset = Suggestion.objects.none()

    @extend_schema(request=ThreadSuggestionSerializer, responses={201: SuggestionSerializer})
    def create(self, request: Request, thread_id: UUID) -> Response:
        """Suggest other words for the thread's node; one that waits there already is withdrawn."""
        threads = Thread.objects.visible_to(request.user).select_related(
            "submission__connector__publisher", "submission__revision__version"
        )
        at = "submission__connector"
        bound = within_token(threads, request, team=f"{at}__publisher_id", connector=f"{at}_id")
        thread = get_object_or_404(bound, pk=thread_id)
        require(can_suggest_change, _person(request), thread.submission)
        asked = ThreadSuggestionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        found = services.suggest(thread, **asked.validated_data, actor=_person(request))
        return Response(SuggestionSerializer(found).data, status=status.HTTP_201_CREATED)


class SuggestionViewSet(mixins.RetrieveModelMixin, GenericViewSet[Suggestion]):
    """One suggestion: read it, take it over into the form's package, decline it, or take it back."""

    serializer_class = SuggestionSerializer
    queryset = Suggestion.objects.none()
    write_scope = ApiToken.Scope.SUBMISSIONS

    def get_queryset(self) -> QuerySet[Suggestion]:
        found = Suggestion.objects.visible_to(self.request.user).select_related(
            "author",
            "revision__version",
            "version",
            "thread__submission__connector__publisher",
            "thread__submission__version",
        )
        return within_token(found, self.request, team="thread__submission__connector__publisher_id")

    @extend_schema(request=None, responses=SuggestionSerializer)
    @action(detail=True, methods=["post"])
    def accept(self, request: Request, pk: str) -> Response:
        """Put it into the form's package: a new version; the thread is resolved."""
        found = self.get_object()
        services.accept(found.thread.submission, [found], actor=_person(request))
        return Response(SuggestionSerializer(self.get_object()).data)

    @extend_schema(request=SuggestionDeclineSerializer, responses=SuggestionSerializer)
    @action(detail=True, methods=["post"])
    def decline(self, request: Request, pk: str) -> Response:
        """Do it another way, or not at all; the reason answers in the thread."""
        asked = SuggestionDeclineSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        services.decline(self.get_object(), reason=asked.validated_data["reason"], actor=_person(request))
        return Response(SuggestionSerializer(self.get_object()).data)

    @extend_schema(request=None, responses=SuggestionSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str) -> Response:
        """Take back one's own suggestion while nobody has answered it."""
        services.withdraw(self.get_object(), actor=_person(request))
        return Response(SuggestionSerializer(self.get_object()).data)


def register(router: BaseRouter) -> None:
    router.register("suggestions", SuggestionViewSet, basename="suggestion")


urlpatterns = [
    path(
        "submissions/<uuid:submission_id>/suggestions/",
        SubmissionSuggestionViewSet.as_view({"get": "list", "post": "create"}),
        name="submission_suggestions",
    ),
    path(
        "submissions/<uuid:submission_id>/suggestions/accept/",
        SuggestionAcceptanceViewSet.as_view({"post": "accept"}),
        name="submission_suggestions_accept",
    ),
    path(
        "threads/<uuid:thread_id>/suggestions/",
        ThreadSuggestionViewSet.as_view({"post": "create"}),
        name="thread_suggestions",
    ),
]
