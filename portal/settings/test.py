"""Tests: the base settings against throw-away services, with cheap passwords and mail in memory."""

import atexit
import os
import shutil
import tempfile


def _folder(purpose: str) -> str:
    """A folder that is gone when the process ends."""
    path = tempfile.mkdtemp(prefix=f"portal-{purpose}-")
    atexit.register(shutil.rmtree, path, ignore_errors=True)
    return path


os.environ.setdefault("SECRET_KEY", "tests-only-" + "k" * 60)
os.environ.setdefault("FIELD_ENCRYPTION_KEYS", "b2theSBnb2VzIGhlcmUsIDMyIGJ5dGVzIGxvbmcuLi4=")
os.environ.setdefault("RECEIPT_SIGNING_KEY", "dGhlIHRlc3RzIHNpZ24gcmVjZWlwdHMgd2l0aCB0aGk=")
os.environ.setdefault("SITE_URL", "https://portal.test")
os.environ.setdefault("ALLOWED_HOSTS", "portal.test,testserver,localhost,127.0.0.1")
if "PYTEST_VERSION" in os.environ:
    # Settings are read before the first conftest, so this is where a plain `pytest` gets its services.
    from tests.services import provide_services

    provide_services()
os.environ.setdefault("DATABASE_URL", "postgres://portal@127.0.0.1:5432/portal")
os.environ.setdefault("REDIS_URL", "redis://127.0.0.1:6379/0")
if "MEDIA_ROOT" not in os.environ:
    os.environ["MEDIA_ROOT"] = os.environ["TESTS_MEDIA_ROOT"] = _folder("media")
elif "PYTEST_XDIST_WORKER" in os.environ and os.environ["MEDIA_ROOT"] == os.environ.get("TESTS_MEDIA_ROOT"):
    # Packages are stored by their digest: what one worker's test damages, another's must not meet.
    os.environ["MEDIA_ROOT"] = _folder("media")
if "STATIC_ROOT" not in os.environ:
    os.environ["STATIC_ROOT"] = _folder("static")
os.environ.setdefault("DB_POOL", "off")
os.environ.setdefault("LOG_LEVEL", "WARNING")
os.environ.setdefault("ALLOW_INSECURE_REGIONS", "on")
os.environ.setdefault("EGRESS_PUBLIC", "off")
os.environ.setdefault("HOST_WATCH", "off")

from portal.settings.base import *  # noqa: E402, F403
from portal.settings.base import DATABASES, STORAGES  # noqa: E402

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
SECURE_SSL_REDIRECT = False
WHITENOISE_USE_FINDERS = True
# Every test client starts the middleware anew: finding one file when asked costs less than listing them all.
WHITENOISE_AUTOREFRESH = True
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}
if "PYTEST_VERSION" in os.environ:
    # A few rows are joined as quickly in any order: looking for the best one takes longer than the join.
    DATABASES["default"]["OPTIONS"]["options"] += " -c join_collapse_limit=1 -c from_collapse_limit=1"
