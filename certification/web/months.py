"""The month of trains, freezes and waves, for everybody who is signed in."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_safe

from certification import policies
from certification.queries import months as queries
from portal.shared.web import signed_in_user


@require_safe
@login_required
def calendar_month(request: HttpRequest) -> HttpResponse:
    user, now = signed_in_user(request), timezone.now()
    today = now.astimezone(ZoneInfo(user.time_zone)).date()
    can_manage = policies.can_manage_plans(user)
    date = queries.day_named(request.GET.get("day", ""))
    if date:
        month = queries.month_of(user, date.replace(day=1), now=now)
        context = {"month": month, "day": month.day(date), "can_manage": can_manage}
        return render(request, "certification/calendar_day.html", context)
    first = queries.month_named(request.GET.get("month", ""), today=today)
    month = queries.month_of(user, first, now=now)
    context = {
        "month": month,
        "has_entries": any(not day.is_empty for day in month.days),
        "can_manage": can_manage,
    }
    return render(request, "certification/calendar_month.html", context)


urlpatterns = [path("calendar/", calendar_month, name="calendar_month")]
