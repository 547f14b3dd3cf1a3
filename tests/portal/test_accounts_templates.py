"""Pages of sign-in, second factor and sessions are ours: nobody falls out of the portal into somebody else's words."""

from __future__ import annotations

from pathlib import Path

import allauth
import pytest
from django.conf import settings
from django.template.loader import get_template

THEIRS = Path(allauth.__file__).parent / "templates"
# Behind settings that are off: no address leads there.
SWITCHED_OFF = {
    "account/confirm_email_verification_code.html", "account/confirm_login_code.html",
    "account/confirm_password_reset_code.html", "account/confirm_phone_verification_code.html",
    "account/email.html", "account/phone_change.html", "account/request_login_code.html",
    "account/signup_by_passkey.html", "account/verified_email_required.html", "mfa/trust.html",
    "mfa/webauthn/signup_form.html", "socialaccount/login.html",
}  # fmt: skip


def _pages() -> list[str]:
    found = (
        path.relative_to(THEIRS).as_posix()
        for room in ("account", "mfa", "socialaccount", "usersessions")
        for path in (THEIRS / room).rglob("*.html")
    )
    return sorted(
        name for name in found if "/snippets/" not in name and not Path(name).name.startswith("base")
    )


@pytest.mark.parametrize("name", [name for name in _pages() if name not in SWITCHED_OFF])
def test_a_page_that_can_be_reached_is_written_here(name):
    ours = settings.BASE_DIR / "templates"
    assert Path(get_template(name).origin.name).is_relative_to(ours), (
        f"templates/{name} is missing: allauth's own would be shown"
    )


def test_the_list_of_pages_that_cannot_be_reached_names_no_page_that_is_gone():
    assert set(_pages()) >= SWITCHED_OFF


def test_what_keeps_those_pages_away_is_off():
    from allauth.account import app_settings as account
    from allauth.mfa import app_settings as mfa

    switches = {
        "codes": account.LOGIN_BY_CODE_ENABLED,
        "verification by code": account.EMAIL_VERIFICATION_BY_CODE_ENABLED,
        "reset by code": account.PASSWORD_RESET_BY_CODE_ENABLED,
        "passkey sign-up": mfa.PASSKEY_SIGNUP_ENABLED,
        "trusted browsers": mfa.TRUST_ENABLED,
        "several addresses": not account.CHANGE_EMAIL,
        "telephones": "phone" in account.SIGNUP_FIELDS,
    }
    assert [name for name, is_on in switches.items() if is_on] == []
