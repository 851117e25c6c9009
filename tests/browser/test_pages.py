"""Every main page opens cleanly in a real browser, in light and dark, and axe finds nothing serious in it."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from clients.models import User
from tests.browser import places

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
GRAVE = {"serious", "critical"}
NARROW = {"width": 390, "height": 844}


def _violations(page, rules) -> list[str]:
    """What axe finds grave, with the first element of each."""
    found = Axe().run(page, options={"resultTypes": ["violations"], "runOnly": rules}).response["violations"]
    return [
        f"{each['id']}: {each['help']} ({len(each['nodes'])}) {each['nodes'][0]['html'][:160]}"
        for each in found
        if each["impact"] in GRAVE
    ]


def _look(page, place, watch) -> dict[str, object]:
    """What is wrong with a page: in light, in dark (where only colours differ), and at the width of a telephone."""
    watch.expected[:] = [place.status] if place.status >= 400 else []
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    place.visit(page)
    found: dict[str, object] = {"light": _violations(page, RULES)}
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    found["dark"] = _violations(page, ["color-contrast"])
    page.set_viewport_size(NARROW)
    width = page.evaluate("document.documentElement.scrollWidth")
    found["sideways"] = width - NARROW["width"] if width > NARROW["width"] else 0
    return {name: value for name, value in found.items() if value}


@pytest.mark.parametrize("place", places.STAFF, ids=lambda place: place.name)
def test_a_page_of_the_practice(place, visitors, watch, march):
    assert _look(visitors.person(march.cast.controller), place, watch) == {}


@pytest.mark.parametrize("place", places.CLIENTS, ids=lambda place: place.name)
def test_a_page_of_the_client(place, visitors, watch, march):
    assert _look(visitors.person(User.objects.get(email="piers@quillfeather.example")), place, watch) == {}


@pytest.mark.parametrize("place", places.PUBLIC, ids=lambda place: place.name)
def test_a_page_for_everyone(place, visitors, watch):
    assert _look(visitors.stranger(), place, watch) == {}


def test_a_page_with_faults_is_found_out(visitors):
    """The look itself sees: pale words, a picture without words, a page wider than the telephone."""
    page = visitors.stranger()
    page.goto("/accounts/login/")
    page.evaluate("""() => {
      const words = document.createElement("p"), picture = document.createElement("img");
      words.textContent = "Hardly to be read"; words.setAttribute("class", "pale"); picture.src = "/static/icon.svg";
      words.style.color = "#ddd"; words.style.background = "#fff"; words.style.width = "900px";
      document.querySelector("main").append(words, picture);
    }""")
    found = " ".join(_violations(page, RULES))
    assert "color-contrast" in found
    assert "image-alt" in found
    page.set_viewport_size(NARROW)
    assert page.evaluate("document.documentElement.scrollWidth") > NARROW["width"]
