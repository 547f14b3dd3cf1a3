"""Taking names and addresses of a person out of every text the database holds.

Tables and columns are found through the models, so that a new one cannot be forgotten. Addresses go wherever
they stand; names only where the caller says that the person is known, because other things have names too.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import quote, quote_plus

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models, transaction
from django.db.models import Q
from django.db.models.functions import Cast

from portal.shared.audit_erasing import erase
from portal.shared.models import AuditRecord
from portal.shared.secrets import EncryptedJSONField

BATCH = 200
DONE = ""
"""The place behind the last row of a table: it is not searched again."""
# Nothing that could belong to a longer address, or to a longer word, stands before or after; an encoded
# character may.
_BEFORE_ADDRESS, _AFTER_ADDRESS = r"(?:(?<![\w.+-])|(?<=%[0-9A-Fa-f]{2}))", r"(?![\w-]|\.\w)"
_BEFORE_NAME, _AFTER_NAME = r"(?<!\w)", r"(?!\w)"


@dataclass(frozen=True)
class Words:
    """What goes, and what takes its place. Names of one word (`short`) go in fewer tables."""

    addresses: Sequence[str]
    names: Sequence[str]
    short: Sequence[str]
    address: str
    name: str

    def change(self, value: Any, *, names: bool = True, short: bool = False) -> Any:
        """`value` (text, or plain JSON) without them; the same where there is nothing to take away."""
        if isinstance(value, str):
            return self._text(value, names=names, short=short)
        if isinstance(value, dict):
            return {
                self.change(key, names=names, short=short): self.change(each, names=names, short=short)
                for key, each in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [self.change(each, names=names, short=short) for each in value]
        return value

    def _text(self, value: str, *, names: bool, short: bool) -> str:
        for pattern, place in self._patterns(names=names, short=short):
            value = pattern.sub(place, value)
        return value

    def _patterns(self, *, names: bool, short: bool) -> Iterator[tuple[re.Pattern[str], str]]:
        yield from self._address_patterns
        if names:
            yield from self._name_patterns
        if short:
            yield from self._short_patterns

    @cached_property
    def _address_patterns(self) -> list[tuple[re.Pattern[str], str]]:
        return _compiled(self.addresses, self.address, _BEFORE_ADDRESS, _AFTER_ADDRESS, re.IGNORECASE)

    @cached_property
    def _name_patterns(self) -> list[tuple[re.Pattern[str], str]]:
        return _compiled(self.names, self.name, _BEFORE_NAME, _AFTER_NAME, re.IGNORECASE)

    @cached_property
    def _short_patterns(self) -> list[tuple[re.Pattern[str], str]]:
        # As it is written: "Owner" is a name, "owner" a role.
        return _compiled(self.short, self.name, _BEFORE_NAME, _AFTER_NAME, 0)


def _compiled(
    words: Sequence[str], place: str, before: str, after: str, flags: int
) -> list[tuple[re.Pattern[str], str]]:
    forms = sorted({form for word in words for form in _forms(word)}, key=len, reverse=True)
    if not forms:
        return []
    # A mail's lines are folded between words.
    either = "|".join(r"\s+".join(map(re.escape, form.split(" "))) for form in forms)
    return [(re.compile(f"{before}(?:{either}){after}", flags), place.replace("\\", ""))]


def _forms(word: str) -> set[str]:
    """A word as it may stand in a text: plain, in HTML, in JSON, in an address of a page."""
    escaped = html.escape(word).replace("&#x27;", "&#39;")
    inside = json.dumps(word)[1:-1]
    return {word, html.escape(word), escaped, inside, quote(word, safe=""), quote_plus(word)}


@dataclass
class Places:
    """Where names are names. `models` maps a label to rows (a `Q`) in which names go; `short` are labels of
    tables that the portal itself writes, where names of one word go as well. `kept` are labels left alone."""

    names: Mapping[str, Q]
    short: frozenset[str]
    kept: frozenset[str]


@dataclass(frozen=True)
class Step:
    """One batch: `last` is the place to go on behind, DONE when nothing is left; `count` how many rows were
    changed."""

    label: str
    last: str
    count: int


@dataclass
class Sweep:
    """One pass over all tables; `after` says how far it came: label -> place, DONE for a table that is."""

    words: Words
    places: Places
    after: Mapping[str, str] = field(default_factory=dict)

    def steps(self, model: type[models.Model]) -> Iterator[Step]:
        """Change a table batch by batch, each in a transaction that is committed before the next begins."""
        label = model._meta.label_lower
        columns = text_columns(model)
        last: Any = self.after.get(label)
        while columns and last != DONE:
            rows, count = self._batch(model, columns, last)
            last = rows[-1] if rows else DONE
            yield Step(label, str(last), count)

    def _batch(self, model: type[models.Model], columns: Sequence[str], last: Any) -> tuple[list[Any], int]:
        label, count = model._meta.label_lower, 0
        found = self._candidates(model, columns)
        if last is not None:
            found = found.filter(pk__gt=last)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL portal.erasing = 'on'")
            keys = list(found.order_by("pk").values_list("pk", flat=True)[:BATCH])
            rows = model._base_manager.select_for_update(of=("self",)).filter(pk__in=keys)
            for row in rows:
                count += self._write(model, row, columns, short=label in self.places.short)
        return keys, count

    def _candidates(self, model: type[models.Model], columns: Sequence[str]) -> models.QuerySet[Any]:
        label = model._meta.label_lower
        found = model._base_manager.annotate(
            **{f"text_of_{name}": Cast(name, models.TextField()) for name in columns}
        )
        wanted = _mentions(columns, self.words.addresses)
        scope = self.places.names.get(label)
        if scope is not None:
            wanted |= _mentions(columns, self.words.names) & scope
            if label in self.places.short:
                wanted |= _mentions(columns, self.words.short) & scope
        wanted_rows: models.QuerySet[Any] = found.filter(wanted)
        return wanted_rows

    def _write(self, model: type[models.Model], row: Any, columns: Sequence[str], *, short: bool) -> int:
        changed = {}
        for name in columns:
            old = getattr(row, name)
            new = self.words.change(old, short=short)
            if new != old:
                changed[name] = _fitting(model, name, new)
        if changed:
            model._base_manager.filter(pk=row.pk).update(**changed)
        return int(bool(changed))

    def spared(self, model: type[models.Model]) -> int:
        """Rows that still hold a name of several words, because nothing there says whose it is. After the
        steps, which leave no other."""
        columns = text_columns(model) if self.words.names else []
        if not columns:
            return 0
        found = model._base_manager.annotate(
            **{f"text_of_{name}": Cast(name, models.TextField()) for name in columns}
        ).filter(_mentions(columns, self.words.names))
        rows = found.values_list(*columns).iterator(chunk_size=BATCH)
        return sum(any(self.words.change(each) != each for each in row) for row in rows)

    def audit_steps(self, scope: Q, *, obj: models.Model, actor: Any) -> Iterator[Step]:
        """The same for what audit records say; see `audit_erasing`."""
        label, last = AuditRecord._meta.label_lower, int(self.after.get("shared.auditrecord") or 0)
        columns = ("reason", "data")
        found = AuditRecord.objects.annotate(
            **{f"text_of_{name}": Cast(name, models.TextField()) for name in columns}
        ).filter(_mentions(columns, self.words.addresses) | (_mentions(columns, self.words.names) & scope))
        while rows := list(found.filter(pk__gt=last).order_by("pk")[:BATCH]):
            last = rows[-1].pk
            yield Step(label, str(last), erase(rows, self.words.change, obj=obj, actor=actor))


def _mentions(columns: Sequence[str], words: Sequence[str]) -> Q:
    wanted = Q(pk__in=[])
    for word in words:
        for form in _forms(word):
            # Between the words of a name there may be a line's end: `change` looks at what is between.
            first = max(form.split(" "), key=len)
            for name in columns:
                wanted |= Q(**{f"text_of_{name}__icontains": first})
    return wanted


def _fitting(model: type[models.Model], name: str, value: Any) -> Any:
    longest = getattr(model._meta.get_field(name), "max_length", None)
    return value[:longest] if longest and isinstance(value, str) else value


def text_columns(model: type[models.Model]) -> list[str]:
    """Columns in which somebody could be named: text, JSON and lists of text; no keys, choices or secrets."""
    if not model._meta.managed or model._meta.proxy:
        return []
    return [field.name for field in model._meta.local_concrete_fields if _holds_text(field)]


def _holds_text(column: models.Field[Any, Any]) -> bool:
    if column.primary_key or column.is_relation or isinstance(column, EncryptedJSONField):
        return False
    if isinstance(column, ArrayField):
        return _holds_text(column.base_field)
    kinds = (models.CharField, models.TextField, models.JSONField)
    return isinstance(column, kinds) and not isinstance(column, models.SlugField) and not column.choices
