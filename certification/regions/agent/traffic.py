"""Users for a region without users: calls the deployed connectors at a modest, irregular rate."""

from __future__ import annotations

import asyncio
import random

from certification.regions.agent.calls import ConnectorCalls, NotCallable
from certification.regions.agent.ledger import Ledger

MAX_CALLS_AT_ONCE = 20
CONNECTIONS_PER_CONNECTOR = 12
IDLE_SECONDS = 2.0


class Traffic:
    """On average `per_minute` calls over all connectors of one region, spread by a steady popularity."""

    def __init__(
        self, ledger: Ledger, calls: ConnectorCalls, *, per_minute: float, chance: random.Random
    ) -> None:
        self._ledger = ledger
        self._calls = calls
        self._per_minute = per_minute
        self._chance = chance
        self._running: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                await asyncio.sleep(self._chance.expovariate(self._per_minute / 60))
                if len(self._running) < MAX_CALLS_AT_ONCE and not await self._call_one():
                    await asyncio.sleep(IDLE_SECONDS)
        finally:
            for task in self._running:
                task.cancel()

    async def _call_one(self) -> bool:
        """Start one call; False when nothing is deployed."""
        deployed = await asyncio.to_thread(self._ledger.deployed)
        if not deployed:
            return False
        # The n-th connector gets a share of 1/n: some are popular, most are not.
        current = self._chance.choices(deployed, [1 / (rank + 1) for rank in range(len(deployed))])[0]
        operations = self._calls.operations_of(current)
        if operations:
            operation = self._chance.choice(operations)
            connection = f"traffic-{current.connector}-{self._chance.randrange(CONNECTIONS_PER_CONNECTOR)}"
            task = asyncio.create_task(self._serve(current.connector, operation, connection))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return True

    async def _serve(self, connector: str, operation: str, connection: str) -> None:
        try:
            await self._calls.call(connector, operation, connection)
        except NotCallable:
            # A newer version without this operation took effect in between.
            return
