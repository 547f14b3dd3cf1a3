"""What every letter is made of: its objects, facts and address, and how they are found."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.conf import settings
from django.urls import reverse

from certification.models import MailText, Rollout, Submission
from certification.queries.documentation import products_of
from connectors.models import (
    Connector,
    Publisher,
)
from portal.accounts.models import User
from portal.shared.secrets import Secret
from portal.shared.words import lazy as _
from portal.shared.words import lazy_format

SECRET_MARK = "private-key-of-this-mail"  # noqa: S105 - the mark, not the key
"""Stands in the stored message where the mail itself carries a one-time key."""


@dataclass
class Letter:
    """Everything a message can speak of.

    `facts` are (label, value); a datetime is shown in the reader's zone when the message is rendered for a
    person. `text` is the wording that an administrator gave this kind of mail. `secret` takes the place of
    SECRET_MARK when the mail leaves.
    """

    event: str
    subject_object: Any
    publisher: Publisher | None = None
    connector: Connector | None = None
    submission: Submission | None = None
    person: User | None = None
    address: str = ""
    actor: User | None = None
    reason: str = ""
    url: str = ""
    is_private: bool = False
    secret: Secret | None = None
    text: MailText | None = None
    facts: list[tuple[str, Any]] = field(default_factory=list)
    names: dict[str, Any] = field(default_factory=dict)

    @property
    def actor_name(self) -> str:
        return self.actor.name if self.actor else _("The portal")


@dataclass(frozen=True)
class NewDate:
    """A date that moved, shown as the new one with the old one behind it."""

    old_at: datetime
    new_at: datetime


class NothingToTell(Exception):
    """The event's object is gone, or the event is not for people in this case."""


def absolute(path: str) -> str:
    return f"{settings.SITE_URL}{path}"


def address_of(name: str, *args: Any) -> str:
    return reverse(name, args=args)


def fetch(model: Any, payload: dict[str, str], *related: str) -> Any:
    found = model._base_manager.select_related(*related).filter(pk=payload["id"]).first()
    if found is None:
        raise NothingToTell
    return found


def about_submission(letter: Letter, submission: Submission) -> Letter:
    letter.submission = submission
    letter.connector = submission.connector
    letter.publisher = submission.connector.publisher
    letter.url = letter.url or address_of("submission_detail", submission.pk)
    letter.names.setdefault("version", submission.version)
    letter.facts.insert(0, (_("Submission"), f"{submission.reference}, {submission.connector.name}"))
    return letter


def about_connector(letter: Letter, connector: Connector) -> Letter:
    letter.connector, letter.publisher = connector, connector.publisher
    letter.facts = [(_("Connector"), connector.name), (_("Publisher"), connector.publisher.name)]
    return letter


def about_documentation(letter: Letter, rollout: Rollout) -> Letter:
    """Where users read of what is live now: the page, its permanent address, the regions, the products."""
    connector, version = rollout.connector, rollout.version
    if not connector.is_listed:
        return letter
    page = absolute(address_of("documentation_page", connector.slug))
    fixed = absolute(address_of("documentation_version", connector.slug, version.number))
    regions = absolute(address_of("public_connector", connector.slug))
    letter.names["documentation_url"] = page
    letter.facts += [
        (_("Documentation"), page),
        (lazy_format(_("The same of {version}, for good"), version=version.label), fixed),
        (_("Where it is live"), regions),
        *(
            (lazy_format(_("Tried in the {product}"), product=product.name), f"{page}#availability")
            for product in products_of(version)
        ),
    ]
    return letter
