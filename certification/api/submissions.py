"""Endpoints of submissions and of their test credentials."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter
from rest_framework.views import APIView
from rest_framework.viewsets import GenericViewSet

from certification.api.ledger import TimeLedgerAction
from certification.lifecycle import NEXT_STEPS
from certification.models import Certificate, CredentialTest, PresentedReceipt, Submission, TestCredential
from certification.queries import certificates as certificate_queries
from certification.queries import submissions as queries
from certification.queries.readiness import readiness
from certification.services import credential_tests, credentials, drafts, presented_receipts
from certification.services import submissions as services
from connectors.models import Connector
from connectors.services.versions import receive_upload
from portal.accounts.models import ApiToken
from portal.accounts.tokens import within_token
from portal.shared import history
from portal.shared.rest import UUID_PATTERN, IdempotentCreation
from portal.shared.secrets import Secret
from portal.shared.sparse import Include
from portal.shared.web import signed_in_user


class ContactSerializer(serializers.Serializer[Any]):
    role = serializers.ChoiceField(choices=list(drafts.CONTACT_ROLES.items()))
    name = serializers.CharField(max_length=120, allow_blank=True)
    email = serializers.CharField(max_length=254, allow_blank=True)


class SubmissionSerializer(serializers.ModelSerializer[Submission]):
    """`turn` says who has to act; `next_step` what comes next, in words. A change needs the `edit_count` it
    is based on: 409 means that somebody saved meanwhile."""

    connector = serializers.SlugRelatedField(slug_field="slug", queryset=Connector.objects.none())
    publisher = serializers.SlugField(source="connector.publisher.slug", read_only=True)
    contacts = ContactSerializer(many=True, required=False)
    categories = serializers.ListField(child=serializers.CharField(max_length=60), required=False)
    edit_count = serializers.IntegerField(required=False)
    version_label = serializers.CharField(
        source="version.label", read_only=True, default=None, allow_null=True
    )
    revision = serializers.IntegerField(
        source="revision.number", read_only=True, default=None, allow_null=True
    )
    turn = serializers.CharField(read_only=True)
    next_step = serializers.SerializerMethodField()

    class Meta:
        model = Submission
        fields = [
            "id",
            "reference",
            "connector",
            "publisher",
            "kind",
            "state",
            "state_changed_at",
            "turn",
            "next_step",
            "version",
            "version_label",
            "revision",
            "contacts",
            "categories",
            "tester_notes",
            "change_notes",
            "intro",
            "edit_count",
            "created_at",
            "submitted_at",
            "queued_at",
        ]
        # One open submission a connector: worded by the service.
        validators: list[Any] = []
        read_only_fields = [
            "id",
            "reference",
            "state",
            "state_changed_at",
            "version",
            "created_at",
            "submitted_at",
            "queued_at",
        ]

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        fields = super().get_fields()
        request = self.context.get("request")
        if request is not None and self.instance is None:
            found = within_token(
                Connector.objects.visible_to(request.user), request, team="publisher_id", connector="pk"
            )
            fields["connector"].queryset = found  # type: ignore[attr-defined]
        return fields

    def get_next_step(self, submission: Submission) -> str:
        return NEXT_STEPS[submission.state]


class WithdrawalSerializer(serializers.Serializer[Any]):
    reason = serializers.CharField(max_length=services.LONGEST_REASON)


class PackageSerializer(serializers.Serializer[Any]):
    """Either a version of the connector, or files."""

    version = serializers.UUIDField(required=False)
    files = serializers.ListField(child=serializers.FileField(), required=False)


class UploadAnswerSerializer(serializers.Serializer[Any]):
    state = serializers.CharField()
    version = serializers.UUIDField(allow_null=True)
    tree = serializers.ListField(child=serializers.DictField())
    problems = serializers.ListField(child=serializers.DictField())


class BlockerSerializer(serializers.Serializer[Any]):
    code = serializers.CharField()
    text = serializers.CharField()
    place = serializers.CharField()


class PresentedReceiptSerializer(serializers.ModelSerializer[PresentedReceipt]):
    is_taken = serializers.BooleanField(read_only=True)

    class Meta:
        model = PresentedReceipt
        fields = ["is_taken", "reason", "validation", "issued_at", "rules_version"]
        read_only_fields = fields


class CertificateSerializer(serializers.ModelSerializer[Certificate]):
    """`envelope` is DSSE: verify it with the key at /rules/receipt-key.pem before you believe it."""

    version = serializers.CharField(source="version.label", read_only=True)
    kind = serializers.CharField(read_only=True)

    class Meta:
        model = Certificate
        fields = ["id", "kind", "version", "key_id", "issued_at", "envelope"]
        read_only_fields = fields


class HistorySerializer(serializers.Serializer[Any]):
    at = serializers.DateTimeField()
    actor = serializers.CharField()
    text = serializers.CharField()
    detail = serializers.CharField()


class CredentialSerializer(serializers.ModelSerializer[TestCredential]):
    """`values` goes in and never comes out; `field_names` says what is stored. The kinds' fields:
    api_key (key, header), basic (username, password), oauth2 (client_id, client_secret, scopes),
    account (username, password, sign_in_url, second_factor)."""

    is_expired = serializers.BooleanField(read_only=True)
    values = serializers.DictField(child=serializers.CharField(trim_whitespace=False), write_only=True)
    updated_by = serializers.CharField(source="updated_by.name", read_only=True)

    class Meta:
        model = TestCredential
        fields = [
            "id",
            "kind",
            "purpose",
            "values",
            "field_names",
            "expires_on",
            "is_expired",
            "updated_by",
            "updated_at",
        ]
        read_only_fields = ["id", "field_names", "is_expired", "updated_at"]


class CredentialTestSerializer(serializers.ModelSerializer[CredentialTest]):
    """`message` says in words what came out of the call; nothing of the credential is in it."""

    class Meta:
        model = CredentialTest
        fields = ["id", "occasion", "outcome", "operation_id", "status", "duration_ms", "message", "at"]
        read_only_fields = fields


def visible_submissions(request: Request) -> QuerySet[Submission]:
    """What the caller may see, within the team or connector of a bound token."""
    found = Submission.objects.visible_to(request.user).with_page_data()
    return within_token(found, request, team="connector__publisher_id", connector="connector_id")


class OfSubmission(APIView):
    """What addresses below a submission share: finding it as the caller may see it."""

    binds_connector = True

    def submission(self) -> Submission:
        return get_object_or_404(visible_submissions(self.request), pk=self.kwargs["submission_id"])


class SubmissionViewSet(
    IdempotentCreation,
    TimeLedgerAction,
    mixins.ListModelMixin,
    mixins.CreateModelMixin,
    mixins.RetrieveModelMixin,
    GenericViewSet[Submission],
):
    """Submissions of your teams; staff see those of all teams once they were handed in."""

    binds_connector = True
    serializer_class = SubmissionSerializer
    write_scope = ApiToken.Scope.SUBMISSIONS
    filterset_fields = ["state", "kind", "reference"]
    outside_actions = frozenset({"test_credential"})
    # Nouns that belong to a submission put themselves in here.
    includes: ClassVar[dict[str, Include]] = {}
    queryset = Submission.objects.none()

    def get_queryset(self) -> QuerySet[Submission]:
        return visible_submissions(self.request)

    def perform_create(self, serializer: serializers.BaseSerializer[Submission]) -> None:
        given = dict(serializer.validated_data)
        given.pop("edit_count", None)
        connector, kind = given.pop("connector"), given.pop("kind", "")
        submission = services.create_submission(connector, kind=kind, actor=signed_in_user(self.request))
        if given:
            drafts.save_draft(submission, fields=given, edit_count=0, actor=signed_in_user(self.request))
        serializer.instance = self.get_queryset().get(pk=submission.pk)

    @extend_schema(request=SubmissionSerializer, responses=SubmissionSerializer)
    def partial_update(self, request: Request, pk: str | None = None) -> Response:
        """Change the form. `edit_count` is required."""
        submission = self.get_object()
        asked = SubmissionSerializer(
            submission, data=request.data, partial=True, context={"request": request}
        )
        asked.is_valid(raise_exception=True)
        given = dict(asked.validated_data)
        given.pop("connector", None)
        if "edit_count" not in given:
            raise serializers.ValidationError({"edit_count": [_("Send the edit_count you started from.")]})
        drafts.save_draft(
            submission, edit_count=given.pop("edit_count"), fields=given, actor=signed_in_user(request)
        )
        return self._answer(submission)

    @extend_schema(request=None, responses=SubmissionSerializer)
    @action(detail=True, methods=["post"])
    def submit(self, request: Request, pk: str | None = None) -> Response:
        """Hand it in, for the first time or again. 409 with `blockers` when it is not ready."""
        submission = self.get_object()
        services.submit(submission, actor=signed_in_user(request))
        return self._answer(submission)

    @extend_schema(request=WithdrawalSerializer, responses=SubmissionSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request: Request, pk: str | None = None) -> Response:
        """Take it back, with a reason."""
        submission = self.get_object()
        asked = WithdrawalSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        services.withdraw(submission, reason=asked.validated_data["reason"], actor=signed_in_user(request))
        return self._answer(submission)

    @extend_schema(request=None, responses={201: SubmissionSerializer})
    @action(detail=True, methods=["post"], url_path="start-again")
    def start_again(self, request: Request, pk: str | None = None) -> Response:
        """A new draft with everything of one that has ended."""
        again = services.start_again(self.get_object(), actor=signed_in_user(request))
        return self._answer(again, status.HTTP_201_CREATED)

    @extend_schema(request=None, responses={202: None})
    @action(detail=True, methods=["post"])
    def check(self, request: Request, pk: str | None = None) -> Response:
        """Have the draft's package checked now; see /validations/ for the verdict."""
        drafts.check_package(self.get_object(), actor=signed_in_user(request))
        return Response(status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=PackageSerializer, responses=UploadAnswerSerializer)
    @action(detail=True, methods=["post"], parser_classes=[*GenericViewSet.parser_classes, MultiPartParser])
    def package(self, request: Request, pk: str | None = None) -> Response:
        """Put a package into the form: `version` of the connector, or `files` as multipart/form-data."""
        submission = self.get_object()
        if "version" in request.data:
            asked = PackageSerializer(data=request.data)
            asked.is_valid(raise_exception=True)
            wanted = asked.validated_data["version"]
            version = get_object_or_404(queries.choosable_versions(submission), pk=wanted)
            drafts.choose_package(submission, version=version, actor=signed_in_user(request))
            return Response(
                {"state": "accepted", "version": version.pk, "tree": version.tree, "problems": []}
            )
        sent = [(file.name or "file", file.read()) for file in request.FILES.getlist("files")]
        files = presented_receipts.package_files(sent)
        upload = receive_upload(submission.connector, files=files, actor=signed_in_user(request))
        if upload.version is not None:
            drafts.choose_package(submission, version=upload.version, actor=signed_in_user(request))
        receipt = presented_receipts.receipt_among(sent)
        if receipt is not None and upload.version is not None:
            presented_receipts.present_receipt(submission, data=receipt, actor=signed_in_user(request))
        body = {
            "state": upload.state,
            "version": upload.version_id,
            "tree": upload.tree,
            "problems": upload.problems,
        }
        return Response(
            body, status=status.HTTP_200_OK if upload.version else status.HTTP_422_UNPROCESSABLE_ENTITY
        )

    @extend_schema(request=dict[str, Any], responses=PresentedReceiptSerializer)
    @action(detail=True, methods=["post"])
    def receipt(self, request: Request, pk: str | None = None) -> Response:
        """Bring a receipt that this portal signed for the package in the form: the verdict is taken over, or
        `reason` says why the package is checked anew. 400 for a receipt that is forged, foreign or edited."""
        data = json.dumps(request.data).encode()
        found = presented_receipts.present_receipt(
            self.get_object(), data=data, actor=signed_in_user(request)
        )
        return Response(PresentedReceiptSerializer(found).data)

    @extend_schema(responses=BlockerSerializer(many=True))
    @action(detail=True, pagination_class=None, filter_backends=[])
    def readiness(self, request: Request, pk: str | None = None) -> Response:
        """Everything that has to be done before it can be handed in."""
        blockers = readiness(self.get_object(), by=signed_in_user(request))
        return Response(BlockerSerializer(blockers, many=True).data)

    @extend_schema(responses=CertificateSerializer(many=True))
    @action(detail=True, pagination_class=None, filter_backends=[])
    def certificates(self, request: Request, pk: str | None = None) -> Response:
        """What the portal signed about it, the newest first."""
        found = certificate_queries.certificates_of(self.get_object())
        return Response(CertificateSerializer(found, many=True).data)

    @extend_schema(responses=HistorySerializer(many=True))
    @action(detail=True, pagination_class=None, filter_backends=[])
    def history(self, request: Request, pk: str | None = None) -> Response:
        """What happened, newest first; the last 200 events."""
        records = queries.history_for(request.user, self.get_object())[:200]
        return Response(HistorySerializer(history.entries(records), many=True).data)

    @extend_schema(responses=CredentialSerializer(many=True))
    @action(detail=True, pagination_class=None, filter_backends=[])
    def credentials(self, request: Request, pk: str | None = None) -> Response:
        """The test credentials, without their values."""
        found = queries.credentials_of(self.get_object())
        return Response(CredentialSerializer(found, many=True).data)

    @extend_schema(request=CredentialSerializer, responses={201: CredentialSerializer})
    @credentials.mapping.post
    def add_credential(self, request: Request, pk: str | None = None) -> Response:
        """Store a test credential."""
        submission = self.get_object()
        credential = credentials.add_credential(
            submission, given=_given(request), actor=signed_in_user(request)
        )
        return Response(CredentialSerializer(credential).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=CredentialSerializer, responses=CredentialSerializer)
    @action(detail=True, methods=["put"], url_path=rf"credentials/(?P<credential_id>{UUID_PATTERN})")
    def credential(self, request: Request, credential_id: str, pk: str | None = None) -> Response:
        """Replace a test credential whole."""
        credential = self._credential(credential_id)
        credentials.replace_credential(credential, given=_given(request), actor=signed_in_user(request))
        return Response(CredentialSerializer(credential).data)

    @extend_schema(request=None, responses={204: None})
    @credential.mapping.delete
    def delete_credential(self, request: Request, credential_id: str, pk: str | None = None) -> Response:
        """Delete a test credential."""
        credentials.delete_credential(self._credential(credential_id), actor=signed_in_user(request))
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None, responses=CredentialTestSerializer)
    @action(
        detail=True, methods=["post"], url_path=rf"credentials/(?P<credential_id>{UUID_PATTERN})/test",
        url_name="credential-test",
    )  # fmt: skip
    def test_credential(self, request: Request, credential_id: str, pk: str | None = None) -> Response:
        """Try now whether it still opens the service, with a call of one safe operation."""
        found = credential_tests.ask_for_test(self._credential(credential_id), actor=signed_in_user(request))
        return Response(CredentialTestSerializer(found).data)

    def _credential(self, credential_id: str) -> TestCredential:
        submission = self.get_object()
        found = get_object_or_404(queries.credentials_of(submission), pk=credential_id)
        found.submission = submission
        return found

    def _answer(self, submission: Submission, code: int = status.HTTP_200_OK) -> Response:
        fresh = self.get_queryset().get(pk=submission.pk)
        return Response(SubmissionSerializer(fresh, context=self.get_serializer_context()).data, status=code)


def _given(request: Request) -> credentials.CredentialInput:
    asked = CredentialSerializer(data=request.data)
    asked.is_valid(raise_exception=True)
    given = asked.validated_data
    return credentials.CredentialInput(
        kind=given["kind"],
        purpose=given["purpose"],
        values={name: Secret(value) for name, value in given["values"].items()},
        expires_on=given.get("expires_on"),
    )


def register(router: BaseRouter) -> None:
    router.register("submissions", SubmissionViewSet, basename="submission")
