"""Endpoints of the words of mails: what is sent, every wording before, writing one and going back."""

from __future__ import annotations

from typing import Any

from django.http import Http404
from django.shortcuts import get_object_or_404
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter
from rest_framework.viewsets import GenericViewSet

from certification import policies
from certification.models import MailText
from certification.queries import mail_texts as queries
from certification.services import mail_texts as services
from certification.services.specimens import EVENTS, specimen
from certification.wording import variables_for
from portal.accounts.models import ApiToken, User
from portal.shared.policy import require
from portal.shared.web import signed_in_user

_EVENT = OpenApiParameter("event", OpenApiTypes.STR, OpenApiParameter.PATH)


class MailWordsSerializer(serializers.Serializer[Any]):
    """The parts of a mail that have words of their own; an empty one is the default's."""

    subject = serializers.CharField(
        max_length=services.LONGEST_SUBJECT, required=False, default="", allow_blank=True
    )
    opening = serializers.CharField(
        max_length=services.LONGEST_PART, required=False, default="", allow_blank=True
    )
    body = serializers.CharField(
        max_length=services.LONGEST_PART, required=False, default="", allow_blank=True
    )
    closing = serializers.CharField(
        max_length=services.LONGEST_PART, required=False, default="", allow_blank=True
    )

    def draft(self) -> services.TextDraft:
        return services.TextDraft(**{name: self.validated_data[name] for name in services.PARTS})


class MailTextChangeSerializer(MailWordsSerializer):
    """`based_on` is the number of the wording that was read, 0 for the default."""

    reason = serializers.CharField(max_length=500, required=False, default="", allow_blank=True)
    based_on = serializers.IntegerField(min_value=0, max_value=2**31 - 1)


class MailWordingSerializer(serializers.ModelSerializer[MailText]):
    """One wording. One that could not be filled for a mail is not sent: `failure` says why."""

    written_by = serializers.CharField(source="written_by.name", read_only=True)

    class Meta:
        model = MailText
        fields = [
            "number", "subject", "opening", "body", "closing", "reason", "written_by", "created_at",
            "failed_at", "failure",
        ]  # fmt: skip
        read_only_fields = fields


class MailTextRowSerializer(serializers.Serializer[Any]):
    """A kind of mail; `number` is that of the wording that is sent, 0 for the default."""

    event = serializers.CharField()
    group = serializers.CharField()
    number = serializers.IntegerField()
    is_default = serializers.BooleanField()


class MailVariableSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    meaning = serializers.CharField()


class MailTextDetailSerializer(serializers.Serializer[Any]):
    """`wordings` are the last 50, the newest first; it is sent unless all its parts are empty. `variables`
    may stand in the words, in braces."""

    event = serializers.CharField()
    number = serializers.IntegerField()
    variables = MailVariableSerializer(many=True)
    wordings = MailWordingSerializer(many=True)


class MailSpecimenSerializer(serializers.Serializer[Any]):
    """A mail as somebody would read it, about things that do not exist."""

    subject = serializers.CharField()
    text = serializers.CharField()
    html = serializers.CharField()


class MailRestorationSerializer(serializers.Serializer[Any]):
    """Number 0 is the default."""

    number = serializers.IntegerField(min_value=0, max_value=2**31 - 1)


@extend_schema_view(
    retrieve=extend_schema(parameters=[_EVENT]),
    update=extend_schema(parameters=[_EVENT]),
    preview=extend_schema(parameters=[_EVENT]),
    restore=extend_schema(parameters=[_EVENT]),
)
class MailTextViewSet(GenericViewSet[MailText]):
    """The words of mails. Operators read which there are, administrators write them."""

    serializer_class = MailTextDetailSerializer
    write_scope = ApiToken.Scope.ADMIN
    pagination_class = None
    filter_backends = ()
    lookup_field = "event"
    lookup_value_regex = r"[a-z_]+(?:\.[a-z_]+)?"
    queryset = MailText.objects.none()

    @extend_schema(responses=MailTextRowSerializer(many=True))
    def list(self, request: Request) -> Response:
        """Every kind of mail, and whether it has words of its own."""
        require(policies.can_see_administration, signed_in_user(request), None)
        rows = [
            {
                "event": row.event,
                "group": group,
                "number": row.text.number if row.text else 0,
                "is_default": row.text is None or row.text.is_default,
            }
            for group, found in queries.mail_rows()
            for row in found
        ]
        return Response(MailTextRowSerializer(rows, many=True).data)

    def _manager(self, event: str) -> User:
        user = signed_in_user(self.request)
        require(policies.can_manage_mail_texts, user, None)
        if event not in EVENTS:
            raise Http404
        return user

    def _answer(self, event: str) -> Response:
        found = list(queries.wordings(event)[:50])
        told = {
            "event": event,
            "number": found[0].number if found else 0,
            "variables": [
                {"name": name, "meaning": each.about} for name, each in variables_for(event).items()
            ],
            "wordings": found,
        }
        return Response(MailTextDetailSerializer(told).data)

    def retrieve(self, request: Request, event: str) -> Response:
        """What a kind of mail says, what it said before, and what may stand in it."""
        self._manager(event)
        return self._answer(event)

    @extend_schema(request=MailTextChangeSerializer, responses=MailTextDetailSerializer)
    def update(self, request: Request, event: str) -> Response:
        """Other words from the next mail on. 409 when somebody was faster."""
        user = self._manager(event)
        asked = MailTextChangeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        services.write(event, asked.draft(), based_on=given["based_on"], reason=given["reason"], actor=user)
        return self._answer(event)

    @extend_schema(request=MailWordsSerializer, responses=MailSpecimenSerializer)
    @action(detail=True, methods=["post"])
    def preview(self, request: Request, event: str) -> Response:
        """A draft as the mail would read. Saves nothing."""
        user = self._manager(event)
        asked = MailWordsSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        kept = services.check(event, asked.draft())
        words = MailText(event=event, **{name: getattr(kept, name) for name in services.PARTS})
        subject, text, html = specimen(event, reader=user, words=words)
        return Response(MailSpecimenSerializer({"subject": subject, "text": text, "html": html}).data)

    @extend_schema(request=MailRestorationSerializer, responses=MailTextDetailSerializer)
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, event: str) -> Response:
        """An earlier wording again, or the default."""
        user = self._manager(event)
        asked = MailRestorationSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        number = asked.validated_data["number"]
        if number == 0:
            services.reset(event, actor=user)
        else:
            services.restore(get_object_or_404(queries.wordings(event), number=number), actor=user)
        return self._answer(event)


def register(router: BaseRouter) -> None:
    router.register("mail-texts", MailTextViewSet, basename="mail-text")
