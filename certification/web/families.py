"""Pages of families: the list, making one, one change for all, and the report."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from certification import policies
from certification.models import SubmissionFamily
from certification.queries import family_report as queries
from certification.services import family_making as services
from certification.services import family_uploads
from certification.web.downloads import csv_file, utc_minute
from certification.web.family_forms import FamilyChangeForm, FamilyForm
from connectors.models import Publisher
from connectors.policies import makes_connectors, teams_of
from portal.accounts.models import User
from portal.shared import audit, history
from portal.shared.errors import Blocked, Conflict, InvalidInput
from portal.shared.policy import require
from portal.shared.web import add_errors, done, signed_in_user


def visible_family(request: HttpRequest, pk: UUID) -> SubmissionFamily:
    found = SubmissionFamily.objects.visible_to(request.user).select_related("publisher", "created_by")
    return get_object_or_404(found, pk=pk)


def family_address(family: SubmissionFamily) -> str:
    return reverse("family_detail", args=[family.pk])


def warn_about(request: HttpRequest, problems: list[str]) -> None:
    for problem in problems[:10]:
        messages.warning(request, problem)


@require_safe
@login_required
def family_list(request: HttpRequest) -> HttpResponse:
    user = signed_in_user(request)
    page = Paginator(queries.families(user), 25).get_page(request.GET.get("page"))
    context = {"page": page, "can_make": makes_connectors(user)}
    return render(request, "certification/family_list.html", context)


def _team(request: HttpRequest, user: User) -> Publisher:
    """The team of the new family: the one that was asked for, else the first the person makes connectors
    in."""
    makers = [team for team in teams_of(user) if team.role in {"owner", "developer"}]
    asked = request.POST.get("publisher") or request.GET.get("publisher")
    chosen = next((team for team in makers if asked in (None, team.slug)), None)
    if chosen is None:
        raise Http404
    return get_object_or_404(Publisher.objects.visible_to(user), pk=chosen.pk)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def family_create(request: HttpRequest) -> HttpResponse:
    user = signed_in_user(request)
    team = _team(request, user)
    require(policies.can_make_family, user, team)
    offered = queries.connectors_to_choose(user, team.pk)
    form = FamilyForm(request.POST or None, request.FILES or None, connectors=offered)
    if request.method == "POST" and form.is_valid():
        try:
            family = _made(request, team, form)
        except InvalidInput as error:
            add_errors(form, error)
        except Conflict as error:
            form.add_error(None, error.message)
        else:
            return done(request, _("The family is made: next comes what changes."), family_address(family))
    teams = [each for each in teams_of(user) if each.role in {"owner", "developer"}]
    context = {"form": form, "team": team, "teams": teams, "has_connectors": offered.exists()}
    return render(request, "certification/family_create.html", context)


def _made(request: HttpRequest, team: Publisher, form: FamilyForm) -> SubmissionFamily:
    user, given = signed_in_user(request), form.cleaned_data
    shared = {"title": given["title"], "change_notes": given["change_notes"], "actor": user}
    files = [(file.name or "", file.read()) for file in request.FILES.getlist("packages")]
    if not files:
        return services.make_family(team, connectors=form.chosen(), **shared)
    family, outcomes = family_uploads.make_family_of_upload(team, files=files, **shared)
    warn_about(request, services.references(outcomes))
    return family


@require_safe
@login_required
def family_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    family = visible_family(request, pk)
    user = signed_in_user(request)
    rows = queries.report(family)
    can_edit = policies.can_edit_family(user, family)
    context = {
        "family": family,
        "rows": rows,
        "sums": queries.sums_of(rows),
        "can_change": can_edit and any(row.submission.is_editable for row in rows),
        "can_review": policies.can_decide_family(user, family)
        and any(row.submission.state == "in_review" for row in rows),
        "can_schedule": policies.can_schedule_family(user, family)
        and any(row.submission.state == "signed_off" for row in rows),
        "history": history.entries(audit.history(family)[:20]),
    }
    return render(request, "certification/family_detail.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def family_change(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The form, and once it is filled in what it would change in each package; `save` carries it out."""
    family = visible_family(request, pk)
    user = signed_in_user(request)
    require(policies.can_edit_family, user, family)
    form = FamilyChangeForm(request.POST or None)
    preview = None
    if request.method == "POST" and form.is_valid():
        try:
            if "save" in request.POST:
                return _changed(request, family, form)
            preview = services.preview_change(family, form.change(), actor=user)
        except InvalidInput as error:
            add_errors(form, error)
    context = {"family": family, "form": form, "preview": preview, "rows": _preview_rows(preview)}
    return render(request, "certification/family_change.html", context)


def _preview_rows(preview: services.ChangePreview | None) -> list[dict[str, Any]]:
    if preview is None:
        return []
    return [
        {"member": member, "difference": preview.difference.members.get(member.submission.pk)}
        for member in preview.members
    ]


def _changed(request: HttpRequest, family: SubmissionFamily, form: FamilyChangeForm) -> HttpResponse:
    seen = {}
    for value in request.POST.getlist("seen")[: services.MOST_MEMBERS]:
        name, _colon, digest = value.partition(":")
        try:
            seen[UUID(name)] = digest
        except ValueError:
            continue
    if not seen:
        raise InvalidInput(_("Tick at least one connector."))
    outcomes = services.apply_change(family, form.change(), seen=seen, actor=signed_in_user(request))
    warn_about(request, services.references(outcomes))
    count = sum(not each.problem for each in outcomes)
    words = ngettext("%(count)s package has the change.", "%(count)s packages have the change.", count)
    return done(request, words % {"count": count}, family_address(family))


@require_POST
@login_required
def family_submit(request: HttpRequest, pk: UUID) -> HttpResponse:
    family = visible_family(request, pk)
    try:
        count = services.submit_family(family, actor=signed_in_user(request))
    except Blocked as error:
        warn_about(request, error.blockers)
        messages.error(request, error.message)
        return render_detail(request, family)
    words = ngettext("%(count)s connector was submitted.", "%(count)s connectors were submitted.", count)
    return done(request, words % {"count": count}, family_address(family))


def render_detail(request: HttpRequest, family: SubmissionFamily) -> HttpResponse:
    response = HttpResponse(status=303)
    response["Location"] = family_address(family)
    return response


_COLUMNS = (
    "submission", "connector", "version", "state", "rollout", "wave", "waves", "regions verified", "regions",
    "first wave (UTC)", "last wave (UTC)", "train", "departure (UTC)",
)  # fmt: skip


@require_safe
@login_required
def family_report_csv(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Each member with its state, waves and dates."""
    family = visible_family(request, pk)
    rows = (
        (
            row.submission.reference,
            row.connector.name,
            row.submission.version.label if row.submission.version else "",
            row.submission.get_state_display(),
            row.rollout.get_state_display() if row.rollout else "",
            row.wave or "",
            row.waves or "",
            row.verified,
            row.regions,
            utc_minute(row.first_at),
            utc_minute(row.last_at),
            row.train,
            utc_minute(row.departs_at),
        )
        for row in queries.report(family)
    )
    return csv_file(f"family-{str(family.pk)[:8]}", _COLUMNS, rows)


urlpatterns = [
    path("families/", family_list, name="family_list"),
    path("families/new/", family_create, name="family_create"),
    path("families/<uuid:pk>/", family_detail, name="family_detail"),
    path("families/<uuid:pk>/change/", family_change, name="family_change"),
    path("families/<uuid:pk>/submit/", family_submit, name="family_submit"),
    path("families/<uuid:pk>/report.csv", family_report_csv, name="family_report_csv"),
]
