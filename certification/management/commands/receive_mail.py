"""`manage.py receive_mail`: take in answers and reports by SMTP or LMTP."""

from __future__ import annotations

import argparse
import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from certification.services.mail_server import MailServer


class Command(BaseCommand):
    help = (
        "Listen for mails to REPLY_DOMAIN and make comments of answers. Put a mail server in front: it "
        "checks SPF, DKIM and DMARC, and passes on what is for this domain (LMTP with --lmtp)."
    )

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--host", default=settings.RECEIVE_MAIL_HOST, help="address to listen on")
        parser.add_argument("--port", type=int, default=settings.RECEIVE_MAIL_PORT)
        parser.add_argument("--lmtp", action="store_true", help="speak LMTP instead of SMTP")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.REPLY_DOMAIN:
            raise CommandError("Set REPLY_DOMAIN first: without it no mail can be answered.")
        server = MailServer(options["host"], options["port"], is_lmtp=options["lmtp"])
        ended = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: ended.set())
        server.start()
        self.stdout.write(f"Mails to {settings.REPLY_DOMAIN} are taken in at {server.host}:{server.port}")
        try:
            ended.wait()
        finally:
            server.stop()
