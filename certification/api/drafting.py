"""Endpoints of what the portal changes in a draft's package: repairs, and operations that are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.urls import path
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response

from certification.api.submissions import OfSubmission
from certification.rules.repair_sandbox import Repaired
from certification.services import repairs, versioned_operations
from connectors.models import Version
from portal.accounts.models import ApiToken
from portal.shared.web import signed_in_user

_NOT_NOW = OpenApiResponse(
    description="Not possible now: the form is closed, or holds no package that was checked."
)
_DIGEST = r"^[0-9a-f]{64}$"


class RepairSerializer(serializers.Serializer[Any]):
    """A finding that a repair settles, and where it stood."""

    rule = serializers.CharField()
    message = serializers.CharField()
    file = serializers.CharField()
    line = serializers.IntegerField()
    pointer = serializers.CharField()


class RepairsSerializer(serializers.Serializer[Any]):
    """What repairs would do to the package `digest`. `refused` counts by rule those that would not help,
    `left` by severity the findings that stay."""

    digest = serializers.CharField()
    changes = RepairSerializer(many=True)
    refused = serializers.DictField(child=serializers.IntegerField())
    left = serializers.DictField(child=serializers.IntegerField())


class RepairRequestSerializer(serializers.Serializer[Any]):
    """Without `rules` all repairs are made. `seen` is the digest of the package that was looked at."""

    rules = serializers.ListField(child=serializers.CharField(max_length=20), required=False, max_length=200)
    seen = serializers.RegexField(_DIGEST, required=False, default="")


class ChangedPackageSerializer(serializers.Serializer[Any]):
    """The version that is in the form now, and is being checked."""

    version = serializers.UUIDField()
    label = serializers.CharField()  # type: ignore[assignment]
    digest = serializers.CharField()


class RepairedSerializer(ChangedPackageSerializer):
    """`counts` are the places that were repaired, by rule."""

    counts = serializers.DictField(child=serializers.IntegerField())


class KeptOperationQuerySerializer(serializers.Serializer[Any]):
    """`operation` is the operationId of the published version; `path` where its successor answers."""

    operation = serializers.CharField(max_length=200)
    path = serializers.CharField(max_length=400, required=False, default="", allow_blank=True)


class KeptOperationRequestSerializer(KeptOperationQuerySerializer):
    """`seen` is the digest of the package that was looked at."""

    seen = serializers.RegexField(_DIGEST, required=False, default="")


class KeptOperationSerializer(serializers.Serializer[Any]):
    """What keeping both operations would do to the package. Without a successor its fields are empty; `patch`
    is a JSON Patch of the definition."""

    operation = serializers.CharField(source="operation_id")
    method = serializers.CharField()
    path = serializers.CharField()
    successor = serializers.CharField(source="successor_id")
    new_path = serializers.CharField()
    moves = serializers.BooleanField(help_text="The backend has to answer the successor at `new_path`.")
    copied = serializers.ListField(child=serializers.CharField(), help_text="Schemas that come along.")
    patch = serializers.ListField(child=serializers.DictField())


def _package(version: Version) -> dict[str, Any]:
    return {"version": version.pk, "label": version.label, "digest": version.digest}


class SubmissionRepairsView(OfSubmission):
    """Mechanical repairs of a draft's package."""

    write_scope = ApiToken.Scope.SUBMISSIONS

    @extend_schema(
        operation_id="submissions_repairs",
        tags=["submissions"],
        parameters=[OpenApiParameter("rule", str, many=True, description="Only the repairs of these rules.")],
        responses={200: RepairsSerializer, 409: _NOT_NOW},
    )
    def get(self, request: Request, submission_id: Any) -> Response:
        """What the repairs would change. Saves nothing."""
        submission = self.submission()
        rules = [rule[:20] for rule in request.query_params.getlist("rule")] or None
        found = repairs.preview(submission, rules=rules, actor=signed_in_user(request))
        digest = submission.version.digest if submission.version else ""
        return Response(RepairsSerializer(_repairs(found, digest)).data)

    @extend_schema(
        operation_id="submissions_repair",
        tags=["submissions"],
        request=RepairRequestSerializer,
        responses={201: RepairedSerializer},
    )
    def post(self, request: Request, submission_id: Any) -> Response:
        """Repair the package and put the result into the form. 409 when another one is there by now."""
        submission = self.submission()
        asked = RepairRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        applied = repairs.apply_repairs(
            submission, rules=given.get("rules"), seen=given["seen"], actor=signed_in_user(request)
        )
        body = RepairedSerializer({**_package(applied.version), "counts": applied.counts}).data
        return Response(body, status=status.HTTP_201_CREATED)


def _repairs(found: Repaired, digest: str) -> Mapping[str, Any]:
    return {"digest": digest, "changes": found.changes, "refused": found.refused, "left": found.left}


class KeepOperationView(OfSubmission):
    """A published operation beside its successor."""

    write_scope = ApiToken.Scope.SUBMISSIONS

    @extend_schema(
        operation_id="submissions_keep_operation_preview",
        tags=["submissions"],
        parameters=[KeptOperationQuerySerializer],
        responses={200: KeptOperationSerializer, 409: _NOT_NOW},
    )
    def get(self, request: Request, submission_id: Any) -> Response:
        """What keeping the operation would change. Saves nothing."""
        submission = self.submission()
        asked = KeptOperationQuerySerializer(data=request.query_params)
        asked.is_valid(raise_exception=True)
        kept = versioned_operations.preview(
            submission,
            operation=asked.validated_data["operation"],
            new_path=asked.validated_data["path"],
            actor=signed_in_user(request),
        )
        return Response(KeptOperationSerializer(kept.both).data)

    @extend_schema(
        operation_id="submissions_keep_operation",
        tags=["submissions"],
        request=KeptOperationRequestSerializer,
        responses={201: ChangedPackageSerializer},
    )
    def post(self, request: Request, submission_id: Any) -> Response:
        """Put a package with both operations into the form. 409 when another one is there by now."""
        submission = self.submission()
        asked = KeptOperationRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        version = versioned_operations.keep_operation(
            submission,
            operation=given["operation"],
            new_path=given["path"],
            seen=given["seen"],
            actor=signed_in_user(request),
        )
        return Response(ChangedPackageSerializer(_package(version)).data, status=status.HTTP_201_CREATED)


urlpatterns = [
    path(
        "submissions/<uuid:submission_id>/repairs/",
        SubmissionRepairsView.as_view(),
        name="submission_repairs",
    ),
    path(
        "submissions/<uuid:submission_id>/keep-operation/",
        KeepOperationView.as_view(),
        name="submission_keep_operation",
    ),
]
