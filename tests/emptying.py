"""After a test that commits, its tables are emptied; what Django derives from the models alone stays.

Django empties everything and then writes a content type for each model and four permissions for each of those anew:
five times the work of emptying, after each of hundreds of tests, for rows that are the same every time.
"""

from __future__ import annotations

from typing import Any

from django.core.management.color import no_style
from django.db import connection
from django.test import TransactionTestCase

_SAME_EVERY_TIME = frozenset({"django_content_type", "auth_permission"})
_usual = TransactionTestCase._fixture_teardown  # type: ignore[attr-defined]


def keep_what_is_always_the_same() -> None:
    """From now on, tests in this process that commit end in this way."""
    TransactionTestCase._fixture_teardown = _empty  # type: ignore[attr-defined]


def _empty(case: Any) -> None:
    if case.available_apps is not None or case.serialized_rollback:
        _usual(case)
        return
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    written = sorted(set(tables) - _SAME_EVERY_TIME)
    connection.ops.execute_sql_flush(connection.ops.sql_flush(no_style(), written))
