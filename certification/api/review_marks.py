"""Endpoints of a reader's own ticks at the workbench: what they have seen of a package under review."""

from __future__ import annotations

from typing import Any

from django.urls import path
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from certification.api.submissions import OfSubmission
from certification.models import ReviewMark, Submission
from certification.queries.review_changes import marks_of
from certification.services import review_marks as services
from portal.accounts.models import ApiToken
from portal.shared.web import signed_in_user


class ReviewMarkSerializer(serializers.ModelSerializer[ReviewMark]):
    """`key` is "op:" and an operationId, "file:" and a name, or "check:" and a line of the checklist.

    `digest` is the SHA-256 of what was seen, or "removed": the tick counts while the same content stands
    there.
    """

    revision = serializers.IntegerField(source="revision_number", read_only=True)

    class Meta:
        model = ReviewMark
        fields = ["key", "digest", "revision", "marked_at"]
        read_only_fields = ["marked_at"]


class ReviewMarksView(OfSubmission):
    """The caller's own ticks. They hold nobody up, and nobody else reads them."""

    write_scope = ApiToken.Scope.REVIEWS

    def _handed_in(self) -> Submission:
        """Pages of a review are there once something was handed in."""
        submission = self.submission()
        if submission.revision is None:
            raise NotFound
        return submission

    @extend_schema(
        operation_id="submissions_marks", tags=["submissions"], responses=ReviewMarkSerializer(many=True)
    )
    def get(self, request: Request, submission_id: Any) -> Response:
        """What the caller has ticked."""
        found = marks_of(self._handed_in(), signed_in_user(request))
        return Response(ReviewMarkSerializer(found, many=True).data)

    @extend_schema(
        operation_id="submissions_mark",
        tags=["submissions"],
        request=ReviewMarkSerializer,
        responses=ReviewMarkSerializer(many=True),
    )
    def put(self, request: Request, submission_id: Any) -> Response:
        """Tick one as seen; ticking again moves the tick to other content. Answers all ticks."""
        submission, user = self._handed_in(), signed_in_user(request)
        asked = ReviewMarkSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        services.mark_viewed(submission, **asked.validated_data, actor=user)
        return Response(ReviewMarkSerializer(marks_of(submission, user), many=True).data)

    @extend_schema(
        operation_id="submissions_unmark",
        tags=["submissions"],
        parameters=[OpenApiParameter("key", OpenApiTypes.STR, required=True)],
        responses={204: None},
    )
    def delete(self, request: Request, submission_id: Any) -> Response:
        """Take a tick back."""
        key = request.query_params.get("key", "")
        services.unmark_viewed(self._handed_in(), key=key, actor=signed_in_user(request))
        return Response(status=status.HTTP_204_NO_CONTENT)


urlpatterns = [
    path("submissions/<uuid:submission_id>/marks/", ReviewMarksView.as_view(), name="review_marks"),
]
