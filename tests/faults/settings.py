"""The portal of a fault campaign: the tests' settings, with a pool of connections as in operation."""

from portal.settings.test import *  # noqa: F403

PROBE_INTERVAL_SECONDS = 60
OUTBOX_SUBSCRIPTIONS = "tests.faults.following.SUBSCRIPTIONS"
