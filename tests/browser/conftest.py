"""Browser tests: a portal and a Chromium for each module, pages that fail the test for whatever goes wrong behind them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser import portal as portals
from tests.browser import visitors as guests
from tests.browser.march import march, march_nursery, march_template
from tests.browser.switches import SWITCHES, chromium

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

    from tests.browser.march import March

__all__ = ["march", "march_nursery", "march_template"]
HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """All tests of this folder drive a browser; without one they are left out, and that is said."""
    ours = [item for item in items if HERE in item.path.parents]
    for item in ours:
        item.add_marker(pytest.mark.browser)
    if ours and not chromium():
        config.hook.pytest_deselected(items=ours)
        items[:] = [item for item in items if item not in ours]
        print("tieout: no Chromium was found (TIEOUT_CHROMIUM names one): the browser tests are left out")


@pytest.fixture(scope="module")
def browser(march: March) -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium(), args=SWITCHES)
        yield started
        started.close()


@pytest.fixture(scope="module")
def portal(march: March, browser: Browser) -> Iterator[portals.Portal]:
    """The portal over a copy of the books of this module's own; what pages do stays in it."""
    with portals.serving(march) as found:
        yield found


@pytest.fixture(scope="module")
def worker(portal: portals.Portal) -> Iterator[None]:
    """Jobs are done by a real worker."""
    with portals.working(portal.march):
        yield


@pytest.fixture(scope="module")
def crowd(browser: Browser, portal: portals.Portal) -> guests.Visitors:
    return guests.Visitors(browser, portal, guests.Watch())


@pytest.fixture
def watch(crowd: guests.Visitors) -> guests.Watch:
    crowd.watch.wrong.clear()
    crowd.watch.expected.clear()
    return crowd.watch


@pytest.fixture
def visitors(crowd: guests.Visitors, watch: guests.Watch) -> Iterator[guests.Visitors]:
    """Opens pages. Afterwards nothing must have gone wrong behind any of them."""
    crowd.portal.broken.clear()
    yield crowd
    crowd.leave()
    assert not crowd.portal.broken
    assert not watch.wrong
