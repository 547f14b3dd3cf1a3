"""The index of everything that is administered in the portal, with counts and the last change of each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_safe

from certification.models import (
    AgreementText,
    CannedReply,
    Erasure,
    Freeze,
    Incident,
    RolloutPlan,
    RuleTreatment,
    Train,
)
from certification.policies import can_see_administration
from certification.queries.mail_texts import texts_in_use
from certification.services.retention import RULES
from connectors.models import MetricsSource, Region
from portal.accounts.models import User
from portal.shared import audit, history
from portal.shared.history import SENTENCES, HistoryEntry
from portal.shared.policy import require
from portal.shared.secrets import keyring
from portal.shared.web import signed_in_user

_PAGE = 50


@dataclass(frozen=True)
class Subject:
    """Something that is administered. `nouns` are those of its audit records."""

    title: Promise
    text: Promise
    url_name: str
    icon: str
    nouns: tuple[str, ...]
    count: Callable[[], int]
    counted: Promise
    is_for_administrators: bool = False


SUBJECTS = (
    Subject(
        _("Treatment of rules"), _("How findings count in this portal."), "treatment_list", "book",
        ("ruletreatment",), lambda: RuleTreatment.objects.filter(state="in_force").count(), _("in force"),
    ),
    Subject(
        _("Words of mails"), _("Subjects and sentences of what the portal sends."), "mail_text_list", "mail",
        ("mailtext",), lambda: len(texts_in_use()), _("with own words"),
    ),
    Subject(
        _("Regions"), _("Where connectors run, and how each is reached."), "region_list", "world",
        ("region",), Region.objects.count, _("regions"),
    ),
    Subject(
        _("Plans"), _("Waves, bakes and gates, for each lane."), "plan_list", "calendar",
        ("plan",), lambda: RolloutPlan.objects.filter(is_retired=False).count(), _("in use"),
    ),
    Subject(
        _("Freezes"), _("Times in which no wave starts, and extra working days."), "freeze_list", "snowflake",
        ("freeze",), lambda: Freeze.objects.filter(cancelled_at=None).count(), _("planned or past"),
    ),
    Subject(
        _("Trains"), _("Fixed departures with a capacity."), "train_list", "route",
        ("train",), lambda: Train.objects.filter(is_retired=False).count(), _("running"),
    ),
    Subject(
        _("Incidents"), _("What holds rollouts until it is over."), "incident_list", "alert-triangle",
        ("incident",), lambda: Incident.objects.filter(state="open").count(), pgettext_lazy("state", "open"),
    ),
    Subject(
        _("Sources of metrics"), _("Where figures of health are read."), "source_list", "activity",
        ("metricssource",), MetricsSource.objects.count, _("sources"),
    ),
    Subject(
        _("Canned replies"), _("Texts that reviewers use again and again."), "reply_list", "message",
        ("cannedreply",), CannedReply.objects.count, _("replies"),
    ),
    Subject(
        _("Contributor agreement"), _("Its versions, and who signed them."), "agreement_list", "award",
        ("agreement", "agreementtext"), AgreementText.objects.count, pgettext_lazy("agreement", "versions"),
        is_for_administrators=True,
    ),
    Subject(
        _("Retention"), _("How long the portal keeps what it need not keep for ever."), "retention",
        "archive", ("retention",), lambda: len(RULES), pgettext_lazy("retention", "rules"),
        is_for_administrators=True,
    ),
    Subject(
        _("Erasures"), _("Who asked to be forgotten, and what was removed."), "erasure_list", "trash",
        ("erasure",), lambda: Erasure.objects.filter(state__in=["waiting", "running"]).count(),
        pgettext_lazy("erasures", "under way"), is_for_administrators=True,
    ),
    Subject(
        _("Encryption keys"), _("Which key the stored secrets are under."), "key_rotation", "key",
        ("secrets",), lambda: len(keyring()), pgettext_lazy("encryption", "keys"), is_for_administrators=True,
    ),
    Subject(
        _("People and staff roles"), _("Who reviews, operates and administers."), "accounts:people", "users",
        ("user",), lambda: User.objects.exclude(staff_role="").count(), _("staff"),
        is_for_administrators=True,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Line:
    """A subject as the index shows it; `last` is its newest change."""

    subject: Subject
    url: str
    count: int
    last: HistoryEntry | None


def lines_for(user: User) -> list[Line]:
    """What this person may open."""
    shown = [each for each in SUBJECTS if user.is_administrator or not each.is_for_administrators]
    newest = _newest(shown)
    return [Line(each, reverse(each.url_name), each.count(), newest.get(each.nouns[0])) for each in shown]


def _newest(subjects: list[Subject]) -> dict[str, HistoryEntry]:
    """First noun -> the newest worded record of the subject; one query."""
    first = {noun: subject.nouns[0] for subject in subjects for noun in subject.nouns}
    actions = [action for action in SENTENCES if action.partition(".")[0] in first]
    found: dict[str, Any] = {}
    for record in audit.newest_of(actions):
        found.setdefault(first[record.action.partition(".")[0]], record)
    return {noun: history.entries([record])[0] for noun, record in found.items()}


@require_safe
@login_required
def administration(request: HttpRequest) -> HttpResponse:
    user = signed_in_user(request)
    require(can_see_administration, user, None)
    return render(request, "operations/administration.html", {"lines": lines_for(user)})


@require_safe
@login_required
def administration_history(request: HttpRequest, noun: str) -> HttpResponse:
    """Who changed what of one subject, and when; the newest first."""
    user = signed_in_user(request)
    require(can_see_administration, user, None)
    subject = next((each.subject for each in lines_for(user) if each.subject.nouns[0] == noun), None)
    if subject is None:
        raise Http404
    page = Paginator(audit.of_nouns(subject.nouns), _PAGE).get_page(request.GET.get("page"))
    context = {
        "subject": subject, "url": reverse(subject.url_name), "page": page,
        "entries": history.entries(page.object_list),
    }  # fmt: skip
    return render(request, "operations/administration_history.html", context)


urlpatterns = [
    path("administration/", administration, name="administration"),
    path("administration/history/<str:noun>/", administration_history, name="administration_history"),
]
