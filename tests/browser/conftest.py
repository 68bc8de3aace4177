"""A real browser, Debian's Chromium driven by Playwright, and a real server.

Where either is missing the tests are skipped and say so; where `CI` is set they fail instead.
"""

import os
import shutil
from collections.abc import Iterator
from typing import NoReturn

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.api.server import server_of
from tests.api.world import World, make_world


def _absent(what: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(what)
    pytest.skip(what)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """The browser; it is closed before other packages run loops of their own."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        _absent("no browser: apt install chromium")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])  # CI runs as root
        yield started
        started.close()


@pytest.fixture(scope="package")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A few people, whose links nobody else clicks."""
    made = make_world(tmp_path_factory.mktemp("browser"), 12)
    yield made
    made.hub.engine.dispose()


@pytest.fixture(scope="package")
def address(world: World) -> Iterator[str]:
    """Where the hub is served."""
    with server_of(world.hub) as found:
        yield found


@pytest.fixture
def visitor(browser: Browser) -> Iterator[BrowserContext]:
    """A browser that knows nothing of earlier visits."""
    context = browser.new_context(viewport={"width": 320, "height": 640})
    yield context
    context.close()


@pytest.fixture
def page(visitor: BrowserContext) -> Page:
    """One tab."""
    return visitor.new_page()
