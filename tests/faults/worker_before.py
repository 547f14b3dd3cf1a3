"""The Celery app of a worker of the release before; see `release_before`."""

from tests.faults import release_before  # noqa: F401 - first, before anything else is imported

# isort: split
from tests.faults.worker import app  # noqa: F401
