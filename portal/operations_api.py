"""Endpoints of jobs: what waits, runs or is parked, and running a parked one again. For operators."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.routers import BaseRouter
from rest_framework.viewsets import GenericViewSet

from certification.policies import can_run_jobs
from portal.accounts.models import ApiToken
from portal.operations import run_again
from portal.shared.models import OutboxJob
from portal.shared.web import signed_in_user


class JobSerializer(serializers.ModelSerializer[OutboxJob]):
    """One piece of work that follows an event. A parked one has used up its attempts."""

    class Meta:
        model = OutboxJob
        fields = [
            "id", "topic", "handler", "queue", "state", "due_at", "attempts", "max_attempts", "last_error",
            "request_id", "created_at", "finished_at",
        ]  # fmt: skip
        read_only_fields = fields


class JobViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, GenericViewSet[OutboxJob]):
    """The portal's jobs, newest first."""

    serializer_class = JobSerializer
    write_scope = ApiToken.Scope.ADMIN
    filterset_fields = ["state", "queue", "topic"]
    lookup_value_regex = r"[0-9]{1,18}"
    queryset = OutboxJob.objects.none()

    def get_queryset(self) -> QuerySet[OutboxJob]:
        # Jobs are nobody's: a token of one team has no business with them.
        is_of_a_team = getattr(self.request.auth, "publisher_id", None) is not None
        if is_of_a_team or not can_run_jobs(signed_in_user(self.request)):
            raise Http404
        return OutboxJob.objects.all()

    @extend_schema(request=None, responses=JobSerializer)
    @action(detail=True, methods=["post"], url_path="run-again")
    def run_again(self, request: Request, pk: str) -> Response:
        """Give a parked job a fresh set of attempts. 409 when it is not parked any more."""
        run_again(self.get_object(), actor=signed_in_user(request))
        return Response(JobSerializer(self.get_object()).data)


def register(router: BaseRouter) -> None:
    router.register("jobs", JobViewSet, basename="job")
