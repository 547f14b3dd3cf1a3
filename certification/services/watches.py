"""Region subscriptions: asked for by anybody, confirmed by mail, told once, forgotten soon after."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from django.core import signing
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from certification.models import RegionDeployment, RegionWatch
from certification.queries.public import public_connectors
from connectors.models import Connector, Region, Version
from portal.accounts.models import User
from portal.shared import outbox
from portal.shared.actors import Actor
from portal.shared.errors import Blocked, InvalidInput

CONFIRM_WITHIN = dt.timedelta(days=2)
KEPT_AFTER_MAIL = dt.timedelta(days=30)
LONGEST_WAIT = dt.timedelta(days=365)
QUESTIONS_A_DAY = 5
"""Confirmation mails to one address within a day, whoever asks."""
_AGAIN_AFTER = dt.timedelta(hours=1)
_CONFIRM, _LEAVE = "regionwatch.confirm", "regionwatch.leave"


def ask(
    connector: Connector, region: Region, version: Version | None, *, address: str, actor: Actor
) -> RegionWatch | None:
    """Ask to be told. A person who is signed in is told at their own address, which is confirmed already.

    For anybody else the answer is always the same, whether the address is known, has asked before or has
    asked too often: None tells the caller only that no mail goes out now.
    """
    person = actor if isinstance(actor, User) else None
    email = person.email if person else _checked(address)
    now = timezone.now()
    with transaction.atomic():
        if not person and _is_too_much(email, connector, region, now):
            return None
        watch, _ = RegionWatch.objects.update_or_create(
            connector=connector,
            region=region,
            address=email,
            told_at=None,
            defaults={
                "version": version,
                "user": person,
                "asked_at": now,
                "ends_at": now + (LONGEST_WAIT if person else CONFIRM_WITHIN),
                **({"confirmed_at": now} if person else {}),
            },
        )
        if not person:
            outbox.emit("regionwatch.ask", id=str(watch.pk))
    return watch


def _checked(address: str) -> str:
    email = address.strip().lower()
    try:
        validate_email(email)
    except ValidationError:
        text = _("Write an e-mail address such as ada@example.com.")
        raise InvalidInput(text, fields={"address": [text]}) from None
    return email


def _is_too_much(email: str, connector: Connector, region: Region, now: dt.datetime) -> bool:
    """Asked just now, confirmed already, or asked for too much in a day."""
    mine = RegionWatch.objects.filter(address=email)
    same = mine.filter(connector=connector, region=region, told_at=None)
    if same.filter(Q(confirmed_at__isnull=False) | Q(asked_at__gt=now - _AGAIN_AFTER)).exists():
        return True
    return mine.filter(asked_at__gt=now - dt.timedelta(days=1)).count() >= QUESTIONS_A_DAY


def confirm(token: str, *, actor: Actor) -> RegionWatch:
    """The address's owner followed the link of the mail. Doing it twice changes nothing."""
    watch = _of_token(token, _CONFIRM, CONFIRM_WITHIN)
    now = timezone.now()
    with transaction.atomic():
        RegionWatch.objects.filter(pk=watch.pk, confirmed_at=None).update(
            confirmed_at=now, ends_at=now + LONGEST_WAIT
        )
    watch.refresh_from_db()
    return watch


def leave(token: str, *, actor: Actor) -> None:
    """Forget the address, and every message to it. Doing it twice is fine."""
    try:
        watch = _of_token(token, _LEAVE, None)
    except Blocked:
        return
    watch.delete()


def watch_of(token: str) -> RegionWatch:
    """The subscription that a confirmation link is about. Raises `Blocked` when the link is of no use."""
    return _of_token(token, _CONFIRM, CONFIRM_WITHIN)


def is_leaving(token: str) -> bool:
    """Whether the link to unsubscribe is one of ours, whatever became of the subscription."""
    try:
        signing.loads(token, salt=_LEAVE)
    except signing.BadSignature:
        return False
    return True


def _of_token(token: str, salt: str, within: dt.timedelta | None) -> RegionWatch:
    try:
        pk = signing.loads(token, salt=salt, max_age=within)
    except signing.BadSignature:
        raise Blocked(_("This link has run out: ask again on the connector's page.")) from None
    found = RegionWatch.objects.select_related("connector", "region", "version").filter(pk=pk).first()
    if found is None:
        raise Blocked(_("This subscription is over: ask again on the connector's page."))
    return found


def confirmation_token(watch: RegionWatch) -> str:
    return signing.dumps(str(watch.pk), salt=_CONFIRM)


def leaving_token(watch: RegionWatch) -> str:
    return signing.dumps(str(watch.pk), salt=_LEAVE)


def tell_of_arrival(deployment_id: str) -> int:
    """A region was verified: tell those who asked, once each; returns how many are told."""
    row = RegionDeployment.objects.only("rollout", "connector", "region", "version", "action", "state").get(
        pk=deployment_id
    )
    waiting = RegionWatch.objects.filter(connector=row.connector_id, region=row.region_id, told_at=None)
    if row.rollout_id is None or row.action != "deploy" or not waiting.exists():
        return 0
    if row.version is None or not row.region.is_production:
        return 0
    if row.state != "verified" or not public_connectors().filter(pk=row.connector_id).exists():
        return 0
    now = timezone.now()
    wanted = Q(version=None) | Q(version__number__lte=row.version.number)
    with transaction.atomic():
        watches = list(
            RegionWatch.objects.select_for_update(of=("self",)).filter(
                wanted,
                connector=row.connector_id,
                region=row.region_id,
                confirmed_at__isnull=False,
                told_at=None,
            )
        )
        RegionWatch.objects.filter(pk__in=[watch.pk for watch in watches]).update(
            told_at=now, ends_at=now + KEPT_AFTER_MAIL, version=row.version
        )
        for watch in watches:
            outbox.emit("regionwatch.arrive", id=str(watch.pk))
    return len(watches)


def forget_ended() -> int:
    """A tick: delete what is over, with the address and the messages to it."""
    deleted, _ = RegionWatch.objects.filter(ends_at__lte=timezone.now()).delete()
    return deleted


def open_regions(connector_id: UUID, user: User) -> set[str]:
    """The regions of a connector that a signed-in person waits for."""
    found = RegionWatch.objects.filter(connector=connector_id, user=user, told_at=None)
    return set(found.values_list("region_id", flat=True))
