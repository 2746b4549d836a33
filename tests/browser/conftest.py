"""Chromium of the system over the live pages; a test is skipped where there is no browser."""

import os
import re
import shutil
from collections.abc import Iterator

import pytest

PHONE = {"width": 390, "height": 844}
DESK = {"width": 1440, "height": 900}
REFUSAL = re.compile(r"status of (409|422)")


@pytest.fixture(scope="session")
def chromium() -> Iterator["playwright.sync_api.Browser"]:  # noqa: F821 -- imported only where it is used
    """One browser for the session."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if not found:
        pytest.skip("needs Chromium on the PATH")

    from playwright.sync_api import sync_playwright  # noqa: PLC0415 -- the fast suite never loads it

    # Playwright's loop runs in the test's thread, where Django would refuse the database; the tests are not asynchronous.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"] if os.geteuid() == 0 else [])
        yield browser
        browser.close()


@pytest.fixture(params=[PHONE, DESK], ids=["phone", "desk"])
def page(request, chromium, live_server) -> Iterator["playwright.sync_api.Page"]:  # noqa: F821 -- imported only where it is used
    """A page at phone and at desk width, in Chinese; an error in its console fails the test, except for a refusal (409, 422)."""
    context = chromium.new_context(base_url=live_server.url, viewport=request.param, locale="zh-CN", timezone_id="Asia/Shanghai")
    opened = context.new_page()
    errors = []
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.on(
        "console", lambda message: errors.append(message.text) if message.type == "error" and not REFUSAL.search(message.text) else None
    )
    yield opened
    context.close()
    assert errors == []
