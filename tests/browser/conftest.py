"""A real Chromium against the portal: one browser a module, one context a visitor."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, connections
from django.test import Client
from django.utils import timezone

from certification.models import Placement
from portal.accounts.models import User
from tests.architecture.world import built, undone
from tests.browser.stage import Stage
from tests.factories import RegionFactory
from tests.services import CHROMIUM_ARGUMENTS, chromium_path

# Playwright's own loop runs in the test's thread; the ORM may still be used there.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

# Chromium counts seconds between a page's load event and the first letter: on a busy machine they pass.
SLOW_FONT = "was preloaded using link preload but not used within a few seconds"


@pytest.fixture(scope="module")
def chromium():
    path = chromium_path()
    if path is None:
        pytest.skip("no Chromium on this machine: install the package chromium to run the browser tests")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def world(chromium, django_db_setup, django_db_blocker):
    """After the browser: what is opened inside its loop has to be closed there."""
    with django_db_blocker.unblock():
        with built() as made:
            # While the browser thinks, the transaction that holds the world rests.
            connection.cursor().execute("SET LOCAL idle_in_transaction_session_timeout = 0")
            yield made
        connections.close_all()


@pytest.fixture(scope="module")
def stage(chromium, world):
    """One page for all visits of a module."""
    page = chromium.new_page(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    yield Stage(page, world)
    page.close()


@pytest.fixture
def public_path(world):
    """The address of a connector that serves in a region: in this world none does."""
    version = world.objects["version"]
    with undone():
        Placement.objects.create(
            connector=version.connector,
            region=RegionFactory(latitude=47.4, longitude=8.5),
            verified_version=version,
            verified_at=timezone.now(),
        )
        yield f"/live/{version.connector.slug}/"


@pytest.fixture
def new_stage(chromium, world):
    """`new_stage(width=390, language="de")`: pages of a browser that was never here, with an empty cache."""
    contexts = []

    def enter(*, width: int = 1440, scheme: str = "light", language: str = "en") -> Stage:
        contexts.append(
            chromium.new_context(
                viewport={"width": width, "height": 900}, color_scheme=scheme, reduced_motion="reduce"
            )
        )
        return Stage(contexts[-1].new_page(), world, language=language)

    yield enter
    for context in contexts:
        context.close()


@pytest.fixture
def visit(chromium, live_server, settings):
    """`with visit(user, width=390) as page:` a page of somebody who is signed in (None: nobody is)."""

    # The test's server speaks plain http, where Chromium takes no cookie that is meant for https alone.
    settings.SESSION_COOKIE_SECURE, settings.SESSION_COOKIE_NAME = False, "session"

    @contextmanager
    def enter(user: User | None, *, width: int = 1440, scheme: str = "light") -> Iterator[object]:
        context = chromium.new_context(
            base_url=live_server.url,
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            reduced_motion="reduce",
        )
        if user is not None:
            client = Client()
            client.force_login(user)
            session = client.session
            session["trial_entry"] = bool(user.staff_role)
            session.save()
            value = client.cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies(
                [{"name": "session", "value": value, "url": live_server.url, "httpOnly": True}]
            )
        page = context.new_page()
        page.complaints = []
        page.on(
            "console",
            lambda said: (
                page.complaints.append(said.text)
                if said.type in {"error", "warning"} and SLOW_FONT not in said.text
                else None
            ),
        )
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        # A page that is left gives up what it still asked for; Chromium calls only that aborted.
        page.on(
            "requestfailed",
            lambda request: (
                page.complaints.append(f"{request.url}: {request.failure}")
                if request.failure != "net::ERR_ABORTED"
                else None
            ),
        )
        try:
            yield page
        finally:
            context.close()

    return enter
