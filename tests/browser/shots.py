"""Photographs every main page of a running demonstration, wide and narrow, light and dark, to look at beside the mockups.

  .venv/bin/python tests/browser/shots.py http://127.0.0.1:8000 FOLDER --staff LINK --client LINK [--only NAME …]

The links are the one-time links that ``make run`` prints. FOLDER lies outside the repository.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))

from playwright.sync_api import sync_playwright  # noqa: E402

from tests.browser import places  # noqa: E402
from tests.browser.switches import SWITCHES, chromium  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Browser

SIZES = {"1440": {"width": 1440, "height": 900}, "390": {"width": 390, "height": 844}}


def shoot(browser: Browser, base: str, link: str, pages: tuple[places.Place, ...], folder: Path) -> int:
    """One session, all pages; gives how many pages did not open."""
    context = browser.new_context(base_url=base, reduced_motion="reduce")
    page = context.new_page()
    if link:
        page.goto(link)
    failed = 0
    for place in pages:
        for size, viewport in SIZES.items():
            page.set_viewport_size(viewport)  # type: ignore[arg-type]
            try:
                place.visit(page)
            except AssertionError as error:
                print(f"{place.name}: {error}")
                failed += 1
                break
            for scheme in ("light", "dark"):
                page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
                page.wait_for_timeout(150)
                page.screenshot(path=folder / f"{place.name}-{size}-{scheme}.png", full_page=True)
    context.close()
    return failed


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("base")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--staff", default="", help="a one-time link of someone of the practice")
    parser.add_argument("--client", default="", help="a one-time link of Quillfeather's own user")
    parser.add_argument("--only", nargs="*", default=[], help="names of pages, see places.py")
    given = parser.parse_args()
    folder = given.folder.resolve()
    if ROOT in (folder, *folder.parents):
        parser.error("the folder must lie outside the repository")
    folder.mkdir(parents=True, exist_ok=True)
    groups = [(" ", places.PUBLIC), (given.staff, places.STAFF), (given.client, places.CLIENTS)]
    failed = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=SWITCHES)
        for link, pages in groups:
            wanted = tuple(place for place in pages if not given.only or place.name in given.only)
            if link:
                failed += shoot(browser, given.base, link.strip(), wanted, folder)
        browser.close()
    return min(failed, 1)


if __name__ == "__main__":
    raise SystemExit(main())
