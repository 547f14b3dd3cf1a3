"""The time ledger of a submission as a page: who held it how long, and what began each stretch."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path
from django.views.decorators.http import require_safe

from certification.queries import ledger as queries
from certification.queries import ledger_sums
from certification.queries.submissions import history_for
from certification.web.submission_pages import page_context, visible_submission
from connectors.models import Publisher
from portal.shared.web import signed_in_user


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


@require_safe
@login_required
def publisher_time(request: HttpRequest, slug: str) -> HttpResponse:
    """Where a team's last months went; for htmx the card that the team's page shows."""
    visible = Publisher.objects.visible_to(signed_in_user(request))
    publisher = get_object_or_404(visible, slug=slug)
    is_fragment = bool(request.headers.get("HX-Request"))
    name = "_time_sum.html" if is_fragment else "publisher_time.html"
    context = {"publisher": publisher, "time": ledger_sums.time_sum(publisher.pk)}
    return render(request, f"certification/{name}", context)


urlpatterns = [
    path("submissions/<uuid:pk>/time/", submission_time, name="submission_time"),
    path("publishers/<slug:slug>/time/", publisher_time, name="publisher_time"),
]
