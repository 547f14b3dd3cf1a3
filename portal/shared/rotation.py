"""Moving every stored secret to the newest encryption key, a batch at a time.

What was re-encrypted no longer matches the search for old keys, so a run that was ended goes on where it
stopped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.apps import apps
from django.db import connection, models, transaction
from psycopg import sql

from portal.shared import outbox
from portal.shared.models import OutboxJob
from portal.shared.secrets import EncryptedJSONField, decrypt, encrypt, keyring


@dataclass(frozen=True)
class Place:
    """A column that holds sealed text. For a JSON column `member` names the member that is sealed."""

    table: str
    key: str
    column: str
    member: str = ""

    def __str__(self) -> str:
        return f"{self.table}.{self.column}" + (f" ({self.member})" if self.member else "")


@dataclass
class PlaceReport:
    """`left` counts the rows that are still under another key than the newest, by key id."""

    place: Place
    rotated: int = 0
    left: Counter[str] = field(default_factory=Counter)


def places() -> Iterator[Place]:
    """Every column with encrypted content, and the one-time keys that travel in waiting jobs."""
    for model in apps.get_models():
        for column in model._meta.local_concrete_fields:
            if isinstance(column, EncryptedJSONField):
                yield Place(model._meta.db_table, _primary_key(model), str(column.column))
    yield Place(OutboxJob._meta.db_table, _primary_key(OutboxJob), "payload", "sealed")


def rotate(place: Place, *, batch: int = 500) -> PlaceReport:
    """Re-encrypt one place. Rows whose key is not configured any more stay as they are and are counted."""
    report, after = PlaceReport(place), ""
    while rows := _rotate_batch(place, after, batch, report):
        after = rows
    report.left = left_behind(place)
    return report


def left_behind(place: Place) -> Counter[str]:
    """How many rows of a place are under which key, the newest left out."""
    query = sql.SQL("SELECT split_part({value}, ':', 1), count(*) FROM {table} WHERE {old} GROUP BY 1")
    with connection.cursor() as cursor:
        cursor.execute(query.format(**_parts(place)))
        return Counter(dict(cursor.fetchall()))


def keys_in_use(place: Place) -> set[str]:
    """The ids of the keys that a place's rows are stored under."""
    query = sql.SQL("SELECT DISTINCT split_part({value}, ':', 1) FROM {table} WHERE {value} IS NOT NULL")
    with connection.cursor() as cursor:
        cursor.execute(query.format(**_parts(place)))
        return {key for (key,) in cursor.fetchall() if key}


def _rotate_batch(place: Place, after: str, batch: int, report: PlaceReport) -> str:
    """Re-encrypt the next rows behind the id `after`; gives the last id looked at, "" when there are none."""
    query = sql.SQL(
        "SELECT {key}::text, {value} FROM {table} WHERE {old} AND {key}::text > %s "
        "ORDER BY {key}::text LIMIT %s FOR UPDATE"
    )
    change = sql.SQL("UPDATE {table} SET {column} = {new} WHERE {key}::text = %s")
    parts = _parts(place)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(query.format(**parts), [after, batch])
        rows = cursor.fetchall()
        for key, sealed in rows:
            try:
                again = encrypt(decrypt(sealed))
            except LookupError:
                continue
            cursor.execute(change.format(**parts), [again, key])
            report.rotated += 1
    return rows[-1][0] if rows else ""


def _parts(place: Place) -> dict[str, sql.Composable]:
    column = sql.Identifier(place.column)
    newest = sql.Literal(next(iter(keyring())))
    value: sql.Composable = column
    new: sql.Composable = sql.SQL("%s")
    if place.member:
        member = sql.Literal(place.member)
        value = sql.SQL("({} ->> {})").format(column, member)
        new = sql.SQL("jsonb_set({}, ARRAY[{}], to_jsonb(%s::text))").format(column, member)
    return {
        "table": sql.Identifier(place.table),
        "key": sql.Identifier(place.key),
        "column": column,
        "value": value,
        "new": new,
        "old": sql.SQL("(split_part({value}, ':', 1) <> {newest})").format(value=value, newest=newest),
    }


def _primary_key(model: type[models.Model]) -> str:
    column = model._meta.pk.column
    assert column is not None
    return column


BATCHES_A_JOB = 20


@dataclass(frozen=True)
class Progress:
    """`held` rows of a place with a secret, and how many of them are `left` under which older key."""

    place: Place
    held: int
    left: Counter[str]

    @property
    def done(self) -> int:
        return self.held - self.left.total()

    @property
    def others(self) -> list[tuple[str, int]]:
        """Older key and how many rows are under it; a template cannot ask a Counter for its items."""
        return sorted(self.left.items())


def progress() -> list[Progress]:
    """Read from the rows themselves, so it is true whoever rotates and however a run ended."""
    return [Progress(place, _held(place), left_behind(place)) for place in places()]


def _held(place: Place) -> int:
    query = sql.SQL("SELECT count(*) FROM {table} WHERE {value} IS NOT NULL")
    with connection.cursor() as cursor:
        cursor.execute(query.format(**_parts(place)))
        return int(cursor.fetchone()[0])


def go_on(*, place: str = "", after: str = "", batch: int = 500) -> None:
    """One job of a rotation: some batches from the row behind `after` of `place` on, then the next job.

    A job that is killed comes again with the same place; what it had moved no longer matches.
    """
    left = BATCHES_A_JOB
    for each in sorted(places(), key=str):
        if str(each) < place:
            continue
        last = after if str(each) == place else ""
        while last := _rotate_batch(each, last, batch, PlaceReport(each)):
            left -= 1
            if left == 0:
                with transaction.atomic():
                    outbox.emit("secrets.rotate", id=str(each), after=last)
                return
