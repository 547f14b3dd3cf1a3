"""The others of a fault campaign: the mail server that takes the portal's mail, and receivers of its webhooks.

Each writes down what it took before it answers, as lines of JSON in its own ledger, and misbehaves with the given
probability while the file CALM does not exist. Mail: 421 at once, 451 after the body, or taken and then no answer.
Webhooks: by the first part of their path, see `BEHAVIOURS`.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import random
import time
from collections.abc import Awaitable, Callable
from email import message_from_bytes
from pathlib import Path

from aiosmtpd.controller import UnthreadedController
from aiosmtpd.smtp import SMTP, Envelope, Session
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

PROBABILITY = 0.1
SLOW_SECONDS = 6.0
GONE_AFTER = 5
ANSWER = "HTTP/1.1 {status} x\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


class Ledger:
    """Lines of JSON that outlive a kill -9: each is with the operating system before anybody is answered."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", buffering=1)

    def write(self, **entry: object) -> None:
        self._file.write(json.dumps({"at": time.time(), **entry}) + "\n")


class Trouble:
    """Whether this call meets a fault, and which."""

    def __init__(self, seed: int, calm: Path) -> None:
        self._chance, self._calm = random.Random(seed), calm

    def of(self, *kinds: str) -> str:
        if self._calm.exists():
            return ""
        return next((kind for kind in kinds if self._chance.random() < PROBABILITY), "")


class MailServer:
    """What aiosmtpd asks for each mail."""

    def __init__(self, ledger: Ledger, trouble: Trouble) -> None:
        self._ledger, self._trouble = ledger, trouble

    async def handle_MAIL(  # noqa: N802 - named by aiosmtpd
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if self._trouble.of("421"):
            return "421 4.3.2 Not now"
        envelope.mail_from = address
        return "250 OK"

    async def handle_DATA(self, server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        fault = self._trouble.of("451", "no answer")
        if fault == "451":
            return "451 4.3.0 Try again later"
        message = message_from_bytes(envelope.original_content or b"")
        self._ledger.write(
            id=str(message["Message-ID"]), to=str(message["To"]), is_answered=fault != "no answer"
        )
        if fault:
            server.transport.abort()
        return "250 OK"


Answer = Callable[[asyncio.StreamWriter], Awaitable[None]]


def _status(status: int) -> Answer:
    async def answer(writer: asyncio.StreamWriter) -> None:
        writer.write(ANSWER.format(status=status).encode())
        await writer.drain()

    return answer


async def _slow(writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(SLOW_SECONDS)
    await _status(200)(writer)


async def _reset(writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


FAULTS: dict[str, Answer] = {"500": _status(500), "slow": _slow, "reset": _reset}


class Receivers:
    """/shaky meets every fault now and then, /dead always answers 500, /gone answers 410 after some messages."""

    def __init__(self, ledger: Ledger, trouble: Trouble, secrets: dict[str, str]) -> None:
        self._ledger, self._trouble, self._secrets = ledger, trouble, secrets
        self._taken: dict[str, int] = {}

    def _fault(self, path: str) -> str:
        self._taken[path] = self._taken.get(path, 0) + 1
        if path == "/dead":
            return "500"
        if path == "/gone" and self._taken[path] > GONE_AFTER:
            return "410"
        return self._trouble.of(*FAULTS) if path == "/shaky" else ""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = {
                name.strip().lower(): value.strip()
                for name, _, value in (line.partition(":") for line in head[1:])
            }
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            await self._take(head[0].split()[1], headers, body, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _take(
        self, path: str, headers: dict[str, str], body: bytes, writer: asyncio.StreamWriter
    ) -> None:
        fault = self._fault(path)
        self._ledger.write(
            path=path, id=headers.get("webhook-id", ""), digest=hashlib.sha256(body).hexdigest(),
            is_signed=_is_signed(self._secrets[path], body, headers), fault=fault,
        )  # fmt: skip
        answer = FAULTS.get(fault) or _status(int(fault or 200))
        await answer(writer)


def _is_signed(secret: str, body: bytes, headers: dict[str, str]) -> bool:
    """As any receiver would ask, its time included: the clock of a worker must not make a message unreadable."""
    try:
        Webhook(secret).verify(body, headers)
    except (WebhookVerificationError, ValueError):
        return False
    return True


async def serve() -> None:
    folder, seed = Path(os.environ["OUTSIDE"]), int(os.environ["SEED"])
    trouble = Trouble(seed, Path(os.environ["CALM"]))
    secrets = json.loads((folder / "secrets.json").read_text())
    mail = UnthreadedController(
        MailServer(Ledger(folder / "mails.jsonl"), trouble),
        hostname="127.0.0.1", port=int(os.environ["MAIL_PORT"]), loop=asyncio.get_running_loop(),
    )  # fmt: skip
    await mail._create_server()
    receivers = Receivers(Ledger(folder / "hooks.jsonl"), trouble, secrets)
    server = await asyncio.start_server(receivers.handle, "127.0.0.1", int(os.environ["HOOK_PORT"]))
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve())
