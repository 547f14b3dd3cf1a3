"""One region of the agent: its ledger, packages, deployments, calls and telemetry, put together."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from certification.regions.agent.calls import ConnectorCalls, Profiles
from certification.regions.agent.deployer import Deployer
from certification.regions.agent.faults import FaultSet
from certification.regions.agent.ledger import Ledger
from certification.regions.agent.packages import PackageStore
from certification.regions.agent.push import TelemetryPush
from certification.regions.agent.recorder import Recorder
from certification.regions.agent.traffic import Traffic
from certification.regions.protocol import Token

if TYPE_CHECKING:
    from certification.regions.agent.gateway import Gateway, GatewayOptions
    from certification.regions.agent.trust import Trust


@dataclass(frozen=True, slots=True)
class AgentOptions:
    """How an agent runs. `tokens` maps every region code to its token; `portal` is where telemetry goes.

    `deploy_seconds` is the shortest and longest time of a deployment; `traffic_per_minute` the generated
    calls per region (0 = none); `has_faults` opens the control endpoints; `gateway` lets the portal call
    operations through the region; `certificate_keys` (PEM, one or more public keys) makes the regions refuse
    every package without a certificate that one of these keys signed.
    """

    tokens: dict[str, Token]
    data_dir: Path
    portal: str | None = None
    deploy_seconds: tuple[float, float] = (3.0, 8.0)
    traffic_per_minute: float = 0.0
    has_faults: bool = False
    seed: int | None = None
    profiles: Profiles = field(default_factory=Profiles)
    push_idle_seconds: float = 5.0
    gateway: GatewayOptions | None = None
    certificate_keys: str = ""


class Region:
    """Everything one region owns. `start` and `stop` run inside the serving event loop."""

    def __init__(self, code: str, options: AgentOptions) -> None:
        directory = options.data_dir / code
        seed = None if options.seed is None else f"{options.seed}:{code}"
        chance = random.Random(seed)  # noqa: S311 - simulation, not secrecy
        self.code = code
        self.token = options.tokens[code]
        self.faults = FaultSet()
        self.profiles = options.profiles
        self.ledger = Ledger(directory / "ledger.sqlite3")
        self.packages = PackageStore(directory / "packages")
        self.recorder = Recorder(code)
        self.calls = ConnectorCalls(self.ledger, self.packages, self.profiles, self.recorder, chance)
        self.deployer = Deployer(
            self.ledger,
            self.packages,
            seconds=options.deploy_seconds,
            chance=chance,
            failure=self.faults.failure,
        )
        self.push = TelemetryPush(
            code,
            self.token,
            self.ledger,
            self.recorder,
            portal=options.portal,
            idle_seconds=options.push_idle_seconds,
        )
        self.gateway = None if options.gateway is None else self._gateway(options.gateway)
        self.trust = self._trust(options.certificate_keys, directory) if options.certificate_keys else None
        self._traffic = (
            Traffic(self.ledger, self.calls, per_minute=options.traffic_per_minute, chance=chance)
            if options.traffic_per_minute > 0
            else None
        )
        self._background: list[asyncio.Task[None]] = []

    def _gateway(self, options: GatewayOptions) -> Gateway:
        # What calls operations is loaded where it is wanted: a region without it needs the protocol alone.
        from certification.regions.agent.gateway import Gateway

        return Gateway(self.ledger, self.packages, options)

    def _trust(self, keys: str, directory: Path) -> Trust:
        from certification.regions.agent.trust import Trust, public_keys

        return Trust(public_keys(keys), directory / "certificates")

    async def start(self, client: httpx.AsyncClient) -> None:
        await self.deployer.resume()
        self._background.append(asyncio.create_task(self.push.run(client)))
        if self._traffic is not None:
            self._background.append(asyncio.create_task(self._traffic.run()))

    async def stop(self) -> None:
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self.deployer.stop()
        await self.push.spool_closed_minutes(everything=True)
        self.ledger.close()
