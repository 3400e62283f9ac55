"""Headless Chromium for measuring and for looking at pages."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_NAMES = ("chromium", "chromium-browser", "google-chrome")
_LOAD_EVENT = "() => performance.getEntriesByType('navigation')[0].loadEventEnd"


def chromium() -> str:
    """Return the path of this machine's Chromium.

    Raises:
        FileNotFoundError: there is none.
    """
    found = next(filter(None, map(shutil.which, _NAMES)), None)
    if found is None:
        raise FileNotFoundError("no Chromium on this machine (Debian: apt-get install chromium)")
    return found


@contextlib.contextmanager
def browser(
    theme: Literal["light", "dark"] = "light", width: int = 1440, height: int = 900
) -> Iterator[BrowserContext]:
    """Lend a fresh browser with a theme and a size."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        context = started.new_context(color_scheme=theme, viewport={"width": width, "height": height})
        try:
            yield context
        finally:
            context.close()
            started.close()


def load_seconds(page: Page, url: str) -> float:
    """Load an address and return the time from the start of the navigation to the end of the load event."""
    page.goto(url, wait_until="load")
    # The event's end is written down after its handlers ran.
    page.wait_for_function(f"({_LOAD_EVENT})() > 0")
    return float(page.evaluate(_LOAD_EVENT)) / 1000
