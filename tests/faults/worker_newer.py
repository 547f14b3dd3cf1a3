"""The Celery app of a worker of a newer release: it knows handlers and arguments that others have never heard of."""

from __future__ import annotations

import os
from pathlib import Path

from tests.faults.worker import app  # noqa: F401 - first: it sets Django up

# isort: split
from certification import tasks
from portal.shared import outbox


def of_a_newer_release(*, id: str) -> None:
    """Leaves a line for each time it ran."""
    with Path(os.environ["RAN"]).open("a") as file:
        file.write(f"{id}\n")


def check_draft(*, id: str, with_care: bool = False) -> None:
    """Of the same name as before, and told more."""
    of_a_newer_release(id=f"{id} {with_care}")


outbox._LEFT_SECONDS = 1.0
tasks.of_a_newer_release = of_a_newer_release  # type: ignore[attr-defined]
tasks.check_draft = check_draft
