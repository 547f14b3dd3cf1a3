"""How allauth behaves here."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Mails link to SITE_URL, whatever Host the request carried, and wear the portal's layout."""

    def get_email_confirmation_url(self, request: Any, emailconfirmation: Any) -> str:
        return self._ours(super().get_email_confirmation_url(request, emailconfirmation))

    def get_reset_password_from_key_url(self, key: str) -> str:
        return self._ours(super().get_reset_password_from_key_url(key))

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        context = {**context, "site_url": settings.SITE_URL, "site_name": settings.SITE_NAME}
        super().send_mail(template_prefix, email, context)

    @staticmethod
    def _ours(url: str) -> str:
        _, _, path = url.partition("://")
        return f"{settings.SITE_URL}/{path.partition('/')[2]}"
