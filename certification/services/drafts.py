"""What the form of a submission holds: saving without losing anybody's words, and choosing the package."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from certification.models import Submission
from certification.policies import can_edit_submission
from certification.queries.readiness import MOST_CATEGORIES
from certification.rules.checks.listing import CATEGORIES
from connectors.definitions import read_archive
from connectors.models import Connector, Version
from portal.accounts.models import User
from portal.shared import audit, outbox, storage
from portal.shared.errors import Conflict, IllegalTransition, InvalidInput
from portal.shared.policy import require
from portal.shared.words import lazy as _lazy

FORM_FIELDS = ("kind", "contacts", "categories", "tester_notes", "change_notes", "intro")
CONTACT_ROLES = {
    "primary": "Primary",
    "support": "Support",
    "security": "Security",
    "engineering": "Engineering",
    "marketing": "Marketing",
}
MOST_CONTACTS = 8
LONGEST = {"tester_notes": 20_000, "change_notes": 20_000, "intro": 100_000}


class DraftChanged(Conflict):
    """Somebody saved meanwhile. `stored` is what they saved, `typed` what this writer typed: neither is lost.

    `fields` names what differs between the two.
    """

    code = "draft-changed"

    def __init__(self, stored: Submission, typed: Mapping[str, Any], fields: Iterable[str]) -> None:
        super().__init__(
            _(
                "Somebody saved this draft while you were typing. Nothing is lost: compare both and "
                "save again."
            )
        )
        self.stored = stored
        self.typed = dict(typed)
        self.fields = list(fields)


def first_contacts(connector: Connector, actor: User) -> list[dict[str, str]]:
    """What the form of a connector's first submission proposes."""
    support = connector.publisher.support_email
    found = [{"role": "primary", "name": actor.name, "email": actor.email}]
    if support:
        found.append(
            {
                "role": "support",
                "name": _("%(publisher)s support") % {"publisher": connector.publisher},
                "email": support,
            }
        )
    return found


def save_draft(
    submission: Submission, *, fields: Mapping[str, Any], edit_count: int, actor: User
) -> Submission:
    """Write the given fields of the form (a subset of FORM_FIELDS).

    `edit_count` is the one the writer started from. Raises DraftChanged when somebody else saved other words
    since, IllegalTransition when the form is closed, InvalidInput for what can never be handed in.
    """
    require(can_edit_submission, actor, submission)
    wanted = _cleaned(fields)
    with transaction.atomic():
        row = editable(submission)
        differing = [name for name, value in wanted.items() if getattr(row, name) != value]
        if differing and edit_count != row.edit_count:
            raise DraftChanged(row, wanted, differing)
        if "kind" in differing and row.revision_id:
            text = _("The kind is fixed once the submission was handed in.")
            raise InvalidInput(text, fields={"kind": [text]})
        if differing:
            for name in differing:
                setattr(row, name, wanted[name])
            row.edit_count += 1
            row.save(update_fields=[*differing, "edit_count"])
            if "kind" in differing:
                _emit_check(row)
    submission.refresh_from_db()
    return row


def editable(submission: Submission) -> Submission:
    """The locked row, if its form can be changed now. Call in a transaction."""
    row = (
        Submission.objects.select_for_update(of=("self",))
        .select_related("connector__publisher", "version")
        .get(pk=submission.pk)
    )
    if not row.is_editable:
        label = row.get_state_display()
        raise IllegalTransition(
            _("%(reference)s is “%(label)s” now: its form cannot be changed until it comes back.")
            % {"reference": row.reference, "label": label}
        )
    return row


def package_in_form(
    submission: Submission,
    *,
    empty: str,
    closed: str = _lazy(
        "%(reference)s is “%(label)s” now: its package cannot be changed until it comes back."
    ),
) -> Version:
    """The package that a deed is going to change. Raises IllegalTransition when the form cannot be
    changed now (`closed`, with %(reference)s and %(label)s), Conflict (`empty`) when it holds none."""
    if not submission.is_editable:
        label = submission.get_state_display()
        raise IllegalTransition(closed % {"reference": submission.reference, "label": label})
    if submission.version is None:
        raise Conflict(empty)
    return submission.version


def replace_package(
    submission: Submission, *, old: Version, new: Version | None, changed: Conflict, made: str, actor: User
) -> tuple[Submission, Version]:
    """Put what became of `old` into the form; returns the locked row and the new version. Call in a
    transaction, after the upload.

    Raises InvalidInput when the upload was refused (`made` says what it was), and `changed` when the form
    holds another package than `old` by now.
    """
    if new is None:
        raise InvalidInput(
            _("The %(made)s package was not accepted, so the form still holds the one before.")
            % {"made": made}
        )
    row = editable(submission)
    if row.version_id != old.pk:
        raise changed
    choose_package(submission, version=new, actor=actor)
    return row, new


def _cleaned(fields: Mapping[str, Any]) -> dict[str, Any]:
    unknown = set(fields) - set(FORM_FIELDS)
    if unknown:
        raise InvalidInput(_("There is no field %(join)s.") % {"join": ", ".join(sorted(unknown))})
    cleaned = dict(fields)
    problems: dict[str, list[str]] = {}
    for name, limit in LONGEST.items():
        if name in cleaned:
            # Browsers send CRLF; what is stored and compared has one kind of line end.
            cleaned[name] = str(cleaned[name]).replace("\r\n", "\n").replace("\0", "")
            if len(cleaned[name]) > limit:
                problems[name] = [
                    _("At most %(most)s characters.") % {"most": number_format(limit, force_grouping=True)}
                ]
    if "kind" in cleaned and cleaned["kind"] not in Submission.Kind.values:
        problems["kind"] = [_("Choose one of the kinds.")]
    if "categories" in cleaned:
        cleaned["categories"] = list(dict.fromkeys(cleaned["categories"]))
        if odd := sorted(set(cleaned["categories"]) - set(CATEGORIES)):
            problems["categories"] = [
                _("“%(name)s” is no category. There are: %(names)s.")
                % {"name": odd[0], "names": ", ".join(sorted(CATEGORIES))}
            ]
        elif len(cleaned["categories"]) > MOST_CATEGORIES:
            problems["categories"] = [_("Choose at most %(most)s.") % {"most": MOST_CATEGORIES}]
    if "contacts" in cleaned:
        cleaned["contacts"] = [_contact(entry) for entry in cleaned["contacts"] if _is_filled(entry)]
        if len(cleaned["contacts"]) > MOST_CONTACTS:
            problems["contacts"] = [_("At most %(most)s contacts.") % {"most": MOST_CONTACTS}]
        elif any(contact["role"] not in CONTACT_ROLES for contact in cleaned["contacts"]):
            problems["contacts"] = [_("Choose a role from the list for each contact.")]
    if problems:
        raise InvalidInput(_("Some fields cannot be saved as they are."), fields=problems)
    return cleaned


def _is_filled(entry: Mapping[str, str]) -> bool:
    return bool(entry.get("name", "").strip() or entry.get("email", "").strip())


def _contact(entry: Mapping[str, str]) -> dict[str, str]:
    return {name: str(entry.get(name, "")).strip()[:254] for name in ("role", "name", "email")}


def choose_package(submission: Submission, *, version: Version, actor: User) -> None:
    """Put a package of the connector into the form and have it checked.

    Categories and introduction are filled from it where the form has none.
    """
    require(can_edit_submission, actor, submission)
    if version.connector_id != submission.connector_id:
        raise InvalidInput(_("That package belongs to another connector."))
    proposals: dict[str, Any] = {} if submission.intro.strip() else {"intro": _intro_of(version)}
    with transaction.atomic():
        row = editable(submission)
        if not row.categories:
            listed = [name for name in version.facts.get("categories", ()) if name in CATEGORIES]
            proposals["categories"] = listed[:MOST_CATEGORIES]
        changes = {name: value for name, value in proposals.items() if value and not getattr(row, name)}
        row.version, row.package_chosen_at = version, timezone.now()
        for name, value in changes.items():
            setattr(row, name, value)
        row.edit_count += 1 if changes else 0
        row.save(update_fields=["version", "package_chosen_at", "edit_count", *changes])
        audit.record(
            "submission.choose_package",
            row,
            actor=actor,
            about=[row.connector],
            data={"version": version.label, "digest": version.digest},
        )
        _emit_check(row)
    submission.refresh_from_db()


def _intro_of(version: Version) -> str:
    """The text of the package's own intro.md, if its bytes are there and hold one."""
    try:
        package = read_archive(storage.load(version.digest))
    except (FileNotFoundError, storage.StoredBytesDamaged):
        return ""
    return package.intro.text[: LONGEST["intro"]] if package.intro else ""


def check_package(submission: Submission, *, actor: User) -> None:
    """Have the draft's package checked now, without handing it in; a check that waits already is enough."""
    require(can_edit_submission, actor, submission)
    with transaction.atomic():
        row = editable(submission)
        if row.version_id is None:
            raise Conflict(_("There is no package to check yet: upload one first."))
        _emit_check(row)


def _emit_check(submission: Submission) -> None:
    from certification.queries.validation import is_being_checked

    if submission.version_id and not is_being_checked(submission):
        outbox.emit("submission.check", id=str(submission.pk))
