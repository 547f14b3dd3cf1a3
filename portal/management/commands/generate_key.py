"""`manage.py generate_key`: a new key for FIELD_ENCRYPTION_KEYS; with --receipts for RECEIPT_SIGNING_KEY."""

from __future__ import annotations

import base64
from typing import Any

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management.base import BaseCommand, CommandParser


class Command(BaseCommand):
    help = "Print a new key for FIELD_ENCRYPTION_KEYS. It is stored nowhere: keep what is printed."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--receipts", action="store_true", help="a key for RECEIPT_SIGNING_KEY instead (Ed25519)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["receipts"]:
            key = base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw())
        else:
            key = Fernet.generate_key()
        self.stdout.write(key.decode())
