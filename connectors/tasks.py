"""What workers run: ids in, one service call. Handlers of outbox jobs first, then ticks of the timetable."""

from __future__ import annotations

from connectors.services import (
    connectors,
    health,
    health_connector_hours,
    health_watch,
    heartbeats,
    host_watch,
    metrics_sources,
    repository_fetching,
    repository_mirrors,
)


def assign_contact(*, id: str) -> None:
    connectors.assign_contact(id)


def roll_up_health() -> None:
    health.roll_up()


def mend_connector_hours() -> None:
    health_connector_hours.mend()


def keep_partitions() -> None:
    health.keep_partitions()


def watch_objectives() -> None:
    health_watch.watch_objectives()


def watch_usual() -> None:
    health_watch.watch_usual()


def watch_hosts() -> None:
    host_watch.watch_hosts()


def watch_heartbeats() -> None:
    heartbeats.watch_heartbeats()


def watch_dormant() -> None:
    host_watch.watch_dormant()


def read_metrics_sources() -> None:
    metrics_sources.read_sources()


def fetch_repository(*, id: str) -> None:
    repository_fetching.fetch_repository(id)


def tidy_a_mirror() -> None:
    repository_mirrors.tidy_a_mirror()


def poll_repositories() -> None:
    repository_fetching.poll_repositories()
