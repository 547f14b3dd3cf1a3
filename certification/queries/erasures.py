"""What stands in the way of forgetting a person, and where their name is theirs."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.apps import apps
from django.db import models
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from certification.lifecycle import OPEN_STATES
from certification.models import Erasure, OverrideRequest, OwnershipClaim, RegionTask, ReviewClaim, Submission
from connectors.models import Connector, Membership, Publisher
from portal.accounts.models import User
from portal.shared.erasing import Places, text_columns
from portal.shared.models import AuditRecord
from portal.shared.words import lazy as _lazy

# Tables that the portal itself writes, for a limited time: a name in them is somebody's name.
OF_THE_PORTAL = frozenset(
    {
        "certification.notification",
        "certification.receivedmail",
        "certification.webhookdelivery",
        "connectors.commitupload",
        "shared.idempotencyrecord",
        "shared.outboxjob",
    }
)
# Bound by a digest or a signature to what a team handed in; what else holds the words that are looked for.
KEPT = frozenset(
    {
        "accounts.user",
        "account.emailaddress",
        "certification.certificate",
        "certification.documentation",
        "certification.erasure",
        "certification.finding",
        "certification.validation",
        "connectors.upload",
        "connectors.version",
        "shared.auditrecord",
        "shared.auditseal",
    }
)
_FARTHEST = 4
_MOST_PATHS = 3


def open_erasure(person: User) -> Erasure | None:
    """The one that waits or runs."""
    return Erasure.objects.filter(person=person, state__in=["waiting", "running"]).first()


def every_erasure() -> QuerySet[Erasure]:
    """The newest first, with their people."""
    return Erasure.objects.select_related("person", "requested_by").order_by("-created_at")


def blockers(person: User) -> list[str]:
    """Sentences about what has to be handed over first; empty when nothing has."""
    return [*_teams_left_alone(person), *_held(person), *_staff(person)]


def sole_ownerships(person: User) -> QuerySet[Any]:
    """Memberships as the only owner who is still here; with the facts that need one."""
    others = Membership.objects.filter(publisher=OuterRef("publisher"), user__is_active=True).exclude(
        user=person
    )
    live = Connector.objects.filter(publisher=OuterRef("publisher"), live_version__isnull=False).exclude(
        state__in=["retired", "cancelled"]
    )
    under_way = Submission.objects.filter(connector__publisher=OuterRef("publisher"), state__in=OPEN_STATES)
    found: QuerySet[Any] = (
        Membership.objects.filter(~Exists(others.filter(role="owner")), user=person, role="owner")
        .select_related("publisher")
        .annotate(has_members=Exists(others), has_live=Exists(live), has_open=Exists(under_way))
        .order_by("publisher__name")
    )
    return found


def _teams_left_alone(person: User) -> Iterator[str]:
    for each in sole_ownerships(person):
        found = (
            (each.has_live, _("connectors that are live")),
            (each.has_open, _("submissions under way")),
            (each.has_members, _("other members")),
        )
        if said := [words for holds, words in found if holds]:
            yield _(
                "%(team)s has %(what)s and no other owner: make somebody else an owner of it first, or "
                "transfer its connectors."
            ) % {"team": each.publisher.name, "what": ", ".join(said)}


def _held(person: User) -> Iterator[str]:
    reviews = ReviewClaim.objects.filter(reviewer=person, released_at=None, expires_at__gt=Now())
    for review in reviews.select_related("submission"):
        yield _("The review of %(reference)s is taken: hand it over or give it back first.") % {
            "reference": review.submission.reference
        }
    claims = OwnershipClaim.objects.filter(claimed_by=person, state="open")
    for claim in claims.select_related("imported__connector"):
        yield _("%(connector)s is claimed: withdraw the claim, or wait for its answer.") % {
            "connector": claim.connector.name
        }
    tasks = RegionTask.objects.filter(taken_by=person, state="taken").select_related("region")
    for task in tasks:
        yield _("A deployment by hand in %(region)s is taken: finish it or give it back first.") % {
            "region": task.region.name
        }
    asked = OverrideRequest.objects.filter(requested_by=person, state__in=["requested", "half_approved"])
    if count := asked.count():
        yield _("Exceptions that were asked for wait for their answer: %(count)d. Withdraw them first.") % {
            "count": count
        }


def _staff(person: User) -> Iterator[str]:
    if not person.is_administrator:
        return
    others = User.objects.filter(staff_role=User.StaffRole.ADMINISTRATOR, is_active=True)
    if not others.exclude(pk=person.pk).exists():
        yield _("There is no other administrator: give somebody else the role first.")


def teams_of(person: User) -> list[UUID]:
    """Teams the person belongs to or ever did something for: where their name is known."""
    found = set(Membership.objects.filter(user=person).values_list("publisher_id", flat=True))
    keys: dict[str, set[str]] = {"publisher": set(), "connector": set(), "submission": set()}
    for about in AuditRecord.objects.filter(actor=person).values_list("about", flat=True).iterator():
        for key in about:
            noun, _dot, pk = key.partition(":")
            if noun in keys:
                keys[noun].add(pk)
    teams = Publisher.objects.filter(
        Q(pk__in=keys["publisher"])
        | Q(connectors__in=keys["connector"])
        | Q(connectors__submissions__in=keys["submission"])
    )
    return sorted(found | set(teams.values_list("pk", flat=True)))


def places(person: User, teams: Sequence[UUID]) -> Places:
    """Where names of the person are looked for: rows of their teams, rows that point at them, and what the
    portal itself wrote. Names of teams, connectors and regions are those of things."""
    names = {}
    for model in apps.get_models():
        label = model._meta.label_lower
        if label in KEPT or not text_columns(model):
            continue
        rows = _rows(model, person, teams)
        if rows is not None:
            names[label] = rows
    return Places(names=names, short=OF_THE_PORTAL, kept=KEPT)


def _rows(model: type[models.Model], person: User, teams: Sequence[UUID]) -> Q | None:
    label = model._meta.label_lower
    if model in (Publisher, Connector):
        return None
    paths = _paths(model)
    if not paths and label in OF_THE_PORTAL:
        return Q()
    rows = Q(pk__in=[])
    for path in paths:
        rows |= Q(**{f"{path}__in": teams})
    pointing = [each.name for each in model._meta.local_concrete_fields if each.related_model is User]
    for name in pointing:
        rows |= Q(**{name: person})
    return rows if paths or pointing else None


def _paths(model: type[models.Model]) -> list[str]:
    """The shortest ways from a table to the team that its rows belong to."""
    found: list[str] = []
    waiting: deque[tuple[type[models.Model], str]] = deque([(model, "")])
    while waiting and len(found) < _MOST_PATHS:
        at, way = waiting.popleft()
        for column in at._meta.local_concrete_fields:
            target = column.related_model
            if not isinstance(target, type) or target in (User, at):
                continue
            path = f"{way}__{column.name}" if way else column.name
            if target is Publisher:
                found.append(path)
            elif path.count("__") < _FARTHEST - 1:
                waiting.append((target, path))
    return found[:_MOST_PATHS]


def audit_rows(person: User, teams: Sequence[UUID]) -> Q:
    """Audit records in which a name of the person is looked for."""
    connectors = Connector.objects.filter(publisher__in=teams).values_list("pk", flat=True)
    submissions = Submission.objects.filter(connector__publisher__in=teams).values_list("pk", flat=True)
    keys = [
        *(f"publisher:{pk}" for pk in teams),
        *(f"connector:{pk}" for pk in connectors),
        *(f"submission:{pk}" for pk in submissions),
        f"user:{person.pk}",
    ]
    return Q(actor=person) | Q(about__overlap=keys)


def visible_to(user: User) -> QuerySet[Erasure]:
    """Administrators see every erasure, a person their own."""
    found = every_erasure()
    return found if user.is_administrator else found.filter(person=user)


@dataclass(frozen=True)
class ReportLine:
    """What became of one kind of record: rows that are gone, rows that lost words, and rows in which the name
    is left because nothing there says whose it is."""

    title: str
    removed: int
    changed: int
    left: int


# The beginning of a table's label, or all of it -> what people call it; the first that fits counts.
_KINDS = (
    ("account.", _lazy("Mail addresses")),
    ("accounts.apitoken", _lazy("API tokens")),
    ("accounts.", _lazy("Sign-ins of programs, calendar, preferences")),
    ("mfa.", _lazy("Second factors and passkeys")),
    ("socialaccount.", _lazy("Accounts of single sign-on")),
    ("usersessions.", _lazy("Sessions")),
    ("connectors.invitation", _lazy("Invitations")),
    ("certification.notification", _lazy("Messages")),
    ("certification.receivedmail", _lazy("Received mails")),
    ("certification.webhook", _lazy("Messages to webhooks")),
    ("certification.comment", _lazy("Comments and threads")),
    ("certification.thread", _lazy("Comments and threads")),
    ("certification.submission", _lazy("Submissions and revisions")),
    ("certification.revision", _lazy("Submissions and revisions")),
    ("certification.decision", _lazy("Decisions")),
    ("shared.auditrecord", _lazy("Audit records")),
    ("shared.", _lazy("Jobs and repeated answers")),
)


def report_lines(erasure: Erasure) -> list[ReportLine]:
    """The report in people's words, most first."""
    sums: dict[str, list[int]] = {}
    for place, name in enumerate(("removed", "changed", "left")):
        for label, count in erasure.report.get(name, {}).items():
            title = next((str(title) for start, title in _KINDS if label.startswith(start)), _("Other texts"))
            if count:
                sums.setdefault(title, [0, 0, 0])[place] += count
    lines = [ReportLine(title, *counts) for title, counts in sums.items()]
    return sorted(lines, key=lambda line: (-line.removed - line.changed, line.title))
