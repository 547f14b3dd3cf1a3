"""`python -m portal.healthcheck ROLE`: whether a container of this role is well. Exit code 0 or 1.

Loads neither Django nor the settings: it runs every few seconds beside the process it judges.
"""

from __future__ import annotations

import argparse
import os
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

# The scheduler saves its timetable every three minutes; three missed savings mean that it hangs.
SCHEDULE_SECONDS = 600.0


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m portal.healthcheck", description=__doc__)
    roles = parser.add_subparsers(dest="role", required=True)
    roles.add_parser("web").add_argument("--port", type=int, default=8000)
    roles.add_parser("worker").add_argument("name", help="the part before @ of the worker's node name")
    roles.add_parser("beat").add_argument("schedule", type=Path, help="file given to beat as --schedule")
    roles.add_parser("region").add_argument("--port", type=int, default=8100)
    options = parser.parse_args(argv)
    checks = {
        "web": lambda: web_answers(options.port),
        "worker": lambda: worker_answers(options.name),
        "beat": lambda: schedule_is_fresh(options.schedule),
        "region": lambda: listens(options.port),
    }
    return 0 if checks[options.role]() else 1


def web_answers(port: int) -> bool:
    """/livez, asked under the site's own name: other names are refused."""
    name = urlsplit(os.environ.get("SITE_URL", "")).netloc or "localhost"
    request = urllib.request.Request(f"http://127.0.0.1:{port}/livez", headers={"Host": name})
    try:
        with urllib.request.urlopen(request, timeout=4) as answer:  # noqa: S310 (our own http address)
            return bool(answer.status == 200)
    except OSError:
        return False


def worker_answers(name: str) -> bool:
    """The worker of this container answers a ping through the broker."""
    from celery import Celery
    from kombu.exceptions import OperationalError
    from redis import RedisError

    node = f"{name}@{socket.gethostname()}"
    app = Celery(broker=os.environ["REDIS_URL"], set_as_current=False)
    app.conf.broker_transport_options = {"socket_timeout": 4, "socket_connect_timeout": 3}
    try:
        return any(node in answer for answer in app.control.ping(destination=[node], timeout=4))
    except (OSError, OperationalError, RedisError):
        return False


def schedule_is_fresh(schedule: Path) -> bool:
    """The scheduler has saved its timetable lately (the file's suffix depends on the dbm at hand)."""
    saved = [path.stat().st_mtime for path in schedule.parent.glob(f"{schedule.name}*")]
    return bool(saved) and time.time() - max(saved) < SCHEDULE_SECONDS


def listens(port: int) -> bool:
    """Something accepts connections on a port of this container."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=4):
            return True
    except OSError:
        return False


if __name__ == "__main__":
    sys.exit(main())
