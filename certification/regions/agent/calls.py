"""Serve calls of deployed connectors from a simulated backend, and count them for telemetry."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from certification.regions.agent.ledger import Ledger
from certification.regions.agent.packages import PackageStore
from certification.regions.agent.recorder import Recorder
from certification.regions.protocol import CurrentVersion

MAX_LATENCY_MS = 30_000.0


@dataclass(frozen=True, slots=True)
class Profile:
    """How a simulated backend behaves: success rate 0-1, weights of error statuses, log-normal latency."""

    success_rate: float = 0.985
    errors: dict[str, float] = field(
        default_factory=lambda: {"400": 3, "401": 1, "404": 3, "429": 2, "500": 1}
    )
    median_ms: float = 120.0
    spread: float = 0.5

    def __post_init__(self) -> None:
        statuses_fit = all(
            len(code) == 3 and code.isdigit() and "400" <= code <= "599" for code in self.errors
        )
        weights_fit = all(weight > 0 for weight in self.errors.values())
        if not (self.errors and statuses_fit and weights_fit):
            raise ValueError(
                'errors must map statuses 400-599 to weights above 0, like {"429": 2, "500": 1}.'
            )
        if not (
            0 <= self.success_rate <= 1 and 0 < self.median_ms <= MAX_LATENCY_MS and 0 <= self.spread <= 3
        ):
            raise ValueError("success_rate is 0 to 1, median_ms above 0 to 30000, spread 0 to 3.")

    @classmethod
    def from_json(cls, value: object) -> Profile:
        if not isinstance(value, dict) or not set(value) <= {"success_rate", "errors", "median_ms", "spread"}:
            raise ValueError("A profile has success_rate, errors, median_ms and spread, each optional.")
        try:
            return cls(**value)
        except (TypeError, AttributeError):
            raise ValueError("A profile's values are numbers, and errors is an object of numbers.") from None

    def draw(self, chance: random.Random) -> tuple[int, float]:
        """One call: its status and its latency in milliseconds."""
        latency = min(self.median_ms * chance.lognormvariate(0, self.spread), MAX_LATENCY_MS)
        if chance.random() < self.success_rate:
            return 200, latency
        return int(chance.choices(list(self.errors), list(self.errors.values()))[0]), latency


def _natural_profile(connector: str) -> Profile:
    """Backends differ: each connector has its own steady character, the same in every run and region."""
    chance = random.Random(hashlib.sha256(connector.encode()).digest())  # noqa: S311 - repeatable on purpose
    return Profile(success_rate=1 - chance.uniform(0.002, 0.03), median_ms=chance.uniform(40, 350))


class Profiles:
    """Profiles by `connector@version`, `connector` or `default`, the most specific first."""

    def __init__(self, known: dict[str, Profile] | None = None) -> None:
        self._known = dict(known or {})

    @classmethod
    def from_file(cls, path: Path) -> Profiles:
        """Read a JSON object of profiles. Raises ValueError, OSError."""
        document = json.loads(path.read_text("utf-8"))
        if not isinstance(document, dict):
            raise ValueError("The profiles file holds one JSON object: names and their profiles.")
        return cls({name: Profile.from_json(value) for name, value in document.items()})

    def put(self, name: str, profile: Profile) -> None:
        self._known[name] = profile

    def of(self, connector: str, version: str) -> Profile:
        for name in (f"{connector}@{version}", connector, "default"):
            if name in self._known:
                return self._known[name]
        return _natural_profile(connector)


class NotCallable(Exception):
    """Nothing to call: `code` is `not-deployed` or `operation-not-defined`."""

    def __init__(self, code: str, detail: str) -> None:
        self.code = code
        super().__init__(detail)


@dataclass(frozen=True, slots=True)
class Called:
    status: int
    latency_ms: float
    served_by: CurrentVersion

    def as_json(self) -> dict[str, Any]:
        return {
            "status": self.status,
            "latency_ms": round(self.latency_ms, 1),
            "version": self.served_by.version,
        }


class ConnectorCalls:
    """Answers calls with the version deployed at that moment. `in_progress` counts the calls being served."""

    def __init__(
        self,
        ledger: Ledger,
        packages: PackageStore,
        profiles: Profiles,
        recorder: Recorder,
        chance: random.Random,
    ) -> None:
        self._ledger = ledger
        self._packages = packages
        self._profiles = profiles
        self._recorder = recorder
        self._chance = chance
        self.in_progress = 0

    async def call(self, connector: str, operation: str, connection: str) -> Called:
        """Serve one call, taking as long as the backend would. Raises NotCallable."""
        current = await asyncio.to_thread(self._ledger.current, connector)
        if current is None:
            raise NotCallable("not-deployed", f"No version of {connector} is deployed in this region.")
        if operation not in await asyncio.to_thread(self._packages.operation_ids, current.digest):
            detail = f"Version {current.version} of {connector} does not define this operation."
            raise NotCallable("operation-not-defined", detail)
        status, latency_ms = self._profiles.of(connector, current.version).draw(self._chance)
        self.in_progress += 1
        try:
            await asyncio.sleep(latency_ms / 1000)
        finally:
            self.in_progress -= 1
        self._recorder.record(connector, current.version, operation, status, latency_ms, connection)
        return Called(status, latency_ms, current)

    def operations_of(self, current: CurrentVersion) -> tuple[str, ...]:
        return self._packages.operation_ids(current.digest)
