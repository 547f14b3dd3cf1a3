"""Endpoints of reviews: the queue, claims, threads with their comments, decisions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django.shortcuts import get_object_or_404
from django.urls import path
from django.utils.translation import gettext as _
from drf_spectacular.helpers import forced_singular_serializer
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter
from rest_framework.viewsets import GenericViewSet

from certification import policies
from certification.api.submissions import SubmissionViewSet
from certification.models import Comment, Decision, DecisionCondition, ReviewClaim, Submission, Thread
from certification.queries import reviews as queries
from certification.services import decisions, reviews, threads, verdicts
from portal.accounts.models import ApiToken, User
from portal.accounts.tokens import within_token
from portal.shared.numbers import small_number
from portal.shared.policy import require
from portal.shared.rest import IdempotentCreation


class ClaimSerializer(serializers.ModelSerializer[ReviewClaim]):
    reviewer = serializers.CharField(source="reviewer.name", read_only=True)

    class Meta:
        model = ReviewClaim
        fields = ["id", "submission", "reviewer", "created_at", "expires_at", "released_at"]
        read_only_fields = fields


class HandOverSerializer(serializers.Serializer[Any]):
    to = serializers.EmailField(help_text="Address of the reviewer who goes on.")
    note = serializers.CharField(max_length=reviews.LONGEST_NOTE)


class QueueRowSerializer(serializers.Serializer[Any]):
    """One submission that waits for a reviewer."""

    submission = serializers.UUIDField(source="submission.pk")
    reference = serializers.CharField(source="submission.reference")
    connector = serializers.CharField(source="submission.connector.name")
    publisher = serializers.CharField(source="submission.connector.publisher.name")
    kind = serializers.CharField(source="submission.kind")
    revision = serializers.IntegerField(source="submission.revision.number")
    digest = serializers.CharField(source="submission.revision.version.digest")
    position = serializers.IntegerField()
    queued_at = serializers.DateTimeField(source="submission.queued_at")
    deadline = serializers.DateTimeField()
    is_overdue = serializers.BooleanField()
    error_count = serializers.IntegerField(source="errors", allow_null=True)
    warning_count = serializers.IntegerField(source="warnings", allow_null=True)
    unresolved_threads = serializers.IntegerField(source="unresolved")
    claimed_by = serializers.CharField(source="claim.reviewer.name", allow_null=True, default=None)
    claimed_until = serializers.DateTimeField(source="claim.expires_at", allow_null=True, default=None)
    last_activity = serializers.DateTimeField()


class QueuePageSerializer(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    counts = serializers.DictField(child=serializers.IntegerField())
    results = QueueRowSerializer(many=True)


class CommentSerializer(serializers.ModelSerializer[Comment]):
    """`outsider` is the login of somebody without an account, who wrote it at the pull request."""

    author = serializers.CharField(source="author_name", read_only=True)
    secrets_removed = serializers.IntegerField(source="masked", read_only=True)

    class Meta:
        model = Comment
        fields = ["id", "author", "outsider", "body", "secrets_removed", "created_at"]
        read_only_fields = ["id", "outsider", "created_at"]
        extra_kwargs = {"body": {"max_length": threads.LONGEST_COMMENT}}


class ThreadSerializer(serializers.ModelSerializer[Thread]):
    """One with an `outsider` began at the pull request and holds no approval up."""

    comments = CommentSerializer(many=True, read_only=True)
    author = serializers.CharField(source="author_name", read_only=True)
    opened_in = serializers.IntegerField(source="revision.number", read_only=True)
    anchored_in = serializers.IntegerField(source="anchored_in.number", read_only=True)

    class Meta:
        model = Thread
        fields = [
            "id",
            "submission",
            "state",
            "file",
            "pointer",
            "line",
            "excerpt",
            "is_private",
            "is_outdated",
            "opened_in",
            "anchored_in",
            "author",
            "outsider",
            "created_at",
            "comments",
        ]
        read_only_fields = fields


class NewThreadSerializer(serializers.Serializer[Any]):
    body = serializers.CharField(max_length=threads.LONGEST_COMMENT)
    file = serializers.CharField(max_length=260, required=False, default="")
    pointer = serializers.CharField(max_length=4_000, required=False, default="", help_text="A JSON Pointer.")
    line = serializers.IntegerField(required=False, default=None, min_value=1, allow_null=True)
    is_private = serializers.BooleanField(required=False, default=False, help_text="A note for staff only.")


class DecisionConditionSerializer(serializers.Serializer[Any]):
    """Something that an approval asks for."""

    text = serializers.CharField(max_length=2_000)
    due = serializers.ChoiceField(
        choices=DecisionCondition.Due.choices, default=DecisionCondition.Due.ROLLOUT
    )


class DecisionSerializer(serializers.ModelSerializer[Decision]):
    reviewer = serializers.CharField(source="reviewer.name", read_only=True)
    revision = serializers.IntegerField(source="revision.number", read_only=True)
    reasons = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=decisions.LONGEST_REASONS
    )

    conditions = DecisionConditionSerializer(
        many=True, required=False, write_only=True,
        help_text="Of an approval; read them under /conditions/.",
    )  # fmt: skip

    class Meta:
        model = Decision
        fields = [
            "id", "submission", "revision", "digest", "verdict", "reasons", "conditions", "reviewer",
            "created_at",
        ]  # fmt: skip
        read_only_fields = ["id", "submission", "created_at"]


def _person(request: Request) -> User:
    assert isinstance(request.user, User)
    return request.user


class _OfSubmission(GenericViewSet):
    """What addresses below a submission share: finding it as the caller may see it."""

    write_scope = ApiToken.Scope.REVIEWS
    binds_connector = True

    @property
    def person(self) -> User:
        return _person(self.request)

    def submission(self) -> Submission:
        visible = Submission.objects.visible_to(self.request.user).select_related(
            "connector__publisher", "revision__version"
        )
        found = within_token(visible, self.request, team="connector__publisher_id", connector="connector_id")
        return get_object_or_404(found, pk=self.kwargs["submission_id"])


class ReviewQueueViewSet(GenericViewSet[Submission]):
    """Everything that waits for a reviewer, longest wait first. For staff."""

    serializer_class = QueueRowSerializer
    pagination_class = None
    filter_backends = ()
    queryset = Submission.objects.none()

    @extend_schema(
        parameters=[
            OpenApiParameter("view", str, enum=["mine", "unclaimed", "overdue"]),
            OpenApiParameter("kind", str, enum=list(Submission.Kind.values)),
            OpenApiParameter("sort", str, enum=["deadline"]),
            OpenApiParameter("page", int),
        ],
        responses=forced_singular_serializer(QueuePageSerializer),
    )
    def list(self, request: Request) -> Response:
        """A page of the queue with the counts of its parts."""
        assert isinstance(request.user, User)
        require(policies.can_see_queue, request.user, None)
        asked = queries.QueueFilter(
            *(request.query_params.get(name, "") for name in ("view", "kind", "sort"))
        )
        wanted = small_number(request.query_params.get("page"))
        queue = queries.review_queue(request.user, asked, page=1 if wanted is None else wanted)
        page = queue.page
        body = {
            "next": self._page(page.next_page_number()) if page.has_next() else None,
            "previous": self._page(page.previous_page_number()) if page.has_previous() else None,
            "counts": queue.counts,
            "results": queue.rows,
        }
        return Response(QueuePageSerializer(body).data)

    def _page(self, number: int) -> str:
        query = self.request.query_params.copy()
        query["page"] = str(number)
        return self.request.build_absolute_uri(f"{self.request.path}?{query.urlencode()}")


class ClaimViewSet(_OfSubmission):
    """Who reviews a submission."""

    serializer_class = ClaimSerializer
    queryset = ReviewClaim.objects.none()

    @extend_schema(request=None, responses=ClaimSerializer)
    def claim(self, request: Request, submission_id: UUID) -> Response:
        """Take the review for four hours, or hold one's own for four hours from now."""
        submission = self.submission()
        current = queries.current_claim(submission)
        is_mine = current is not None and current.reviewer_id == self.person.pk
        act = reviews.extend if is_mine else reviews.claim
        return Response(ClaimSerializer(act(submission, actor=self.person)).data)

    @extend_schema(request=None, responses={204: None})
    def release(self, request: Request, submission_id: UUID) -> Response:
        """Give one's claim back to the queue."""
        reviews.release(self.submission(), actor=self.person)
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=HandOverSerializer, responses=ClaimSerializer)
    def hand_over(self, request: Request, submission_id: UUID) -> Response:
        """Pass one's claim to another reviewer, with a note."""
        submission = self.submission()
        require(policies.can_claim_review, self.person, submission)
        asked = HandOverSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        others = queries.reviewers_for(submission, self.person)
        to = others.filter(email__iexact=asked.validated_data["to"]).first()
        if to is None:
            raise serializers.ValidationError(
                {"to": [_("No reviewer outside of the publisher's team has it.")]}
            )
        note = asked.validated_data["note"]
        return Response(
            ClaimSerializer(reviews.hand_over(submission, to=to, note=note, actor=self.person)).data
        )


def _with_comments(found: QuerySet[Thread]) -> QuerySet[Thread]:
    comments = Comment.objects.select_related("author").order_by("created_at", "pk")
    return found.select_related("author", "revision", "anchored_in").prefetch_related(
        Prefetch("comments", comments)
    )


class SubmissionThreadViewSet(
    IdempotentCreation, mixins.ListModelMixin, mixins.CreateModelMixin, _OfSubmission
):
    """The conversation about a submission. Notes of reviewers are listed for staff only."""

    serializer_class = ThreadSerializer
    queryset = Thread.objects.none()

    def get_queryset(self) -> QuerySet[Thread]:
        return _with_comments(
            Thread.objects.visible_to(self.request.user).filter(submission=self.submission())
        )

    @extend_schema(request=NewThreadSerializer, responses={201: ThreadSerializer})
    def create(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Open a thread on the submission, a file, a JSON Pointer or a line."""
        return super().create(request, *args, **kwargs)

    def get_serializer_class(self) -> type[serializers.BaseSerializer[Any]]:
        return NewThreadSerializer if self.request.method == "POST" else ThreadSerializer

    def perform_create(self, serializer: serializers.BaseSerializer[Any]) -> None:
        given = serializer.validated_data
        thread = threads.open_thread(
            self.submission(),
            body=given["body"],
            place=threads.Place(given["file"], given["pointer"], given["line"]),
            is_private=given["is_private"],
            actor=self.person,
        )
        stored = _with_comments(Thread.objects.filter(pk=thread.pk)).get()
        serializer._data = ThreadSerializer(stored).data  # type: ignore[attr-defined]


class ThreadViewSet(mixins.RetrieveModelMixin, GenericViewSet[Thread]):
    """One thread: read it, answer, resolve, reopen."""

    serializer_class = ThreadSerializer
    binds_connector = True
    queryset = Thread.objects.none()

    @property
    def write_scope(self) -> ApiToken.Scope:
        # A build answers by the right it hands packages in with: it is given none over reviews.
        token: Any = self.request.auth
        is_build = isinstance(token, ApiToken) and token.trusted_publisher_id is not None
        answers = is_build and self.action in {"reply", "resolve"}
        return ApiToken.Scope.SUBMISSIONS if answers else ApiToken.Scope.REVIEWS

    def get_queryset(self) -> QuerySet[Thread]:
        found = _with_comments(Thread.objects.visible_to(self.request.user)).select_related(
            "submission__connector__publisher"
        )
        at = "submission__connector"
        return within_token(found, self.request, team=f"{at}__publisher_id", connector=f"{at}_id")

    @extend_schema(request=CommentSerializer, responses={201: CommentSerializer})
    @action(detail=True, methods=["post"], url_path="comments")
    def reply(self, request: Request, pk: str) -> Response:
        """Answer in the thread."""
        asked = CommentSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        comment = threads.reply(self.get_object(), body=asked.validated_data["body"], actor=_person(request))
        return Response(CommentSerializer(comment).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None, responses=ThreadSerializer)
    @action(detail=True, methods=["post"])
    def resolve(self, request: Request, pk: str) -> Response:
        """Settle it."""
        threads.resolve(self.get_object(), actor=_person(request))
        return Response(ThreadSerializer(self.get_object()).data)

    @extend_schema(request=None, responses=ThreadSerializer)
    @action(detail=True, methods=["post"])
    def reopen(self, request: Request, pk: str) -> Response:
        """It was not settled after all."""
        threads.reopen(self.get_object(), actor=_person(request))
        return Response(ThreadSerializer(self.get_object()).data)


class DecisionViewSet(IdempotentCreation, mixins.ListModelMixin, mixins.CreateModelMixin, _OfSubmission):
    """Decisions on a submission's revisions. `digest` names the package that was read."""

    serializer_class = DecisionSerializer
    queryset = Decision.objects.none()

    def get_queryset(self) -> QuerySet[Decision]:
        return Decision.objects.filter(submission=self.submission()).select_related("reviewer", "revision")

    def perform_create(self, serializer: serializers.BaseSerializer[Decision]) -> None:
        given = dict(serializer.validated_data)
        wanted = [verdicts.Wanted(**each) for each in given.pop("conditions", ())]
        serializer.instance = decisions.decide(
            self.submission(), **given, conditions=wanted, actor=self.person
        )


def _threads_of(request: Request, ids: Sequence[Any]) -> dict[str, list[Any]]:
    found = Thread.objects.visible_to(request.user).filter(submission__in=ids).order_by("created_at", "pk")
    return _by_submission(_with_comments(found), ThreadSerializer)


def _decisions_of(request: Request, ids: Sequence[Any]) -> dict[str, list[Any]]:
    return _by_submission(queries.decisions_of(ids), DecisionSerializer)


def _by_submission(
    rows: QuerySet[Any], serializer: type[serializers.Serializer[Any]]
) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for each in rows:
        found.setdefault(str(each.submission_id), []).append(serializer(each).data)
    return found


SubmissionViewSet.includes |= {"threads": _threads_of, "decisions": _decisions_of}


def register(router: BaseRouter) -> None:
    router.register("threads", ThreadViewSet, basename="thread")


_AT = "submissions/<uuid:submission_id>"
_LIST: dict[str, Any] = {"get": "list", "post": "create"}
urlpatterns = [
    path("reviews/queue/", ReviewQueueViewSet.as_view({"get": "list"}), name="review_queue"),
    path(f"{_AT}/claim/", ClaimViewSet.as_view({"post": "claim"}), name="claim"),
    path(f"{_AT}/release/", ClaimViewSet.as_view({"post": "release"}), name="claim_release"),
    path(f"{_AT}/hand-over/", ClaimViewSet.as_view({"post": "hand_over"}), name="claim_hand_over"),
    path(f"{_AT}/threads/", SubmissionThreadViewSet.as_view(_LIST), name="submission_threads"),
    path(f"{_AT}/decisions/", DecisionViewSet.as_view(_LIST), name="submission_decisions"),
]
