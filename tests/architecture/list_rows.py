"""How rows of every list of the API are made: the table, as data. A new list belongs here before its test passes.

A row is a copy of one of the world's objects, with relations of its own where `fresh` says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count as counting
from typing import Any
from uuid import uuid4

from django.db import models
from django.utils import timezone

from certification.models import DateChange, Decision, PullRequest, ReviewMark, Revision
from connectors.models import Connector, Publisher, Version
from portal.shared.models import AuditRecord, AuditSeal
from tests.architecture.world import World

_NUMBERS = counting()


@dataclass(frozen=True)
class Rows:
    """Rows like the world's object `of`.

    `fresh` are relations of which each row gets one of its own (`submission.connector` means both), `but` what
    each has otherwise. `reader` sees the rows. With `is_shared` everybody who may read the list sees them.
    """

    of: str | Callable[[World], models.Model]
    fresh: tuple[str, ...] = ()
    but: Mapping[str, Any] = field(default_factory=dict)
    reader: str = "owner"
    is_shared: bool = False
    # What a page holds at most, where a caller cannot ask for more.
    page: int = 100

    def add(self, world: World, count: int) -> None:
        original = world.objects[self.of] if isinstance(self.of, str) else self.of(world)
        original.refresh_from_db()
        for _number in range(count):
            _copied(original, self.fresh, self.but)


@dataclass(frozen=True)
class Fixed:
    """A list that does not grow with rows, and why."""

    why: str


def _copied(row: models.Model, fresh: tuple[str, ...], but: Mapping[str, Any]) -> models.Model:
    kind = type(row)
    own: dict[str, list[str]] = {}
    for path in fresh:
        head, _dot, rest = path.partition(".")
        own.setdefault(head, []).extend([rest] if rest else [])
    copy = kind()
    for each in kind._meta.concrete_fields:
        if each.primary_key and each.has_default():
            continue
        if each.name in own:
            setattr(copy, each.name, _copied(getattr(row, each.name), tuple(own[each.name]), {}))
        elif not isinstance(each, models.AutoField):
            setattr(copy, each.attname, _other(each, getattr(row, each.attname)))
    for name, value in {**_NAMED.get(kind, {}), **but}.items():
        setattr(copy, name, value() if callable(value) else value)
    # As it is: no service, no row that follows.
    kind._base_manager.bulk_create([copy])
    return copy


def _other(column: models.Field[Any, Any], value: Any) -> Any:
    if not column.unique or value is None:
        return value
    if isinstance(column, models.CharField):
        return word()[: column.max_length]
    return value if column.is_relation else number()


def word() -> str:
    """Letters that nobody has used."""
    return uuid4().hex


def short_word() -> str:
    return word()[:12]


def address() -> str:
    return f"{word()}@example.test"


def web_address() -> str:
    return f"https://{short_word()}.example/portal"


def number() -> int:
    """Large enough to be nobody's."""
    return 1000 + next(_NUMBERS)


def _agreement_text(world: World) -> models.Model:
    return world.objects["agreement_signature"].text


def _checked_pull_request(world: World) -> models.Model:
    return world.objects["pull_request"].checks.get()


def _decision(world: World) -> models.Model:
    """One on the submission that the list is of."""
    submission = world.objects["submission"]
    found = {"revision": submission.revision, "submission": submission}
    said = {
        "verdict": "reject",
        "reasons": "No.",
        "digest": submission.revision.version.digest,
        "reviewer": world.reviewer,
    }
    return Decision.objects.get_or_create(**found, defaults=said)[0]


def _date_change(world: World) -> models.Model:
    rollout, now = world.objects["rollout"], timezone.now()
    found = {"rollout": rollout, "wave": rollout.waves.first(), "cause": "rescheduled"}
    return DateChange.objects.filter(**found).first() or DateChange.objects.create(
        **found, old_at=now, new_at=now
    )


def _finding(world: World) -> models.Model:
    return world.objects["validation"].findings.first()


def _mark(world: World) -> models.Model:
    found = {"submission": world.objects["submission"], "user": world.reviewer, "key": "file:script.csx"}
    seen = {"digest": "a" * 64, "revision_number": 1}
    return ReviewMark.objects.get_or_create(**found, defaults=seen)[0]


def _sealed_record(world: World) -> models.Model:
    """Of a deed that the team is told."""
    record = AuditRecord.objects.filter(action="submission.submit").first()
    return AuditSeal.objects.get_or_create(
        record=record, defaults={"sequence": number(), "previous_hash": word(), "hash": word()}
    )[0]


def _record_of_submission(world: World) -> models.Model:
    return AuditRecord.objects.filter(
        about__contains=[f"submission:{world.objects['submission'].pk}"]
    ).first()


# What the database holds to be unique without regard to the column alone.
_NAMED: dict[type[models.Model], Mapping[str, Any]] = {
    Connector: {"name": word, "name_key": word},
    Publisher: {"name": word},
    Version: {"number": number, "label": short_word, "digest": lambda: word() * 2},
    Revision: {"number": number},
    PullRequest: {"ref": word},
}
LISTS: dict[str, Rows | Fixed] = {
    "/api/v1/agreement-signatures/": Rows("agreement_signature", fresh=("text",)),
    "/api/v1/agreement-texts/": Rows(_agreement_text, but={"version": number}, is_shared=True),
    "/api/v1/appeals/": Rows("appeal", fresh=("decision.revision",)),
    "/api/v1/availability-requests/": Rows("availability", fresh=("connector",)),
    "/api/v1/canned-replies/": Rows("reply", but={"title": word}, reader="reviewer"),
    "/api/v1/conditions/": Rows("condition"),
    "/api/v1/connectors/": Rows("connector"),
    "/api/v1/connectors/{id}/pull-requests/": Rows(_checked_pull_request, fresh=("pull_request",)),
    "/api/v1/connectors/{id}/repository/tags/": Rows("certification_tag", fresh=("certificate.version",)),
    "/api/v1/connectors/{id}/uploads/": Rows("upload"),
    "/api/v1/connectors/{id}/versions/": Rows("version"),
    "/api/v1/erasures/": Rows("erasure", fresh=("person",), reader="administrator"),
    "/api/v1/events/": Rows(
        _sealed_record, fresh=("record",), but={"sequence": number, "previous_hash": word}
    ),
    "/api/v1/families/": Rows("family"),
    "/api/v1/freezes/": Rows("freeze", is_shared=True),
    "/api/v1/guest-testers/": Rows("guest_invitation", but={"email": address}),
    "/api/v1/health-alerts/": Rows("alert", fresh=("connector",)),
    "/api/v1/imports/": Rows("imported", fresh=("connector",), reader="operator"),
    "/api/v1/catch-ups/": Rows("catch_up", fresh=("region",), reader="operator"),
    "/api/v1/incidents/": Rows("incident", reader="operator"),
    "/api/v1/jobs/": Rows("job", reader="operator"),
    "/api/v1/known-issues/": Rows("issue"),
    "/api/v1/metrics-sources/": Rows("source", fresh=("region",), reader="operator"),
    "/api/v1/notices/": Rows("notice"),
    "/api/v1/notifications/": Rows("notification", reader="developer"),
    "/api/v1/overrides/": Rows("skip", fresh=("deployment.region",), reader="operator"),
    "/api/v1/ownership-claims/": Rows("claim", fresh=("imported.connector",)),
    "/api/v1/plans/": Rows("plan", but={"name": word, "is_default": False}, reader="operator"),
    "/api/v1/previews/": Rows("preview", fresh=("submission.connector",)),
    "/api/v1/publishers/": Rows("publisher", reader="operator"),
    "/api/v1/publishers/{slug}/invitations/": Rows("invitation", but={"email": address}),
    "/api/v1/publishers/{slug}/members/": Rows("membership", fresh=("user",)),
    "/api/v1/region-tasks/": Rows("region_task", fresh=("connector",), reader="operator"),
    "/api/v1/regions/": Rows("region", is_shared=True),
    "/api/v1/reviews/queue/": Rows("submission", fresh=("connector",), reader="reviewer", page=25),
    "/api/v1/rollouts/": Rows("rollout", fresh=("connector",)),
    "/api/v1/rollouts/{id}/date-changes/": Rows(_date_change),
    "/api/v1/rollouts/{id}/deployments/": Rows("deployment", fresh=("region",)),
    "/api/v1/rollouts/{id}/gates/": Rows("gate"),
    "/api/v1/rule-treatments/": Rows("treatment", but={"state": "withdrawn"}, reader="administrator"),
    "/api/v1/sightings/": Rows("manual_place", fresh=("connector",), reader="operator"),
    "/api/v1/submissions/": Rows("submission", fresh=("connector",)),
    "/api/v1/submissions/{id}/certificates/": Rows("certificate", fresh=("version",)),
    "/api/v1/submissions/{id}/credentials/": Rows("credential"),
    "/api/v1/submissions/{id}/history/": Rows(_record_of_submission),
    "/api/v1/submissions/{submission_id}/decisions/": Rows(_decision, fresh=("revision",)),
    "/api/v1/submissions/{submission_id}/marks/": Rows(_mark, but={"key": word}, reader="reviewer"),
    "/api/v1/submissions/{submission_id}/suggestions/": Rows("suggestion", fresh=("thread", "comment")),
    "/api/v1/submissions/{submission_id}/threads/": Rows("thread"),
    "/api/v1/submissions/{submission_pk}/test-runs/": Rows("test_run"),
    "/api/v1/trains/": Rows("train", but={"name": word}, is_shared=True),
    "/api/v1/transfers/": Rows("transfer", fresh=("connector",)),
    "/api/v1/trusted-publishers/": Rows("trusted_publisher", but={"workflow": word}),
    "/api/v1/validations/": Rows("validation", but={"rules_version": short_word}),
    "/api/v1/validations/{id}/findings/": Rows(_finding),
    "/api/v1/waivers/": Rows("waiver", but={"fingerprint": word}),
    "/api/v1/webhooks/": Rows("webhook", but={"url": web_address}),
    "/api/v1/webhooks/{id}/messages/": Rows("webhook_message", but={"sequence": number}),
    "/api/v1/families/{id}/report/": Fixed("One line for each member and region."),
    "/api/v1/mail-texts/": Fixed("One for each kind of mail."),
    "/api/v1/notifications/preferences/": Fixed("One for each group of mails."),
    "/api/v1/rollouts/{id}/forecasts/": Fixed("The newest one of each region."),
    "/api/v1/submissions/{id}/readiness/": Fixed("The questions are fixed."),
    "/api/v1/trains/{id}/departures/": Fixed("The next ones by the timetable."),
}
