"""The optional capability `invoke`: call an operation of the deployed package, with a lent connection.

Built on the portal's own runtime: a region sends what the deployed definition says, through the same guard.
Calls for the portal are tests: they are not counted as use.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from certification.regions.agent.calls import NotCallable
from certification.regions.agent.ledger import Ledger
from certification.regions.agent.packages import DigestDiffers, PackageStore
from certification.regions.protocol import CurrentVersion, HiddenText
from connectors.definitions import read_archive
from connectors.runtime import Caller, CallError, CallResult, Connection, Egress, InputsInvalid, Target
from connectors.runtime.operations import find_operation


@dataclass(frozen=True, slots=True)
class GatewayOptions:
    """Where calls may go: see `connectors.runtime.Egress`."""

    is_public: bool = True
    local_hosts: Mapping[str, tuple[str, int]] | None = None

    @classmethod
    def of(cls, *, public: str, local_hosts: str) -> GatewayOptions:
        """From the variables EGRESS_PUBLIC and EGRESS_LOCAL_HOSTS. Raises ValueError."""
        found = {}
        for entry in filter(None, (each.strip() for each in local_hosts.split(","))):
            name, _, place = entry.partition("=")
            address, _, port = place.rpartition(":")
            if not (name and address and port.isdecimal()):
                raise ValueError(f"EGRESS_LOCAL_HOSTS: “{entry}” is not of the form name=address:port.")
            found[name.lower()] = (address, int(port))
        return cls(public.strip().lower() not in ("off", "0", "false", "no"), found)


class Gateway:
    """Calls operations of what one region has deployed."""

    def __init__(self, ledger: Ledger, packages: PackageStore, options: GatewayOptions) -> None:
        self._ledger = ledger
        self._packages = packages
        self._caller = Caller(
            Egress(is_public=options.is_public, local_hosts=dict(options.local_hosts or {}))
        )

    async def invoke(self, connector: str, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """The body of the answer. Raises NotCallable when there is nothing to call."""
        current = await asyncio.to_thread(self._ledger.current, connector)
        if current is None:
            raise NotCallable("not-deployed", f"No version of {connector} is deployed in this region.")
        if current.digest != wanted["digest"]:
            raise NotCallable("other-package", f"Version {current.version} of {connector} is deployed here.")
        return await asyncio.to_thread(self._call, current, wanted)

    def _call(self, current: CurrentVersion, wanted: Mapping[str, Any]) -> dict[str, Any]:
        told: dict[str, Any] = {"version": current.version, "digest": current.digest}
        lent = wanted.get("connection") or {"kind": "none"}
        secrets = {name: HiddenText(text) for name, text in lent.get("secrets", {}).items()}
        connection = Connection(lent["kind"], secrets, lent.get("values", {}))
        started = time.monotonic()
        try:
            target = _target(self._packages, current.digest)
            if wanted["operation"] not in self._packages.operation_ids(current.digest):
                detail = f"Version {current.version} does not define this operation."
                raise NotCallable("operation-not-defined", detail)
            operation = find_operation(target.definition, wanted["operation"])
            is_lenient = bool(wanted.get("lenient"))
            result = self._caller.call(
                target, operation, wanted.get("inputs", {}), connection, lenient=is_lenient
            )
        except InputsInvalid as error:
            problems = {name[:200]: texts[:20] for name, texts in error.problems.items()}
            return {**told, "refusal": error.message[:2000], "problems": problems}
        except CallError as error:
            return {**told, "refusal": error.message[:2000]}
        except (OSError, DigestDiffers):
            return {**told, "refusal": "The region cannot read the package it has deployed."}
        milliseconds = result.timings.total or round((time.monotonic() - started) * 1000)
        return {**told, **_told(result), "duration_ms": milliseconds}


def _told(result: CallResult) -> dict[str, Any]:
    sent, answer = result.request, result.answer
    told: dict[str, Any] = {
        "request": {
            "method": sent.method, "url": sent.url, "headers": [list(each) for each in sent.headers],
            "body": sent.body,
        },
        "failure": result.failure[:2000],
        "notes": [each.message[:2000] for each in result.findings if each.kind == "policy"][:50],
    }  # fmt: skip
    if answer is not None:
        told["answer"] = {
            "status": answer.status, "headers": [list(each) for each in answer.headers],
            "body": answer.body, "size": answer.size, "is_cut": answer.is_cut,
        }  # fmt: skip
    return told


@lru_cache(maxsize=32)
def _target(packages: PackageStore, digest: str) -> Target:
    return Target.of(read_archive(packages.read(digest)))
