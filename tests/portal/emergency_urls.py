"""The portal's addresses as they are with EMERGENCY_ADMIN."""

from __future__ import annotations

from django.urls import path

from portal import urls
from portal.emergency import site

handler404, handler500 = urls.handler404, urls.handler500
urlpatterns = [*urls.urlpatterns, path("emergency/", site().urls)]
