"""A small mail server that knows one kind of recipient: addresses that this portal has signed."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog
from aiosmtpd.controller import Controller
from aiosmtpd.lmtp import LMTP
from aiosmtpd.smtp import SMTP, Envelope, Session
from asgiref.sync import sync_to_async
from django.conf import settings
from django.db import connection

from certification.services.received_mail import receive
from certification.services.reply_addresses import NotOurs, read_address
from portal.shared.errors import TooLarge

log = structlog.get_logger(__name__)
MOST_RECIPIENTS = 1
"""In one go: each mail gets an answer of its own, in LMTP too; senders come again with the next."""
AT_ONCE = 4
"""Mails that are taken in at the same time; others wait."""


class _Handler:
    """What aiosmtpd asks for each mail. Answers are SMTP replies."""

    def __init__(self) -> None:
        self._room = asyncio.Semaphore(AT_ONCE)

    async def handle_RCPT(  # noqa: N802 - named by aiosmtpd
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        if len(envelope.rcpt_tos) >= MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        try:
            read_address(address)
        except NotOurs:
            return "550 5.1.1 No such address"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802 - named by aiosmtpd
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        try:
            async with self._room:
                for address in envelope.rcpt_tos:
                    await sync_to_async(_take_in, thread_sensitive=False)(
                        content, address, envelope.mail_from or ""
                    )
        except TooLarge:
            return "552 5.3.4 Message too large"
        except NotOurs:
            return "550 5.1.1 No such address"
        except Exception as error:  # noqa: BLE001 - whatever it was, the sender tries again later
            log.error("mail_not_taken_in", error=type(error).__name__)
            return "451 4.3.0 Try again later"
        return "250 2.0.0 OK"


def _take_in(content: bytes, address: str, sender: str) -> None:
    """In a thread of its own, with a database connection of its own."""
    try:
        receive(content, recipient=address, envelope_sender=sender)
    finally:
        connection.close()


class _Controller(Controller):
    """`lmtp` says which protocol is spoken."""

    def __init__(self, handler: _Handler, *, host: str, port: int, lmtp: bool) -> None:
        self._server_class = LMTP if lmtp else SMTP
        super().__init__(handler, hostname=host, port=port, ready_timeout=10)

    def factory(self) -> Any:
        return self._server_class(
            self.handler,
            data_size_limit=settings.RECEIVE_MAIL_BYTES,
            enable_SMTPUTF8=True,
            ident="connector-portal",
            timeout=60,
        )


class MailServer:
    """Runs in a thread from `start` to `stop`."""

    def __init__(self, host: str, port: int, *, is_lmtp: bool = False) -> None:
        self.host, self.port = host, port
        self._controller = _Controller(_Handler(), host=host, port=port, lmtp=is_lmtp)

    def start(self) -> None:
        self._controller.start()

    def stop(self) -> None:
        self._controller.stop()
