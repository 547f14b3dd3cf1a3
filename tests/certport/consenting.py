"""What a person does in the browser so that a program is let in."""

from __future__ import annotations

import time

from django.http import HttpResponse
from django.test import Client

from portal.accounts.models import User

PAGE = "/account/device/"


def person_at(browser: Client, user: User) -> Client:
    """`user` in a browser, who has just typed their password: the page asks for no less."""
    browser.force_login(user)
    session = browser.session
    session["account_authentication_methods"] = [
        {"method": "password", "at": time.time(), "reauthenticated": True}
    ]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()
    return browser


def consent(browser: Client, user_code: str, **changes: object) -> HttpResponse:
    form = {
        "code": user_code,
        "answer": "agree",
        "scopes": ["read", "submissions:write"],
        "publisher": "",
        "days": "30",
        **changes,
    }
    return browser.post(PAGE, form)
