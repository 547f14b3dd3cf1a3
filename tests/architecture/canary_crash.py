"""Exceptions while a decrypted credential is at hand, logged as a failing job and a failing request log theirs.

Run as a program by the canary test; its log lines go to the run's log folder through standard error.
"""

from __future__ import annotations

import logging
import os
import sys
import traceback

import django

django.setup()

import structlog  # noqa: E402

from certification.models import TestCredential  # noqa: E402


def main() -> int:
    credential = TestCredential.objects.get(pk=os.environ["CANARY_CREDENTIAL"])
    fields = credential.fields
    log = structlog.get_logger("canary")
    try:
        raise RuntimeError(f"the tester could not sign in with {fields} ({fields['key']!r}, {credential!r})")
    except RuntimeError as error:
        log.error("sign_in_failed", exc_info=error, fields=fields, key=fields["key"])
        logging.getLogger("canary").exception("failed with %s and %s", fields, fields["key"])
        text = "".join(traceback.format_exception(error))
    secret = fields["key"].reveal()
    return 1 if secret in text or secret in repr(vars(credential)) else 0


if __name__ == "__main__":
    sys.exit(main())
