"""`make run`: the base settings with the trial's conveniences on one machine over plain http."""

import base64
import hashlib
import os

os.environ.setdefault("TRIAL_MODE", "on")
os.environ.setdefault("TRIAL_CLOCK_SCALE", "1440")
os.environ.setdefault("SECURE_COOKIES", "off")
os.environ.setdefault("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
os.environ.setdefault("SITE_URL", "http://localhost:8000")
os.environ.setdefault("LOG_FORMAT", "console")

from portal.settings.base import *  # noqa: F403
from portal.settings.base import RECEIPT_SIGNING_KEY, SECRET_KEY, STORAGES

# A trial signs receipts without another secret to keep.
RECEIPT_SIGNING_KEY = (
    RECEIPT_SIGNING_KEY
    or base64.b64encode(hashlib.sha256(f"receipts of {SECRET_KEY}".encode()).digest()).decode()
)

# Static files straight from the tree: an edit shows at the next reload.
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
WHITENOISE_MAX_AGE = 0
