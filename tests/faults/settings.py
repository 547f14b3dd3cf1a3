"""The portal of a fault campaign: the tests' settings, with a pool of connections and a mail server as in operation."""

import os

from portal.settings.test import *  # noqa: F403

PROBE_INTERVAL_SECONDS = 60
OUTBOX_SUBSCRIPTIONS = "tests.faults.following.SUBSCRIPTIONS"
if "MAIL_PORT" in os.environ:
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST, EMAIL_PORT, EMAIL_TIMEOUT = "127.0.0.1", int(os.environ["MAIL_PORT"]), 5
    EGRESS_LOCAL_HOSTS = [f"hooks.harbour.example=127.0.0.1:{os.environ['HOOK_PORT']}"]
