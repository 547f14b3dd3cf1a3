"""PostgreSQL and Valkey for a test run that was not given any.

`make test` starts them outside of pytest. A plain `pytest path` in a developer's shell gets them here, unless
DATABASE_URL and REDIS_URL point at services that already run.
"""

from __future__ import annotations

import atexit
import os
import shutil
import sys
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

from portal.embedded import throwaway_services

CHROMIUM_ARGUMENTS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
)  # fmt: skip
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def provide_services() -> None:
    """Put DATABASE_URL and REDIS_URL into the environment; call before Django's settings are read.

    Processes of pytest-xdist inherit what the first process has set, so the services start once.
    """
    if os.environ.get("DATABASE_URL") and os.environ.get("REDIS_URL"):
        return
    stack = ExitStack()
    services = stack.enter_context(throwaway_services())
    # Also on Ctrl-C; after a kill -9 of pytest the kernel tells the servers to stop.
    atexit.register(stack.close)
    os.environ.update(services.environment)


def address_of_test_database() -> str:
    """The address of this process's test database, for a program started by a test; sockets included."""
    from django.db import connection

    address = urlsplit(os.environ["DATABASE_URL"])
    return address._replace(path=f"/{connection.settings_dict['NAME']}").geturl()


def prometheus_path(name: str = "prometheus") -> str | None:
    """Debian's Prometheus, or its promtool, as `make environment-dev` unpacked it; None where it cannot be had."""
    unpacked = Path(sys.prefix) / "prometheus" / "usr" / "bin" / name
    return str(unpacked) if unpacked.is_file() else shutil.which(name)


def chromium_path() -> str | None:
    """A Chromium for browser tests, or None: then they are skipped."""
    return next(filter(None, map(shutil.which, _BROWSERS)), None)
