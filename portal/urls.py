"""The site map. Each noun keeps its own addresses beside its views."""

from __future__ import annotations

from importlib import import_module

from django.conf import settings
from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView

from certification.api import paconn, paconn_push
from portal import api, home
from portal.accounts import urls as accounts_urls
from portal.shared import rest, web

_ROOMS = (
    "connectors.web.publishers",
    "connectors.web.trusted_publishers",
    "connectors.web.connectors",
    "connectors.web.versions",
    "connectors.web.health",
    "connectors.web.health_alerts",
    "connectors.web.hosts",
    "connectors.web.heartbeats",
    "connectors.web.care",
    "connectors.web.sources",
    "certification.web.submissions",
    "certification.web.families",
    "certification.web.family_reviews",
    "certification.web.ownership",
    "certification.web.transfers",
    "certification.web.downloads",
    "certification.web.ledger",
    "certification.web.status",
    "certification.web.public",
    "certification.web.public_changes",
    "certification.web.documentation",
    "certification.web.notices",
    "certification.web.versioned_operations",
    "certification.web.calendar",
    "certification.web.credentials",
    "certification.web.console",
    "certification.web.validation",
    "certification.web.repairs",
    "certification.web.receipts",
    "certification.web.certificates",
    "certification.web.rules",
    "certification.web.treatments",
    "certification.web.agreements",
    "certification.web.reviews",
    "certification.web.review_views",
    "certification.web.review_changes",
    "certification.web.threads",
    "certification.web.suggestions",
    "certification.web.replies",
    "certification.web.verdicts",
    "certification.web.previews",
    "certification.web.testers",
    "certification.web.pauses",
    "certification.web.rollouts",
    "certification.web.rollout_order",
    "certification.web.gates",
    "certification.web.marks",
    "certification.web.forecasts",
    "certification.web.incidents",
    "certification.web.catch_ups",
    "certification.web.plans",
    "certification.web.freezes",
    "certification.web.trains",
    "certification.web.months",
    "certification.web.overrides",
    "certification.web.placements",
    "certification.web.regions",
    "certification.web.region_tasks",
    "certification.web.mail_texts",
    "certification.web.specimens",
    "certification.web.notifications",
    "certification.web.webhooks",
    "certification.web.repositories",
    "certification.web.pull_requests",
    "certification.web.repository_hooks",
    "certification.web.received_mail",
    "certification.web.retention",
    "certification.web.erasures",
    "portal.search.pages",
    "portal.administration",
    "portal.undo",
    "portal.operations",
    "portal.key_rotation",
    "portal.metrics",
)

urlpatterns = [
    path("", home.home, name="home"),
    path("home/live/", home.home_live, name="home_live"),
    path("livez", web.livez, name="livez"),
    path("readyz", web.readyz, name="readyz"),
    path("accounts/", include("allauth.urls")),
    path("account/", include((accounts_urls, "accounts"))),
    path("api/schema/", SpectacularAPIView.as_view(), name="api_schema"),
    path("api/docs/", api.documentation, name="api_docs"),
    path("api/v1/", include((api.urlpatterns, "api"))),
    # Without an end: what follows may hold line breaks, which "." does not know.
    re_path(r"^api/", rest.api_not_found, name="api_not_found"),
    *paconn_push.urlpatterns,
    *paconn.urlpatterns,
    *(pattern for room in _ROOMS for pattern in import_module(room).urlpatterns),
]
if settings.TRIAL_MODE:
    from portal import trial

    urlpatterns += trial.urlpatterns

if settings.EMERGENCY_ADMIN:
    from portal import emergency

    urlpatterns += [path("emergency/", emergency.site().urls)]

handler404 = "portal.home.not_found"
handler500 = "portal.home.server_error"
