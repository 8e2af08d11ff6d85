"""A real browser, where there is one: Debian's chromium, any other Chromium or Chrome, or playwright's own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
MISSING = "no Chromium: apt-get install chromium, or playwright install chromium-headless-shell"


def start() -> Iterator[Any]:
    """A headless Chromium; skips the test without one, fails it where REQUIRE_BROWSER is set."""
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        give_up("playwright is not installed: pip install 'ip2p[test]'")
    executable = next((found for name in NAMES if (found := shutil.which(name))), None)
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=executable)
        except Error as problem:
            give_up(f"{MISSING} ({str(problem).splitlines()[0]})")
        yield browser
        browser.close()


def give_up(reason: str) -> None:
    if os.environ.get("REQUIRE_BROWSER"):
        pytest.fail(reason)
    pytest.skip(reason)


def open_page(browser: Any, path: Path, **options: Any) -> Any:
    """The page in a window of its own, offline. `page.errors` collects what the browser complains of."""
    context = browser.new_context(viewport={"width": 1200, "height": 800}, offline=True, **options)
    page = context.new_page()
    page.errors = []
    page.on("pageerror", lambda problem: page.errors.append(str(problem)))
    page.on("console", lambda said: page.errors.append(said.text) if said.type == "error" else None)
    page.on("dialog", lambda dialog: (page.errors.append("a dialog came up"), dialog.dismiss()))
    page.goto(path.as_uri())
    return page
