"""Tables out of and into PostgreSQL by COPY, over the portal's own connection."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

from django.db import connection
from psycopg import sql

# Says which migrations a database has; that is compared and never replaced.
_NOT_DATA = ("django_migrations",)
_TABLES = """
SELECT c.relname, array_agg(a.attname::text ORDER BY a.attnum) FILTER (WHERE a.attgenerated = '')
  FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
 WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
   AND c.relname <> ALL(%s) GROUP BY c.relname ORDER BY c.relname"""
_SEQUENCES = "SELECT sequencename::text FROM pg_sequences WHERE schemaname = 'public' ORDER BY 1"
# A large table takes longer than any page may: the limits of pages do not count here. A lock that is not
# to be had soon means that somebody is at work, and is an error.
_LIMITS = "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0"


def lift_limits() -> None:
    """No limits of time until the end of the transaction."""
    with connection.cursor() as cursor:
        cursor.execute(_LIMITS)


def tables() -> dict[str, list[str]]:
    """Every table with data, and its columns without those that PostgreSQL computes."""
    with connection.cursor() as cursor:
        cursor.execute(_TABLES, [list(_NOT_DATA)])
        return dict(cursor.fetchall())


def sequences() -> dict[str, list[Any]]:
    """Every sequence with [last value, whether it was handed out]."""
    with connection.cursor() as cursor:
        cursor.execute(_SEQUENCES)
        found = {}
        for (name,) in cursor.fetchall():
            cursor.execute(sql.SQL("SELECT last_value, is_called FROM {}").format(sql.Identifier(name)))
            found[name] = list(cursor.fetchone())
        return found


def copy_out(table: str, columns: list[str], target: Path) -> int:
    """Write a table into a compressed file; returns how many rows."""
    # From a query, because a partitioned table itself holds nothing.
    query = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(_names(columns), sql.Identifier(table))
    with connection.cursor() as cursor, gzip.open(target, "wb", compresslevel=6) as file:
        with cursor.copy(query) as copy:
            for block in copy:
                file.write(block)
        return int(cursor.rowcount)


def copy_in(table: str, columns: list[str], source: Path) -> int:
    """Read such a file into a table; returns how many rows."""
    query = sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), _names(columns))
    with connection.cursor() as cursor, gzip.open(source, "rb") as file:
        with cursor.copy(query) as copy:
            while block := file.read(1 << 20):
                copy.write(block)
        return int(cursor.rowcount)


def empty(names: list[str]) -> None:
    """Take every row out, and the guards' triggers off until `guard` puts them back."""
    with connection.cursor() as cursor:
        for name in names:
            cursor.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(sql.Identifier(name)))
        cursor.execute(sql.SQL("TRUNCATE {}").format(_names(names)))


def guard(names: list[str]) -> None:
    """Check every reference now, then put the triggers back: PostgreSQL refuses that while checks wait."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for name in names:
            cursor.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(sql.Identifier(name)))


def set_sequences(values: dict[str, list[Any]]) -> None:
    """Go on counting where the backup stopped."""
    with connection.cursor() as cursor:
        for name, (last, called) in values.items():
            cursor.execute("SELECT setval(%s::regclass, %s, %s)", [f'public."{name}"', last, called])


def _names(columns: list[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))
