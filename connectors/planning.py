"""The planning checklist: what to have ready before the first submission. Data, in the order it is shown."""

from __future__ import annotations

from dataclasses import dataclass

from portal.shared.words import lazy as _


@dataclass(frozen=True, slots=True)
class ChecklistItem:
    """`key` is stored with the time it was ticked; `help` says how to get there."""

    key: str
    title: str
    help: str


CHECKLIST: tuple[ChecklistItem, ...] = (
    ChecklistItem(
        "backend-in-production",
        _("The backend runs in production"),
        _("Reviewers and users call the host in the definition. Staging and test hosts are refused."),
    ),
    ChecklistItem(
        "domain-owned",
        _("You own the backend's domain"),
        _(
            "Or the owner has agreed in writing. The domain must stay registered as long as the "
            "connector lives."
        ),
    ),
    ChecklistItem(
        "definition-complete",
        _("Every operation is described"),
        _("Summary of up to 80 characters, description as a full sentence, and a response schema for each."),
    ),
    ChecklistItem(
        "ten-calls",
        _("10 successful calls of every operation"),
        _("Made with the definition you will submit, against the production backend."),
    ),
    ChecklistItem(
        "test-account",
        _("A test account is ready"),
        _("Sample data, no second factor, valid for at least four weeks. Reviewers sign in with it."),
    ),
    ChecklistItem(
        "icon",
        _("The icon is 230 x 230 pixels"),
        _(
            "PNG with the logo in the middle 160 x 160, on one colour that is neither white nor "
            "transparent and "
            "equals iconBrandColor."
        ),
    ),
    ChecklistItem(
        "intro",
        _("intro.md tells people how to start"),
        _("What it does, prerequisites, how to get credentials, first steps, known issues, common errors."),
    ),
    ChecklistItem(
        "public-pages",
        _("Website and privacy policy are online"),
        _("Both addresses are part of the definition's metadata and are opened during review."),
    ),
    ChecklistItem(
        "support",
        _("Somebody reads the support address"),
        _("A shared mailbox is best: it survives holidays and changes of job."),
    ),
)
CHECKLIST_KEYS = frozenset(item.key for item in CHECKLIST)
