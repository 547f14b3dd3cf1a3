"""Bring telemetry batches to the portal at least once, each under its own id, so that it counts once."""

from __future__ import annotations

import asyncio
import logging

import httpx

from certification.regions.agent.ledger import Ledger
from certification.regions.agent.recorder import Recorder
from certification.regions.polling import next_delay
from certification.regions.protocol import Token

log = logging.getLogger(__name__)

PUSH_PATH = "/api/v1/telemetry/batches/"
IDLE_SECONDS = 5.0
SEND_SECONDS = 10.0
#: Answers that will be the same tomorrow: the batch is set aside instead of blocking the ones behind it.
HOPELESS = (400, 413, 415, 422)


class TelemetryPush:
    """Moves closed minutes into the region's durable spool and the spool to the portal, oldest first."""

    def __init__(
        self,
        code: str,
        token: Token,
        ledger: Ledger,
        recorder: Recorder,
        *,
        portal: str | None,
        idle_seconds: float = IDLE_SECONDS,
        send_seconds: float = SEND_SECONDS,
    ) -> None:
        self._code = code
        self._token = token
        self._ledger = ledger
        self._recorder = recorder
        self._url = None if portal is None else portal.rstrip("/") + PUSH_PATH
        self._idle_seconds = idle_seconds
        self._send_seconds = send_seconds

    async def run(self, client: httpx.AsyncClient) -> None:
        """Until cancelled."""
        delay = 0.0
        while True:
            await self.spool_closed_minutes()
            delay = 0.0 if await self.send_spooled(client) else next_delay(delay, base=self._idle_seconds)
            await asyncio.sleep(delay or self._idle_seconds)

    async def spool_closed_minutes(self, *, everything: bool = False) -> None:
        for batch_id, body in self._recorder.take_batches(everything=everything):
            await asyncio.to_thread(self._ledger.spool, batch_id, body)

    async def send_spooled(self, client: httpx.AsyncClient) -> bool:
        """Send until the spool is empty (True) or the portal does not take the batch now (False)."""
        if self._url is None:
            return True
        while (batch := await asyncio.to_thread(self._ledger.oldest_batch)) is not None:
            batch_id, body = batch
            status = await self._post(client, self._url, body)
            if status is not None and 200 <= status < 300:
                await asyncio.to_thread(self._ledger.confirm_batch, batch_id)
            elif status in HOPELESS:
                log.error(
                    "region %s: the portal refused telemetry batch %s (HTTP %s)", self._code, batch_id, status
                )
                await asyncio.to_thread(self._ledger.park_batch, batch_id, f"HTTP {status}")
            else:
                log.warning("region %s: telemetry waits (HTTP %s)", self._code, status or "unreachable")
                return False
        return True

    async def _post(self, client: httpx.AsyncClient, url: str, body: str) -> int | None:
        """The status of the answer; None when there was none in time."""
        headers = {"Authorization": f"Bearer {self._token.reveal()}", "Content-Type": "application/json"}
        try:
            async with asyncio.timeout(self._send_seconds):
                async with client.stream("POST", url, content=body.encode(), headers=headers) as response:
                    return response.status_code
        except (TimeoutError, httpx.HTTPError, OSError):
            return None
