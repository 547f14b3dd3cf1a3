"""What still stands between a draft and its submission. The page shows it, the service refuses by it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from certification.models import Submission, TestCredential
from certification.queries import validation as verdicts
from certification.queries.agreements import is_missing_for
from certification.queries.rulebook import named_rule
from certification.rules.checks.listing import CATEGORIES
from connectors.models import Upload
from connectors.package_records import sign_in_names
from portal.accounts.models import User
from portal.shared.words import in_sentence
from portal.shared.words import lazy as _lazy

REQUIRED_CONTACTS = {"primary": _lazy("Primary contact"), "support": _lazy("Support")}
MOST_CATEGORIES = 2
SHORTEST_INTRO = 80
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
# Authentication kinds of a package -> the credential kinds a tester can sign in with.
_USABLE: dict[str, tuple[str, ...]] = {
    "api_key": ("api_key",),
    "basic": ("basic",),
    "oauth2": ("oauth2", "account"),
    "windows": ("basic", "account"),
    "certificate": ("account",),
    "gateway": ("basic", "account"),
}


class Place(StrEnum):
    """The part of the form where a blocker is removed."""

    PACKAGE = "package"
    KIND = "kind"
    CONTACTS = "contacts"
    CATEGORIES = "categories"
    NOTES = "notes"
    INTRO = "intro"
    CREDENTIALS = "credentials"
    FINDINGS = "findings"
    CONNECTOR = "connector"
    AGREEMENT = "agreement"


@dataclass(frozen=True, slots=True)
class Blocker:
    """One thing that has to be done first. `code` is for programs, `text` for people, `place` says where."""

    code: str
    text: str
    place: Place


def readiness(submission: Submission, *, by: User | None = None) -> list[Blocker]:
    """Everything that blocks, in the order of the form; empty when it can be handed in. `by` is whoever wants
    to hand it in, where that matters."""
    return [
        *(_agreement(submission, by) if by else ()),
        *_connector(submission),
        *_package(submission),
        *_kind(submission),
        *_contacts(submission),
        *_categories(submission),
        *_texts(submission),
        *_credentials(submission),
        *_findings(submission),
    ]


def _agreement(submission: Submission, by: User) -> Iterator[Blocker]:
    if is_missing_for(by, submission.connector.publisher):
        text = _("Neither you nor your team has signed the contributor agreement.")
        yield Blocker("agreement-missing", text, Place.AGREEMENT)


def _connector(submission: Submission) -> Iterator[Blocker]:
    state = submission.connector.state
    if state in {"retired", "cancelled"}:
        label = in_sentence(submission.connector.get_state_display())
        yield Blocker(
            "connector-closed",
            _("The connector is %(label)s: nothing can be certified.") % {"label": label},
            Place.CONNECTOR,
        )


def _package(submission: Submission) -> Iterator[Blocker]:
    uploads = Upload.objects.filter(connector_id=submission.connector_id)
    latest = uploads.order_by("-received_at").first()
    chosen_at = submission.package_chosen_at
    if latest and latest.state == Upload.State.REFUSED and (not chosen_at or latest.received_at > chosen_at):
        kept = _(" Choose the earlier package again to go on with it.") if submission.version_id else ""
        text = _("The upload “%(filename)s” was refused: correct it and upload it again.%(kept)s") % {
            "filename": latest.filename,
            "kept": kept,
        }
        yield Blocker("upload-refused", text, Place.PACKAGE)
    elif submission.version_id is None:
        yield Blocker(
            "package-missing", _("No package yet: upload one, or choose one of the connector."), Place.PACKAGE
        )
    if submission.version_id and submission.version_id == submission.connector.live_version_id:
        text = _("This package is live already: upload what changed.")
        yield Blocker("package-already-live", text, Place.PACKAGE)


def _kind(submission: Submission) -> Iterator[Blocker]:
    is_live = submission.connector.live_version_id is not None
    if submission.kind == Submission.Kind.NEW and is_live:
        text = _("The connector is live already: submit an update or a hotfix.")
        yield Blocker("kind-not-new", text, Place.KIND)
    if submission.kind != Submission.Kind.NEW and not is_live:
        text = _("Nothing of this connector is live yet: submit it as new.")
        yield Blocker("kind-not-update", text, Place.KIND)


def _contacts(submission: Submission) -> Iterator[Blocker]:
    by_role = {contact.get("role"): contact for contact in submission.contacts}
    for role, label in REQUIRED_CONTACTS.items():
        contact = by_role.get(role)
        if not contact or not contact.get("name") or not contact.get("email"):
            yield Blocker(
                f"contact-{role}-missing",
                _("%(label)s: name and e-mail are missing.") % {"label": label},
                Place.CONTACTS,
            )
    for contact in submission.contacts:
        address = contact.get("email", "")
        if address and not _ADDRESS.fullmatch(address):
            yield Blocker(
                "contact-email",
                _("“%(address)s” is not an e-mail address.") % {"address": address},
                Place.CONTACTS,
            )


def _categories(submission: Submission) -> Iterator[Blocker]:
    if not submission.categories:
        yield Blocker("categories-missing", _("Choose one or two categories."), Place.CATEGORIES)
    elif len(submission.categories) > MOST_CATEGORIES:
        yield Blocker("categories-too-many", _("Choose at most two categories."), Place.CATEGORIES)
    for name in submission.categories:
        if name not in CATEGORIES:
            yield Blocker(
                "category-unknown",
                _("“%(name)s” is not one of the categories.") % {"name": name},
                Place.CATEGORIES,
            )


def _texts(submission: Submission) -> Iterator[Blocker]:
    if not submission.tester_notes.strip():
        text = _("Tell testers what they need: environment, sample data, steps.")
        yield Blocker("tester-notes-missing", text, Place.NOTES)
    if submission.kind != Submission.Kind.NEW and not submission.change_notes.strip():
        yield Blocker("change-notes-missing", _("Say what changed since the live version."), Place.NOTES)
    if not submission.intro.strip():
        text = _("The introduction (intro.md) is missing: makers read it before they connect.")
        yield Blocker("intro-missing", text, Place.INTRO)
    elif len(submission.intro.strip()) < SHORTEST_INTRO:
        text = _(
            "The introduction has under %(shortest_intro)s characters: say what it does and how to sign in."
        ) % {"shortest_intro": SHORTEST_INTRO}
        yield Blocker("intro-too-short", text, Place.INTRO)


def _credentials(submission: Submission) -> Iterator[Blocker]:
    stored = list(TestCredential.objects.filter(submission=submission).defer("fields"))
    today = timezone.now().date()
    for credential in stored:
        if credential.expires_on and credential.expires_on < today:
            text = _("The test credential “%(purpose)s” expired: replace it or delete it.") % {
                "purpose": credential.purpose
            }
            yield Blocker("credential-expired", text, Place.CREDENTIALS)
    facts = submission.version.facts if submission.version else {}
    usable = {credential.kind for credential in stored}
    kinds = [kind for kind in facts.get("authentication", ()) if kind in _USABLE]
    # One way to sign in is enough to test with, whichever of the offered ones it is.
    if kinds and not any(usable & {*_USABLE[kind]} for kind in kinds):
        labels = _(" or ").join(sign_in_names(kinds))
        text = _(
            "Testers cannot sign in: the package uses %(labels)s, and there is no test credential for it."
        ) % {"labels": labels}
        yield Blocker("credential-missing", text, Place.CREDENTIALS)


def _findings(submission: Submission) -> Iterator[Blocker]:
    if submission.version is None:
        return
    validation = verdicts.known_validation(submission, submission.version)
    if validation is None:
        return
    for rule, count in verdicts.blocking_rules(submission, validation).items():
        places = ngettext("%(n)s place", "%(n)s places", count) % {"n": count}
        way = _("acknowledge it") if verdicts.is_acknowledgeable(rule) else _("ask for a waiver")
        text = _("%(rule)s, in %(places)s: correct it, or %(way)s.") % {
            "rule": named_rule(rule),
            "places": places,
            "way": way,
        }
        yield Blocker("validation-error", text, Place.FINDINGS)
    for rule in verdicts.unanswered_warnings(submission, validation):
        text = _("%(rule)s: correct it, or write a note why it stays.") % {"rule": named_rule(rule)}
        yield Blocker("warning-without-note", text, Place.FINDINGS)
