"""Every setting, read from the environment and safe for production as it stands.

A value that is missing or malformed stops the start with a message that names the variable.
"""

from __future__ import annotations

import ipaddress
from pathlib import Path
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF

from portal.shared.logs import configure_logging

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parents[2]

SECRET_KEY = env("SECRET_KEY")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
# Fernet keys, newest first: the first encrypts, all of them decrypt.
FIELD_ENCRYPTION_KEYS = env.list("FIELD_ENCRYPTION_KEYS")
DEBUG = env.bool("DEBUG", default=False)
SITE_NAME = env("SITE_NAME", default="Connector Certification")
SITE_URL = env("SITE_URL").rstrip("/")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[SITE_URL])

# Trial mode adds one-click demo sign-in, the component sheet and shortened waits. Never on in production.
TRIAL_MODE = env.bool("TRIAL_MODE", default=False)
# In trial mode a wait of this many seconds passes in one second. 1 everywhere else.
TRIAL_CLOCK_SCALE = env.float("TRIAL_CLOCK_SCALE", default=1.0) if TRIAL_MODE else 1.0
# How long a gate that cannot tell waits for an operator under a trial clock, in real time.
TRIAL_GATE_PATIENCE_SECONDS = env.float("TRIAL_GATE_PATIENCE_SECONDS", default=60.0)

# Which build this is, as reports of errors and traces name it.
PORTAL_VERSION = env("PORTAL_VERSION", default="")
# Where errors and traces go (portal/observability.py); empty: nowhere. TRACES_ENDPOINT takes OTLP over HTTP,
# as in http://collector:4318/v1/traces; TRACES_SHARE of all requests and jobs are traced.
SENTRY_DSN = env("SENTRY_DSN", default="")
SENTRY_ENVIRONMENT = env("SENTRY_ENVIRONMENT", default="production")
TRACES_ENDPOINT = env("TRACES_ENDPOINT", default="")
TRACES_SHARE = env.float("TRACES_SHARE", default=0.1)

# What differs from the thresholds of `certification.gating.thresholds`, such as {"drop": 0.03}.
GATE_THRESHOLDS = env.json("GATE_THRESHOLDS", default={})
# Regions may only be called in clear text or on loopback when this is set (trial, tests).
ALLOW_INSECURE_REGIONS = env.bool("ALLOW_INSECURE_REGIONS", default=TRIAL_MODE)
# Calls of connector operations. Off: none leaves for a public service. Local hosts ("name=address:port",
# comma separated) are reached over plain http; they exist in trial mode only.
EGRESS_PUBLIC = env.bool("EGRESS_PUBLIC", default=True)
EGRESS_LOCAL_HOSTS = env.list("EGRESS_LOCAL_HOSTS", default=[]) if TRIAL_MODE else []
# Git repositories of teams: seconds between two looks at each, and the largest pack that is fetched. Those on
# the server's own disk (file://) are read in trial mode only.
REPOSITORY_POLL_SECONDS = env.int("REPOSITORY_POLL_SECONDS", default=300)
REPOSITORY_MAX_MB = env.int("REPOSITORY_MAX_MB", default=512)
REPOSITORY_LOCAL_FILES = env.bool("REPOSITORY_LOCAL_FILES", default=False) if TRIAL_MODE else False
# One look a day at the host of every live connector: its name, its certificate, whether it answers at all.
HOST_WATCH = env.bool("HOST_WATCH", default=True)
HOST_WATCH_HOURS = env.int("HOST_WATCH_HOURS", default=24)
# So many days before its end a certificate raises an alert.
HOST_WATCH_CERTIFICATE_DAYS = env.int("HOST_WATCH_CERTIFICATE_DAYS", default=14)
# A live connector that nobody called for so many days raises an alert; 0 switches it off.
DORMANT_AFTER_DAYS = env.int("DORMANT_AFTER_DAYS", default=30)
# Programs that regions of the kind "command" may name, as name=/absolute/path, comma separated. Whoever
# administers regions can run these on the workers, and nothing else.
REGION_PROGRAMS = env.dict("REGION_PROGRAMS", default={})
# How often each connector in each region is looked at again, to find what nobody told us.
PROBE_INTERVAL_SECONDS = env.int("PROBE_INTERVAL_SECONDS", default=1800)

# Django's admin under /emergency/, read-only but for what `portal.emergency` names; see docs/operations.md.
EMERGENCY_ADMIN = env.bool("EMERGENCY_ADMIN", default=False)

INSTALLED_APPS = [
    "portal",
    "portal.shared",
    "portal.accounts",
    "connectors",
    "certification",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.forms",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.usersessions",
    "rest_framework",
    "drf_spectacular",
    "django_filters",
    "django_htmx",
    "csp",
]

MIDDLEWARE = [
    "portal.shared.web.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "portal.accounts.middleware.SessionActivityMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.accounts.middleware.ReaderTimeZoneMiddleware",
    "portal.accounts.middleware.ReaderLanguageMiddleware",
    "portal.roles.RememberRolesMiddleware",
    "portal.accounts.middleware.StaffSecondFactorMiddleware",
    "portal.shared.web.DomainErrorMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.navigation.shell",
            ],
        },
    },
]
if EMERGENCY_ADMIN:
    INSTALLED_APPS.append("django.contrib.admin.apps.SimpleAdminConfig")
    TEMPLATES[0]["DIRS"].append(BASE_DIR / "portal" / "emergency" / "templates")  # type: ignore[attr-defined]

DATABASES = {"default": env.db("DATABASE_URL")}
DATABASES["default"].update(
    ATOMIC_REQUESTS=False,
    CONN_HEALTH_CHECKS=True,
    OPTIONS={
        **DATABASES["default"].get("OPTIONS", {}),
        "application_name": env("APPLICATION_NAME", default="portal"),
        "options": " ".join(
            (
                f"-c statement_timeout={env.int('DB_STATEMENT_TIMEOUT_MS', default=10_000)}",
                f"-c lock_timeout={env.int('DB_LOCK_TIMEOUT_MS', default=3_000)}",
                "-c idle_in_transaction_session_timeout=30000",
                # Pages and jobs ask short questions: compiling them costs more than running them.
                "-c jit=off",
            )
        ),
    },
)
if env.bool("DB_POOL", default=True):
    DATABASES["default"]["OPTIONS"]["pool"] = {
        "min_size": 1,
        "max_size": env.int("DB_POOL_SIZE", default=8),
        "timeout": 10,
    }
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env("REDIS_URL")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "portal",
        "OPTIONS": {"socket_connect_timeout": 2, "socket_timeout": 2},
    },
}

# Files: packages by digest below PACKAGE_ROOT, uploads as they came in beside them.
PACKAGE_ROOT = Path(env("MEDIA_ROOT", default=str(BASE_DIR / "var" / "media"))) / "packages"
# Uploads in pieces lie here until they are whole; those that are never finished are over after so many hours.
RESUMABLE_ROOT = PACKAGE_ROOT.parent / "resumable"
RESUMABLE_UPLOAD_HOURS = env.int("RESUMABLE_UPLOAD_HOURS", default=24)
# Mirrors of Git repositories. They are fetched again when they are lost, so they need no backup.
REPOSITORY_ROOT = PACKAGE_ROOT.parent / "repositories"
STATIC_URL = "/static/"
STATIC_ROOT = Path(env("STATIC_ROOT", default=str(BASE_DIR / "var" / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
MAX_UPLOAD_BYTES = 10 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000
DATA_UPLOAD_MAX_NUMBER_FILES = 60

# People
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", **options}
    for name, options in (
        ("UserAttributeSimilarityValidator", {}),
        ("MinimumLengthValidator", {"OPTIONS": {"min_length": 10}}),
        ("CommonPasswordValidator", {}),
        ("NumericPasswordValidator", {}),
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "portal.accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_SIGNUP_FORM_CLASS = "portal.accounts.forms.SignupForm"
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
# Only where the same browser signed up: a link alone, forwarded or found in a log, signs nobody in.
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_UNIQUE_EMAIL = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if SITE_URL.startswith("https") else "http"
ACCOUNT_RATE_LIMITS = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/5m/key",
    "signup": "20/m/ip",
    "reset_password": "20/m/ip,5/m/key",
    "confirm_email": "1/3m/key",
    "region_watch": "10/h/ip",
    # Programs that ask for a code, and people who type one: ten guesses in five minutes find nothing.
    "device_start": "20/m/ip",
    "device_code": "10/5m/user,30/5m/ip",
    "oidc_exchange": "60/m/ip",
}
ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", default=0)
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_PASSKEY_SIGNUP_ENABLED = False
MFA_TOTP_ISSUER = SITE_NAME
# WebAuthn refuses plain http except on localhost; the trial runs there.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = TRIAL_MODE
USERSESSIONS_TRACK_ACTIVITY = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION = False
OIDC_SERVER_URL = env("OIDC_SERVER_URL", default="")
OIDC_ORIGIN = "{0.scheme}://{0.netloc}".format(urlsplit(OIDC_SERVER_URL)) if OIDC_SERVER_URL else ""
SOCIALACCOUNT_PROVIDERS = {
    "openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": env("OIDC_PROVIDER_ID", default="sso"),
                "name": env("OIDC_NAME", default="Single sign-on"),
                "client_id": env("OIDC_CLIENT_ID", default=""),
                "secret": env("OIDC_CLIENT_SECRET", default=""),
                "settings": {"server_url": OIDC_SERVER_URL},
            }
        ]
        if env("OIDC_CLIENT_ID", default="")
        else [],
    }
}

# Sessions and transport
SECURE_COOKIES = env.bool("SECURE_COOKIES", default=True)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_COOKIES
SESSION_COOKIE_NAME = "__Host-session" if SECURE_COOKIES else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if SECURE_COOKIES else "csrf"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=SECURE_COOKIES)
SECURE_REDIRECT_EXEMPT = [r"^livez$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31_536_000 if SECURE_COOKIES else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = SECURE_COOKIES
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
if env.int("TRUSTED_PROXY_COUNT", default=0):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "portal.shared.web.csrf_failure"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        # Signing in through OIDC posts to us and is sent on to the provider; Chrome asks here for both.
        "form-action": [SELF, *([OIDC_ORIGIN] if OIDC_ORIGIN else [])],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"

# Mail leaves through the outbox; the backend is only the last step.
vars().update(env.email_url("EMAIL_URL", default="smtp://localhost:25"))
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default="Connector Certification <noreply@localhost>")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
# Mails can be answered where there is a domain for the answers: docs/mail-replies.md.
REPLY_DOMAIN = env("REPLY_DOMAIN", default="")
REPLY_DAYS = env.int("REPLY_DAYS", default=30)
# Whether answers may sign off, refuse and hand in: only behind a mail server that rejects what fails DMARC.
REPLY_DEEDS = env.bool("REPLY_DEEDS", default=False)
REPLY_HOOK_SECRET = env("REPLY_HOOK_SECRET", default="")
RECEIVE_MAIL_HOST = env("RECEIVE_MAIL_HOST", default="127.0.0.1")
RECEIVE_MAIL_PORT = env.int("RECEIVE_MAIL_PORT", default=2525)
RECEIVE_MAIL_BYTES = env.int("RECEIVE_MAIL_BYTES", default=10 * 1024 * 1024)
# How long what webhooks were told stays to be looked at and sent again.
# Whether a submission waits for a signature of the contributor agreement, once there is a text.
AGREEMENT_REQUIRED = env.bool("AGREEMENT_REQUIRED", default=False)
WEBHOOK_LOG_DAYS = env.int("WEBHOOK_LOG_DAYS", default=30)
RECEIVED_MAIL_KEEP_DAYS = env.int("RECEIVED_MAIL_KEEP_DAYS", default=90)
# How long other rows stay after their use is over: docs/operations.md, "What is kept for how long".
KEEP_SESSION_NOTES_DAYS = env.int("KEEP_SESSION_NOTES_DAYS", default=90)
KEEP_INVITATIONS_DAYS = env.int("KEEP_INVITATIONS_DAYS", default=180)
KEEP_TOKENS_DAYS = env.int("KEEP_TOKENS_DAYS", default=365)
KEEP_PULL_REQUESTS_DAYS = env.int("KEEP_PULL_REQUESTS_DAYS", default=365)
KEEP_MESSAGES_DAYS = env.int("KEEP_MESSAGES_DAYS", default=730)
# How long an erasure can be taken back: docs/operations.md, "Erasing a person".
ERASURE_WAIT_DAYS = env.int("ERASURE_WAIT_DAYS", default=14)

# Language and time: stored in UTC, shown in the reader's zone.
LANGUAGE_CODE = "en"
USE_I18N = True
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LANGUAGE_COOKIE_NAME = "language"
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600
LANGUAGE_COOKIE_SAMESITE = "Lax"
LOCALE_PATHS = [BASE_DIR / "portal" / "locale"]
USE_TZ = True
TIME_ZONE = "UTC"

# Jobs: PostgreSQL is the queue of record, the broker only rings the bell.
OUTBOX_SUBSCRIPTIONS = "portal.subscriptions.SUBSCRIPTIONS"
CELERY_BROKER_URL = REDIS_URL

# How many days each level of health figures is kept: what regions sent minute by minute, hours, and days.
HEALTH_KEEP_DAYS = {
    "samples": env.int("HEALTH_KEEP_SAMPLES_DAYS", default=90),
    "hours": env.int("HEALTH_KEEP_HOURS_DAYS", default=400),
    "days": env.int("HEALTH_KEEP_DAYS_DAYS", default=1830),
}
# How many batches of telemetry one process stores at a time; the next ones are told to come back.
TELEMETRY_AT_ONCE = env.int("TELEMETRY_AT_ONCE", default=3)

# Who may read /metrics: whoever shows the token, and whoever asks from one of the networks ("10.0.0.0/8").
# Without both, nobody.
METRICS_TOKEN = env("METRICS_TOKEN", default="")
METRICS_NETWORKS = [ipaddress.ip_network(each) for each in env.list("METRICS_NETWORKS", default=[])]

# Signs the receipts of verdicts: the base64 of 32 bytes, or an Ed25519 private key as PEM. Without it they
# are unsigned.
RECEIPT_SIGNING_KEY = env("RECEIPT_SIGNING_KEY", default="")

# A breaking change of what fewer active connections than this use, in the busiest hour of so many days, is
# a warning. 1: only what nobody uses.
BREAKING_CHANGE_CONNECTIONS = env.int("BREAKING_CHANGE_CONNECTIONS", default=1)
BREAKING_CHANGE_DAYS = env.int("BREAKING_CHANGE_DAYS", default=30)

# The least days between announcing that a connector retires or changes and the day itself.
NOTICE_DAYS = env.int("NOTICE_DAYS", default=30)

# Errors found by `paconn validate` answer 400 for every token, so that the command fails in any build.
PACONN_ERRORS_FAIL = env.bool("PACONN_ERRORS_FAIL", default=False)

# Build services whose ID tokens may be exchanged for tokens of minutes (trusted publishers), as kind=issuer:
# github=https://…, gitlab=https://…. Empty: none.
TRUSTED_ISSUERS = env.list(
    "TRUSTED_ISSUERS",
    default=["github=https://token.actions.githubusercontent.com", "gitlab=https://gitlab.com"],
)

# How long a program that waits for its owner's word leaves between two questions.
DEVICE_POLL_SECONDS = 5

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "portal.accounts.tokens.ApiTokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["portal.accounts.tokens.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_PAGINATION_CLASS": "portal.shared.rest.NewestFirstCursorPagination",
    "PAGE_SIZE": 50,
    "DEFAULT_SCHEMA_CLASS": "portal.shared.schema.ReadingSchema",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_THROTTLE_CLASSES": ["portal.shared.rest.CallerThrottle"],
    "DEFAULT_THROTTLE_RATES": {"caller": env("API_RATE", default="600/min"), "heartbeats": "30/min"},
    "EXCEPTION_HANDLER": "portal.shared.rest.problem_details",
    "NUM_PROXIES": env.int("TRUSTED_PROXY_COUNT", default=0),
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Connector certification API",
    "VERSION": "1",
    "DESCRIPTION": "Register, submit, validate, review, preview, roll out and watch connectors.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": r"/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "portal.shared.schema.describe",
    ],
    # Fields called "state", "kind" and "role" hold other words in every noun; these are their names.
    "ENUM_NAME_OVERRIDES": {
        "ErasureStateEnum": "certification.forgetting.ErasureState",
        "SubmissionStateEnum": "certification.lifecycle.SubmissionState",
        "RolloutStateEnum": "certification.lifecycle.RolloutState",
        "WaveStateEnum": "certification.lifecycle.WaveState",
        "DeploymentStateEnum": "certification.lifecycle.DeploymentState",
        "PreviewStateEnum": "certification.lifecycle.PreviewState",
        "PullRequestStateEnum": "certification.models.pull_requests.PullRequest.State",
        "WaiverStateEnum": "certification.lifecycle.WaiverState",
        "ThreadStateEnum": "certification.lifecycle.ReviewThreadState",
        "OverrideStateEnum": "certification.lifecycle.OverrideState",
        "OverrideKindEnum": "certification.models.overrides.OverrideKind",
        "ProductOutcomeEnum": "certification.models.testers.ProductCheck.Outcome",
        "NoticeKindEnum": "certification.models.notices.NoticeKind",
        "DecisionVerdictEnum": "certification.models.reviews.Decision.Verdict",
        "ValidationVerdictEnum": "certification.models.validation.Validation.Verdict",
        "GateVerdictEnum": "certification.models.gates.GateCheck.Verdict",
        "SeverityEnum": "certification.models.validation.Severity",
        "TreatmentKindEnum": "certification.treating.TreatmentKind",
        "TreatmentStateEnum": "certification.treating.TreatmentState",
        # Called so before others had a status, too.
        "StatusEnum": ["stored", "duplicate"],
        "HeartbeatStateEnum": "connectors.api.heartbeats.STATES",
        "HeartbeatStatusEnum": "connectors.api.heartbeats.STATUSES",
        "ConnectorStateEnum": "connectors.lifecycle.ConnectorState",
        "InvitationStateEnum": "connectors.lifecycle.InvitationState",
        "RoleEnum": "connectors.models.publishers.Role",
    },
}

LOGGING_CONFIG = None
configure_logging(style=env("LOG_FORMAT", default="json"), level=env("LOG_LEVEL", default="INFO"))
