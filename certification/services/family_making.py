"""Making a family: one change over connectors of a team, or one upload with a package for each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from certification.lifecycle import PREPARING_STATES
from certification.models import FamilyMember, Submission, SubmissionFamily
from certification.policies import can_edit_family, can_make_family
from certification.queries.family_differences import FamilyDifference, family_difference
from certification.queries.family_report import members_of
from certification.queries.readiness import readiness
from certification.reviewing.family_changes import CannotChange, FamilyChange, changed_package
from certification.services import drafts, submissions
from connectors.definitions import Package, read_archive
from connectors.definitions.diff import Difference, compare
from connectors.models import Connector, Publisher, Version
from connectors.services.versions import package_bytes, receive_upload
from portal.accounts.models import User
from portal.shared import audit
from portal.shared.errors import Blocked, Conflict, InvalidInput, PortalError
from portal.shared.policy import require

MOST_MEMBERS = 30
LONGEST_TITLE = 120
FILE_NAME = "family.zip"


@dataclass(frozen=True, slots=True)
class MemberPreview:
    """What a change would make of one member. `seen` is the digest of the package it was computed for;
    `problem` says why the member cannot take it."""

    submission: Submission
    seen: str = ""
    problem: str = ""


@dataclass(frozen=True)
class ChangePreview:
    """`difference` is against the packages as they are, by submission id."""

    members: list[MemberPreview]
    difference: FamilyDifference[UUID]


@dataclass(frozen=True, slots=True)
class MemberOutcome:
    """What became of one member; `problem` is empty when it went well."""

    reference: str
    connector: str
    problem: str = ""


def make_family(
    publisher: Publisher,
    *,
    title: str,
    connectors: Sequence[Connector],
    change_notes: str = "",
    actor: User,
) -> SubmissionFamily:
    """A draft for each connector, in one family; a draft that is open already is taken in.

    Raises InvalidInput, and Conflict naming a connector whose submission is beyond its team's hands.
    """
    require(can_make_family, actor, publisher)
    title = " ".join(title.replace("\0", "").split())
    _check(publisher, title, connectors)
    with transaction.atomic():
        family = SubmissionFamily.objects.create(
            publisher=publisher, title=title, change_notes=change_notes.strip(), created_by=actor
        )
        for connector in connectors:
            _join(family, connector, actor)
        audit.record(
            "submissionfamily.create",
            family,
            actor=actor,
            about=[publisher],
            data={"title": title, "connectors": len(connectors)},
        )
    return family


def _check(publisher: Publisher, title: str, connectors: Sequence[Connector]) -> None:
    if not title or len(title) > LONGEST_TITLE:
        words = _("Say in at most %(most)s characters what changes.") % {"most": LONGEST_TITLE}
        raise InvalidInput(words, fields={"title": [words]})
    if len({each.pk for each in connectors}) < 2 or len(connectors) > MOST_MEMBERS:
        words = _("A family has between 2 and %(most)s connectors.") % {"most": MOST_MEMBERS}
        raise InvalidInput(words, fields={"connectors": [words]})
    if any(each.publisher_id != publisher.pk for each in connectors):
        words = _("All connectors of a family belong to one team.")
        raise InvalidInput(words, fields={"connectors": [words]})


def _join(family: SubmissionFamily, connector: Connector, actor: User) -> None:
    submission = connector.submissions.filter(state__in=PREPARING_STATES).first()
    if submission is None:
        submission = _new_draft(connector, actor)
    elif not submission.is_editable:
        raise Conflict(
            _("%(connector)s has %(reference)s on its way (%(state)s): wait for it, or withdraw it first.")
            % {
                "connector": connector,
                "reference": submission.reference,
                "state": submission.get_state_display(),
            }
        )
    elif FamilyMember.objects.filter(submission=submission).exists():
        raise Conflict(
            _("%(reference)s (%(connector)s) belongs to another family already.")
            % {"reference": submission.reference, "connector": connector}
        )
    FamilyMember.objects.create(family=family, submission=submission)
    if family.change_notes and not submission.change_notes:
        drafts.save_draft(
            submission,
            fields={"change_notes": family.change_notes},
            edit_count=submission.edit_count,
            actor=actor,
        )


def _new_draft(connector: Connector, actor: User) -> Submission:
    """With the credentials of the connector's last submission, as far as they are still valid."""
    last = connector.submissions.order_by("-created_at").first()
    made = submissions.create_submission(connector, actor=actor)
    if last is not None:
        submissions.copy_credentials(last, made, actor=actor)
    return made


_TRAVELLING = ("scheduled", "rolling_out", "held")


def base_of(submission: Submission) -> Version | None:
    """The package a change starts from: the form's, else the one that travels to the regions now, else the
    live one, else the newest."""
    connector = submission.connector
    newest = connector.versions.order_by("-number").first()
    return submission.version or _travelling(connector) or connector.live_version or newest


def _travelling(connector: Connector) -> Version | None:
    """What users will have next: a change that left it out would take it back from them."""
    found = connector.submissions.filter(state__in=_TRAVELLING).select_related("revision__version")
    latest = found.order_by("-created_at").first()
    return latest.revision.version if latest and latest.revision else None


def _taken_labels(connector: Connector) -> frozenset[str]:
    """Versions that users have or are about to get: no other package may be called so."""
    versions = [connector.live_version, _travelling(connector)]
    return frozenset(str(each.facts.get("version", "")) for each in versions if each)


def preview_change(family: SubmissionFamily, change: FamilyChange, *, actor: User) -> ChangePreview:
    """What the change would make of each member. Nothing is stored."""
    require(can_edit_family, actor, family)
    _refuse_empty(change)
    rows: list[MemberPreview] = []
    differences: dict[UUID, Difference] = {}
    for submission in members_of(family):
        try:
            version, old, new = _changed(submission, change)
        except (CannotChange, PortalError) as error:
            rows.append(MemberPreview(submission, problem=getattr(error, "message", str(error))))
        else:
            differences[submission.pk] = compare(old, new)
            rows.append(MemberPreview(submission, seen=version.digest))
    return ChangePreview(rows, family_difference(differences))


def _changed(submission: Submission, change: FamilyChange) -> tuple[Version, Package, Package]:
    """The version, its package, and the package after the change. Raises CannotChange or PortalError."""
    if not submission.is_editable:
        raise CannotChange(
            _("%(reference)s is “%(state)s” now: its package cannot be changed.")
            % {"reference": submission.reference, "state": submission.get_state_display()}
        )
    version = base_of(submission)
    if version is None:
        raise CannotChange(_("There is no package to change yet: upload one first."))
    old = read_archive(package_bytes(version))
    new = changed_package(old, change, taken=_taken_labels(submission.connector))
    if new.is_refused:
        raise CannotChange(_("The changed package could not be read any more."))
    if new.digest == old.digest:
        raise CannotChange(_("It is like that already."))
    return version, old, new


def apply_change(
    family: SubmissionFamily, change: FamilyChange, *, seen: Mapping[UUID, str], actor: User
) -> list[MemberOutcome]:
    """Carry the change out for the members in `seen` (submission id -> digest that was looked at): each gets
    a new package in its form. What stands in the way of one does not hold up the others."""
    require(can_edit_family, actor, family)
    _refuse_empty(change)
    outcomes = []
    for submission in members_of(family):
        if submission.pk in seen:
            problem = _apply(submission, change, seen[submission.pk], actor)
            outcomes.append(MemberOutcome(submission.reference, submission.connector.name, problem))
    count = sum(not each.problem for each in outcomes)
    if count:
        with transaction.atomic():
            data = {"count": count, "what": ", ".join(change.words)}
            audit.record("submissionfamily.change", family, actor=actor, about=[family.publisher], data=data)
    return outcomes


def _refuse_empty(change: FamilyChange) -> None:
    if change.is_empty:
        raise InvalidInput(_("Fill in at least one field, or write a patch."))


def _apply(submission: Submission, change: FamilyChange, seen: str, actor: User) -> str:
    """Why it was not possible; empty when it was."""
    try:
        version, _old, package = _changed(submission, change)
        if version.digest != seen:
            return _("The form holds another package by now: look at the change again.")
        put_package(submission, [(FILE_NAME, package.canonical_bytes())], actor=actor)
    except CannotChange as error:
        return str(error)
    except PortalError as error:
        return error.message
    return ""


def put_package(submission: Submission, files: Sequence[tuple[str, bytes]], *, actor: User) -> Version:
    """Upload files and choose what they make, if the form still holds what `submission` says it does."""
    upload = receive_upload(submission.connector, files=files, actor=actor)
    if upload.version is None:
        messages = [str(each["message"]) for each in upload.problems if each.get("refuses")]
        raise InvalidInput(_("The package was refused. %(why)s") % {"why": " ".join(messages[:2])})
    with transaction.atomic():
        row = drafts.editable(submission)
        if row.version_id != submission.version_id:
            raise Conflict(_("The form holds another package by now: look at the change again."))
        drafts.choose_package(submission, version=upload.version, actor=actor)
    return upload.version


def submit_family(family: SubmissionFamily, *, actor: User) -> int:
    """Hand in every member that is with its team, all or none; returns how many.

    Raises Blocked with everything that has to be done first, by connector.
    """
    require(can_edit_family, actor, family)
    waiting = [each for each in members_of(family) if each.is_editable]
    if not waiting:
        raise Conflict(_("Every connector of this family was handed in already."))
    blockers = [
        f"{each.connector} ({each.reference}): {blocker.text}"
        for each in waiting
        for blocker in readiness(each, by=actor)
    ]
    if blockers:
        raise Blocked(_("Some connectors are not ready yet."), blockers=blockers)
    with transaction.atomic():
        # Always in the same order: two people who hand in at once wait for each other instead of blocking.
        for each in sorted(waiting, key=lambda found: found.connector_id):
            submissions.submit(each, actor=actor)
        moment = family.submitted_at or timezone.now()
        SubmissionFamily.objects.filter(pk=family.pk).update(submitted_at=moment)
        audit.record(
            "submissionfamily.submit",
            family,
            actor=actor,
            about=[family.publisher],
            data={"count": len(waiting)},
        )
    family.submitted_at = moment
    return len(waiting)


def most_bytes() -> int:
    """An upload with several packages, in bytes."""
    return int(settings.MAX_UPLOAD_BYTES)


def references(outcomes: Iterable[MemberOutcome]) -> list[str]:
    """One sentence for each member that something stood in the way of."""
    return [f"{each.connector} ({each.reference}): {each.problem}" for each in outcomes if each.problem]
