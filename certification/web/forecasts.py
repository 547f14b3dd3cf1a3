"""Operators' page on the forecasts: how right they were, what they rest on, what moved dates."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from certification import policies
from certification.queries import forecast_accuracy as queries
from certification.queries.forecast_history import history_of_rollouts
from certification.queries.forecasts import cause_label
from certification.queries.ledger_sums import time_sum
from certification.queries.rollout_figures import rollout_figures
from portal.shared.policy import require
from portal.shared.web import signed_in_user


@require_safe
@login_required
def forecast_accuracy(request: HttpRequest) -> HttpResponse:
    require(policies.can_see_operations, signed_in_user(request), None)
    history = history_of_rollouts()
    causes = sorted(history.slips.causes.items(), key=lambda item: -item[1])
    context = {
        "figures": queries.accuracy(),
        "misses": queries.worst_misses(),
        "days": queries.DAYS,
        "history": history,
        "on_time": round(100 * history.slips.weights[0]),
        "time": time_sum(),
        "rollouts": rollout_figures(),
        "causes": [(cause_label(cause), count) for cause, count in causes],
    }
    return render(request, "certification/forecast_accuracy.html", context)


urlpatterns = [path("operations/forecasts/", forecast_accuracy, name="forecast_accuracy")]
