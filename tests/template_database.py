"""One migrated database that the processes of a parallel test run copy, instead of migrating one each.

PostgreSQL copies a database in a fraction of the time that the migrations take in Python.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from django.core.management import call_command
from django.db import connection
from psycopg import sql


def use_template(folder: Path) -> None:
    """Let this process's test database be a copy; the first of the run that comes here migrates the original.

    `folder` is shared by the processes of one run and by no other run.
    """
    name = f"template_{folder.name}_{connection.settings_dict['NAME']}".replace("-", "_")[:60]
    with (folder / "template-database.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = folder / "template-database.name"
        if not made.exists():
            _make(name)
            made.write_text(name)
    connection.settings_dict["TEST"]["TEMPLATE"] = name


def create_database(name: str) -> bool:
    """Create a database for processes of a test: migrated, where this run has an original and the test asked for
    `django_db_setup`; empty, and False, otherwise.
    """
    template = connection.settings_dict["TEST"].get("TEMPLATE")
    if template is None:
        _execute("CREATE DATABASE {}", name)
    else:
        _execute("CREATE DATABASE {} TEMPLATE {}", name, template)
    return template is not None


def drop_template(folder: Path) -> None:
    """Remove the original, if one was made in this run."""
    made = folder / "template-database.name"
    if made.exists():
        _execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", made.read_text())
        made.unlink()


def _make(name: str) -> None:
    _execute("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)
    _execute("CREATE DATABASE {}", name)
    with _named(name):
        call_command("migrate", verbosity=0, interactive=False, run_syncdb=True)


@contextmanager
def _named(name: str) -> Iterator[None]:
    usual = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict["NAME"] = usual


def _execute(statement: str, *names: str) -> None:
    # Not through Django: the process that removes the original runs no tests and may not use its connection.
    with psycopg.connect(os.environ["DATABASE_URL"], dbname="postgres", autocommit=True) as session:
        session.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))
