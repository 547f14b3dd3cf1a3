"""Calls operations of stored packages through the portal's one way out."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from django.conf import settings

from connectors.models import Version
from connectors.queries.packages import package_of
from connectors.runtime import Caller, CallResult, Connection, Egress, Target
from connectors.runtime.tokens import TokenCache
from portal.shared import sandbox

_tokens = TokenCache()


@lru_cache(maxsize=4)
def _egress(is_public: bool, local_hosts: tuple[str, ...]) -> Egress:
    return Egress(is_public=is_public, local_hosts=local_hosts_of(local_hosts))


def egress() -> Egress:
    """The portal's one way out, made of the settings as they are now. Closed in a sandbox."""
    sandbox.refuse_outside()
    return _egress(settings.EGRESS_PUBLIC, tuple(settings.EGRESS_LOCAL_HOSTS))


@lru_cache(maxsize=4)
def _caller(is_public: bool, local_hosts: tuple[str, ...]) -> Caller:
    return Caller(_egress(is_public, local_hosts), _tokens)


def caller() -> Caller:
    """The portal's caller, made of the settings as they are now; tokens stay in this process's memory. Closed
    in a sandbox."""
    sandbox.refuse_outside()
    return _caller(settings.EGRESS_PUBLIC, tuple(settings.EGRESS_LOCAL_HOSTS))


def local_hosts_of(entries: tuple[str, ...]) -> dict[str, tuple[str, int]]:
    """`name=address:port` entries as a table. Raises `ValueError` for anything else."""
    found = {}
    for entry in entries:
        name, _, place = entry.partition("=")
        address, _, port = place.rpartition(":")
        if not (name and address and port.isdecimal()):
            raise ValueError(f"EGRESS_LOCAL_HOSTS: “{entry}” is not of the form name=address:port.")
        found[name.strip().lower()] = (address, int(port))
    return found


def target_of(version: Version) -> Target:
    """What is called of a version. Raises `CallImpossible` when its package has no readable definition."""
    return Target.of(package_of(version))


def call_operation(
    version: Version,
    operation_id: str,
    inputs: Mapping[str, Any],
    connection: Connection,
    *,
    lenient: bool = False,
) -> CallResult:
    """Call once, never inside a transaction. Raises the runtime's errors when nothing was sent."""
    return caller().call(target_of(version), operation_id, inputs, connection, lenient=lenient)
