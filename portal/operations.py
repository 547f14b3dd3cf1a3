"""Operators' view of the machinery: jobs that wait, run, or are parked with a button to run them again."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count, Min
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from certification.policies import can_run_jobs
from portal.accounts.models import User
from portal.shared import audit, outbox
from portal.shared.errors import Conflict
from portal.shared.models import OutboxJob
from portal.shared.policy import require
from portal.shared.web import done, signed_in_user

PAGE_SIZE = 50


@require_safe
@login_required
def job_list(request: HttpRequest) -> HttpResponse:
    if not can_run_jobs(request.user):
        raise Http404
    state = request.GET.get("state", OutboxJob.State.PARKED)
    found = OutboxJob.objects.filter(state=state).order_by("-id")
    queues = (
        OutboxJob.objects.exclude(state=OutboxJob.State.DONE)
        .values("queue", "state")
        .annotate(count=Count("id"), oldest=Min("due_at"))
        .order_by("queue", "state")
    )
    context = {
        "page": Paginator(found, PAGE_SIZE).get_page(request.GET.get("page")),
        "state": state,
        "states": OutboxJob.State.choices,
        "queues": queues,
    }
    return render(request, "operations/job_list.html", context)


def run_again(job: OutboxJob, *, actor: User) -> None:
    """A parked job gets a fresh set of attempts. Raises Conflict when it is not parked any more."""
    require(can_run_jobs, actor, None)
    with transaction.atomic():
        if not outbox.run_again(job):
            raise Conflict(_("This job is not parked any more."))
        audit.record("job.run_again", job, actor=actor, data={"handler": job.handler})


@require_POST
@login_required
def job_run_again(request: HttpRequest, pk: int) -> HttpResponse:
    if not can_run_jobs(request.user):
        raise Http404
    job = get_object_or_404(OutboxJob, pk=pk)
    run_again(job, actor=signed_in_user(request))
    return done(request, _("Job %(pk)s runs again.") % {"pk": job.pk}, reverse("job_list"))


urlpatterns = [
    path("operations/jobs/", job_list, name="job_list"),
    path("operations/jobs/<int:pk>/run-again/", job_run_again, name="job_run_again"),
]
