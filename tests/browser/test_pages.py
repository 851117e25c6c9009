"""Every main page opens cleanly in a real browser, in light and dark, and axe finds nothing serious in it."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from clients.models import User
from tests.browser import places

RULES = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}
GRAVE = {"serious", "critical"}


def _violations(page) -> list[str]:
    """What axe finds grave, with the first element of each."""
    found = Axe().run(page, options=RULES).response["violations"]
    return [
        f"{each['id']}: {each['help']} ({len(each['nodes'])}) {each['nodes'][0]['html'][:160]} | {each['nodes'][0].get('failureSummary', '')[:300]}"
        for each in found
        if each["impact"] in GRAVE
    ]


def _both_themes(page, place) -> dict[str, list[str]]:
    place.visit(page)
    found = {}
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        if grave := _violations(page):
            found[scheme] = grave
    return found


@pytest.fixture
def wide():
    return {"viewport": {"width": 1440, "height": 900}}


def _open(visitors, watch, place, page):
    watch.expected[:] = [place.status] if place.status >= 400 else []
    return _both_themes(page, place)


@pytest.mark.parametrize("place", places.STAFF, ids=lambda place: place.name)
def test_a_page_of_the_practice(place, visitors, watch, march, wide):
    page = visitors.person(march.cast.controller, **wide)
    assert _open(visitors, watch, place, page) == {}


@pytest.mark.parametrize("place", places.CLIENTS, ids=lambda place: place.name)
def test_a_page_of_the_client(place, visitors, watch, march, wide):
    page = visitors.person(User.objects.get(email="piers@quillfeather.example"), **wide)
    assert _open(visitors, watch, place, page) == {}


@pytest.mark.parametrize("place", places.PUBLIC, ids=lambda place: place.name)
def test_a_page_for_everyone(place, visitors, watch, wide):
    assert _open(visitors, watch, place, visitors.stranger(**wide)) == {}


@pytest.mark.parametrize("place", [*places.STAFF, *places.CLIENTS], ids=lambda place: place.name)
def test_nothing_but_tables_scrolls_sideways_on_a_telephone(place, visitors, watch, march):
    watch.expected[:] = [place.status] if place.status >= 400 else []
    who = User.objects.get(email="piers@quillfeather.example") if place in places.CLIENTS else march.cast.controller
    page = visitors.person(who, viewport={"width": 390, "height": 844})
    place.visit(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
