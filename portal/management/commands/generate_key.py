"""`manage.py generate_key`: a new key for FIELD_ENCRYPTION_KEYS; with --receipts for RECEIPT_SIGNING_KEY.

With --public it prints the public half of the RECEIPT_SIGNING_KEY in use, for regions that verify with it.
"""

from __future__ import annotations

import base64
from typing import Any

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management.base import BaseCommand, CommandError, CommandParser

from certification.services.receipts import public_key_pem


class Command(BaseCommand):
    help = "Print a new key for FIELD_ENCRYPTION_KEYS. It is stored nowhere: keep what is printed."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--receipts", action="store_true", help="a key for RECEIPT_SIGNING_KEY instead (Ed25519)"
        )

        parser.add_argument(
            "--public",
            action="store_true",
            help="make nothing: the public key that belongs to RECEIPT_SIGNING_KEY, as PEM",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if options["public"]:
            self.stdout.write(_public_key())
            return
        if options["receipts"]:
            key = base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw())
        else:
            key = Fernet.generate_key()
        self.stdout.write(key.decode())


def _public_key() -> str:
    pem = public_key_pem()
    if pem is None:
        raise CommandError("This portal has no RECEIPT_SIGNING_KEY, so it signs no certificates.")
    return pem.decode()
