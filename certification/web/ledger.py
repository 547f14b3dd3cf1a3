"""The time ledger of a submission as a page: who held it how long, and what began each stretch."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from certification.queries import ledger as queries
from certification.queries.submissions import history_for
from certification.web.submission_pages import page_context, visible_submission


@require_safe
@login_required
def submission_time(request: HttpRequest, pk: UUID) -> HttpResponse:
    submission = visible_submission(request, pk)
    context = page_context(request, submission, "time")
    ledger = context["progress"].ledger
    context |= {
        "ledger": ledger,
        "rows": queries.rows_of(ledger, history_for(request.user, submission)),
        "steps": queries.by_step(ledger),
        "pauses": queries.pauses_of(submission),
    }
    return render(request, "certification/submission_time.html", context)


urlpatterns = [path("submissions/<uuid:pk>/time/", submission_time, name="submission_time")]
