"""A browser that enters as a role of the trial, follows links and keeps what it sees as WebP."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

from tests.screens.places import Place
from tests.services import CHROMIUM_ARGUMENTS, chromium_path

WIDTH, HEIGHT = 1440, 900
QUALITY = 78


@contextmanager
def camera(url: str) -> Iterator[Camera]:
    """A browser that looks at the portal at `url`."""
    from playwright.sync_api import sync_playwright

    path = chromium_path()
    if path is None:
        raise SystemExit("No Chromium on this machine: install the package chromium.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(CHROMIUM_ARGUMENTS))
        yield Camera(browser, url)
        browser.close()


class Camera:
    """One context for each role and theme: nobody signs in twice."""

    def __init__(self, browser: Any, url: str) -> None:
        self.browser, self.url = browser, url
        self._pages: dict[tuple[str, str], Any] = {}

    def picture(self, place: Place, scheme: str, folder: Path) -> int:
        """Take one picture; its size in bytes."""
        page = self._page(place.role, scheme)
        page.goto(place.start)
        for words in place.follow:
            link = page.get_by_role("main").get_by_role("link", name=re.compile(re.escape(words), re.I))
            link.first.click()
            page.wait_for_load_state("networkidle")
        page.wait_for_load_state("networkidle")
        # A pointer that rests on a row would leave its mark.
        page.mouse.move(0, 0)
        file = folder / place.file(scheme)
        with Image.open(io.BytesIO(page.screenshot())) as taken:
            taken.convert("RGB").save(file, "WEBP", quality=QUALITY, method=6)
        return file.stat().st_size

    def _page(self, role: str, scheme: str) -> Any:
        if (role, scheme) not in self._pages:
            context = self.browser.new_context(
                base_url=self.url,
                viewport={"width": WIDTH, "height": HEIGHT},
                color_scheme=scheme,
                reduced_motion="reduce",
            )
            page = context.new_page()
            if role:
                page.goto("/accounts/login/")
                page.get_by_role("button", name=re.compile(f"Enter as {role}", re.I)).click()
                page.wait_for_url(f"{self.url}/")
            self._pages[role, scheme] = page
        return self._pages[role, scheme]
