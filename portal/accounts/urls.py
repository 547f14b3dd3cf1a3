"""Addresses of one's own account (signing in and second factors are allauth's)."""

from django.urls import path

from portal.accounts import device_pages, views

urlpatterns = [
    path("", views.profile, name="profile"),
    path("tokens/", views.tokens, name="tokens"),
    path("tokens/paconn/", views.paconn_token, name="paconn_token"),
    path("tokens/<uuid:pk>/revoke/", views.token_revoke, name="token_revoke"),
    path("device/", device_pages.device, name="device"),
    path("calendar/", views.calendar, name="calendar"),
    path("calendar/drop/", views.calendar_drop, name="calendar_drop"),
    path("data/", views.your_data, name="your_data"),
    path("theme/", views.theme, name="theme"),
    path("language/", views.language, name="language"),
    path("people/", views.people, name="people"),
    path("people/<uuid:pk>/staff-role/", views.set_staff_role, name="set_staff_role"),
]
