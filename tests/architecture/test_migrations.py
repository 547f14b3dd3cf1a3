"""A migration of a running portal adds first and takes away later: old workers go on beside new ones.

django-migration-linter knows which statements break processes that still run the code from before: a column they do not
fill, a column or table they still read, a rename, a lock for as long as an index is built.
"""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import connection, migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.migration import Migration
from django.db.migrations.state import ModelState, ProjectState
from django_migration_linter.sql_analyser import PostgresqlAnalyser, analyse_sql_statements

# The newest migration of the first release. Nobody has a database that is older, so only what follows is asked.
FIRST_RELEASE = {"accounts": 8, "certification": 30, "connectors": 15, "shared": 3}
# Migration -> kinds of faults that cannot meet anybody, and why in a comment beside it.
EXCEPTIONS: dict[str, frozenset[str]] = {
    # The index is of the table that the migration makes: nobody waits for it.
    "certification.0031_erasures": frozenset({"CREATE_INDEX"}),
    "certification.0042_catch_ups": frozenset({"CREATE_INDEX"}),
    "connectors.0021_heartbeats": frozenset({"CREATE_INDEX"}),
}


def _statements(migration: Migration, state: ProjectState) -> list[str]:
    with connection.schema_editor(collect_sql=True, atomic=migration.atomic) as editor:
        migration.apply(state, editor, collect_sql=True)
    return editor.collected_sql


def faults(migration: Migration, state: ProjectState) -> set[str]:
    """The linter's codes for what would stop the version before from working."""
    errors, _ignored, warnings = analyse_sql_statements(PostgresqlAnalyser, _statements(migration, state))
    return {issue.code for issue in [*errors, *warnings]}


def _newer() -> list[tuple[str, str]]:
    known = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    ours = {config.label for config in apps.get_app_configs() if config.label in FIRST_RELEASE}
    return sorted((app, name) for app, name in known if app in ours and int(name[:4]) > FIRST_RELEASE[app])


# Indexes are built concurrently, which no transaction allows, not even one that only looks at the SQL.
@pytest.mark.django_db(transaction=True)
def test_migrations_after_the_first_release_let_old_workers_go_on():
    loader = MigrationLoader(connection)
    found = {}
    for app, name in _newer():
        state = loader.project_state((app, name), at_end=False)
        left = faults(loader.get_migration(app, name), state) - EXCEPTIONS.get(f"{app}.{name}", frozenset())
        if left:
            found[f"{app}.{name}"] = sorted(left)
    assert found == {}, (
        "these stop workers of the version before: add columns with db_default or null, take away in a later "
        "release, build indexes concurrently (docs/how-to/change-the-database.md)"
    )


def _state() -> ProjectState:
    state = ProjectState()
    fields = [("id", models.BigAutoField(primary_key=True)), ("name", models.TextField())]
    state.add_model(ModelState("shared", "Example", fields))
    return state


def _migration(*operations: migrations.operations.base.Operation) -> Migration:
    migration = Migration("9999_example", "shared")
    migration.operations = list(operations)
    return migration


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("operation", "code"),
    [
        (migrations.AddField("example", "size", models.IntegerField(default=0)), "NOT_NULL"),
        (migrations.RemoveField("example", "name"), "DROP_COLUMN"),
        (migrations.RenameField("example", "name", "title"), "RENAME_COLUMN"),
        (migrations.DeleteModel("example"), "DROP_TABLE"),
        (migrations.AlterField("example", "name", models.IntegerField()), "ALTER_COLUMN"),
    ],
)
def test_what_stops_old_workers_is_found(operation, code):
    assert code in faults(_migration(operation), _state())


@pytest.mark.django_db
@pytest.mark.parametrize(
    "operation",
    [
        migrations.AddField("example", "size", models.IntegerField(db_default=0)),
        migrations.AddField("example", "size", models.IntegerField(null=True)),
        migrations.CreateModel("Other", [("id", models.BigAutoField(primary_key=True))]),
    ],
)
def test_what_old_workers_do_not_notice_is_let_through(operation):
    assert faults(_migration(operation), _state()) == set()


def test_the_first_release_is_named_by_migrations_that_exist():
    known = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    for app, number in FIRST_RELEASE.items():
        assert any(label == app and int(name[:4]) == number for label, name in known), app
