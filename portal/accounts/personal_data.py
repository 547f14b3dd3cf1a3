"""Everything the portal holds about a person, for that person: a zip with one JSON file a table.

The tables are found through their columns, so that a new one cannot be forgotten. Rows that are the person's
own are given whole; of the others, which belong to teams too, only where and when the person is named, and
what they wrote themselves. Secrets are in neither.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from allauth.account.models import EmailAddress
from django.apps import apps
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction

from portal.accounts.models import User
from portal.shared import audit
from portal.shared.secrets import EncryptedJSONField

_IN_MEMORY_BYTES = 4 * 1024 * 1024
_CHUNK = 500
# Tables whose rows belong to the person alone -> columns that are secrets, or say the same again as HTML.
OWN: dict[str, tuple[str, ...]] = {
    "accounts.user": ("password",),
    "accounts.apitoken": ("digest",),
    "accounts.devicesignin": ("device_digest", "user_digest"),
    "accounts.calendarfeed": ("digest",),
    "accounts.notificationpreference": (),
    "account.emailaddress": (),
    "mfa.authenticator": ("data",),
    "socialaccount.socialaccount": (),
    "usersessions.usersession": ("session_key", "data"),
    "connectors.membership": (),
    "certification.notification": ("sealed", "body_html", "message_id", "dedupe_key"),
}
# What people write, by table: their own words belong to them wherever these stand.
WORDS: dict[str, tuple[str, ...]] = {
    "certification.comment": ("body",),
    "certification.decision": ("verdict", "reasons"),
    "certification.revision": ("change_notes",),
    "shared.auditrecord": ("action", "object_key", "reason"),
}


def archive_of(*, actor: User) -> IO[bytes]:
    """A zip file, open at its beginning; larger ones lie on disk until they are closed."""
    file: IO[bytes] = SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115 - the answer closes it
    with transaction.atomic():
        audit.record("user.download_data", actor, actor=actor)
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for model in apps.get_models():
                _add(archive, model, actor)
    file.seek(0)
    return file


def _add(archive: zipfile.ZipFile, model: type[models.Model], person: User) -> None:
    found = rows_about(model, person)
    if found is None or not found.exists():
        return
    with archive.open(f"{model._meta.label_lower}.json", "w") as target:
        separator = b"[\n"
        for row in found.iterator(chunk_size=_CHUNK):
            target.write(separator + json.dumps(row, cls=DjangoJSONEncoder, ensure_ascii=False).encode())
            separator = b",\n"
        target.write(b"\n]\n")


def rows_about(model: type[models.Model], person: User) -> models.QuerySet[Any, dict[str, Any]] | None:
    """The rows of a table that name the person, as what is given out of them; None where nothing can."""
    pointing = [field for field in model._meta.local_concrete_fields if field.related_model is User]
    addressed = [field for field in model._meta.local_concrete_fields if isinstance(field, models.EmailField)]
    addresses = _addresses(person)
    named = models.Q()
    for field in pointing:
        named |= models.Q(**{field.name: person.pk})
    for field in addressed:
        named |= models.Q(**{f"{field.name}__in": addresses})
    if model is User:
        named = models.Q(pk=person.pk)
    if not named:
        return None
    columns = list(_given(model))
    return model._default_manager.filter(named).order_by("pk").values(*columns)


def _addresses(person: User) -> list[str]:
    """All that were ever confirmed as theirs; what somebody only claimed does not open others' rows."""
    confirmed = EmailAddress.objects.filter(user=person, verified=True).values_list("email", flat=True)
    return sorted({person.email, *confirmed})


def _given(model: type[models.Model]) -> Iterator[str]:
    label = model._meta.label_lower
    for field in model._meta.local_concrete_fields:
        if isinstance(field, (EncryptedJSONField, models.BinaryField)) or field.name in OWN.get(label, ()):
            continue
        is_plain = field.primary_key or isinstance(field, models.DateField)
        names_people = isinstance(field, models.EmailField) and label in OWN
        if label in OWN or is_plain or names_people or field.name in WORDS.get(label, ()):
            yield field.attname
