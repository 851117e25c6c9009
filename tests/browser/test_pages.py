"""Every main page opens cleanly in a real browser, in light and dark, and axe finds nothing serious in it."""

from __future__ import annotations

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import expect

from clients.models import User
from tests.browser import places

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
COLOURS = "color-contrast"
GRAVE = {"serious", "critical"}
NARROW = {"width": 390, "height": 844}
#: Pixels by which nothing is meant to be longer than the window; they cost a scroll bar.
A_HAIR = 8
#: Of words in the same colour, size and weight on the same grounds the first and the last are marked: axe compares these colours.
MARK = """() => {
  const grounds = new Map([[null, ""]]);
  const ground = (it) => {
    if (!grounds.has(it)) {
      const { backgroundColor, backgroundImage, opacity, filter, mixBlendMode } = getComputedStyle(it);
      const own = [backgroundColor, backgroundImage, opacity, filter, mixBlendMode].join();
      grounds.set(it, ground(it.parentElement) + (own === "rgba(0, 0, 0, 0),none,1,none,normal" ? "" : "/" + own));
    }
    return grounds.get(it);
  };
  const speaks = (it) => it.matches("input, select, textarea")
    || Array.from(it.childNodes).some((part) => part.nodeType === 3 && part.data.trim());
  const first = new Map(), last = new Map();
  for (const it of document.body.querySelectorAll("*")) {
    it.removeAttribute("data-painted");
    if (!speaks(it) || !it.checkVisibility()) continue;
    const { color, fontSize, fontWeight, textShadow, position } = getComputedStyle(it);
    const key = [ground(it), color, fontSize, fontWeight, textShadow, position].join();
    if (!first.has(key)) first.set(key, it);
    last.set(key, it);
  }
  for (const it of [...first.values(), ...last.values()]) it.setAttribute("data-painted", "");
  axe.configure({ rules: [{ id: "color-contrast", selector: "[data-painted]" }] });
}"""
#: Rows of the same shape look the same whatever they say: of each shape beside one another axe looks at the first three. The
#: shape is the markup without words, addresses and names, but with what is empty or missing among them.
LOOK = """async (given) => {
  const named = /( (?:href|id|for|name|value|action|title|alt|datetime|headers|data-key|form|aria-(?:label|labelledby|describedby|controls)|hx-(?:get|post)))="[^"]+"/g;
  const shape = (it) => it.outerHTML.replaceAll(' data-painted=""', "").replace(/>\\s+</g, "><").replace(/>[^<]+</g, ">…<").replace(named, "$1");
  const exclude = [];
  for (const parent of document.body.querySelectorAll("*")) {
    if (parent.children.length < 4 || parent.closest("svg, select")) continue;
    const seen = new Map();
    for (const it of parent.children) {
      const key = shape(it), times = (seen.get(key) || 0) + 1;
      seen.set(key, times);
      if (times > 3 && !it.matches("[data-painted]") && !it.querySelector("[data-painted]")) exclude.push(it);
    }
  }
  return axe.run(exclude.length ? { exclude } : document, given);
}"""
TWICE = """() => {
  const ids = Array.from(document.querySelectorAll("[id]"), (it) => it.id);
  return ids.filter((id, at) => ids.indexOf(id) !== at);
}"""


def _violations(page, rules) -> list[str]:
    """What axe finds grave, with the first element of each; axe itself is given to a page once."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    page.evaluate(MARK)
    found = page.evaluate(LOOK, {"resultTypes": ["violations"], "runOnly": rules})
    return [
        f"{each['id']}: {each['help']} ({len(each['nodes'])}) {each['nodes'][0]['html'][:160]}"
        for each in found["violations"]
        if each["impact"] in GRAVE
    ]


def _look(page, place, watch) -> dict[str, object]:
    """What is wrong with a page: in light, in dark (where only colours differ), and at the width of a telephone."""
    watch.expected[:] = [place.status] if place.status >= 400 else []
    page.emulate_media(reduced_motion="reduce")
    place.visit(page)
    found: dict[str, object] = {"light": _violations(page, RULES)}
    found["an id twice"] = page.evaluate(TWICE)
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    found["dark"] = _violations(page, [COLOURS])
    over = page.evaluate("document.documentElement.scrollHeight - innerHeight")
    found["a hair too long"] = over if over <= A_HAIR else 0
    page.set_viewport_size(NARROW)
    width = page.evaluate("document.documentElement.scrollWidth")
    found["sideways"] = width - NARROW["width"] if width > NARROW["width"] else 0
    return {name: value for name, value in found.items() if value}


@pytest.mark.parametrize("place", places.STAFF, ids=lambda place: place.name)
def test_a_page_of_the_practice(place, visitors, watch, march):
    assert _look(visitors.regular(march.cast.controller), place, watch) == {}


@pytest.mark.parametrize("place", places.CLIENTS, ids=lambda place: place.name)
def test_a_page_of_the_client(place, visitors, watch, march):
    assert _look(visitors.regular(User.objects.get(email="piers@quillfeather.example")), place, watch) == {}


@pytest.mark.parametrize("place", places.PUBLIC, ids=lambda place: place.name)
def test_a_page_for_everyone(place, visitors, watch):
    assert _look(visitors.regular(), place, watch) == {}


def test_a_breach_of_the_content_policy_is_found_out(visitors, watch):
    page = visitors.stranger()
    page.goto("/accounts/login/")
    assert watch.wrong == []
    page.evaluate("""document.querySelector("main").insertAdjacentHTML("beforeend", '<p style="color: red">Red</p>')""")
    expect(page.get_by_text("Red")).to_be_visible()
    found, watch.wrong[:] = " ".join(watch.wrong), []
    assert "content policy: style-src-attr" in found


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
    assert COLOURS in found
    assert "image-alt" in found
    page.set_viewport_size(NARROW)
    assert page.evaluate("document.documentElement.scrollWidth") > NARROW["width"]


def test_a_fault_in_one_row_among_many_is_found_out(visitors):
    """Rows of one shape are looked at thrice only; a row that looks otherwise, or says nothing where others speak, is not of it."""
    page = visitors.stranger()
    page.goto("/accounts/login/")
    page.evaluate("""() => {
      const list = document.createElement("ul");
      list.innerHTML = '<li><a href="/a">Word</a></li>'.repeat(9);
      list.children[6].className = "pale";
      list.children[8].firstChild.textContent = "";
      document.querySelector("main").append(list);
      document.styleSheets[0].insertRule("li.pale a { color: #ddd; background: #fff; }");
    }""")
    found = " ".join(_violations(page, RULES))
    assert COLOURS in found
    assert "link-name" in found


def test_words_that_are_pale_in_the_dark_only_are_found_out_there(visitors):
    page = visitors.stranger(reduced_motion="reduce")
    page.goto("/accounts/login/")
    page.evaluate("""() => {
      const words = document.createElement("p");
      words.textContent = "Hardly to be read at night"; words.setAttribute("class", "pale");
      document.querySelector("main").append(words);
      document.styleSheets[0].insertRule("@media (prefers-color-scheme: dark) { p.pale { color: #333; background: #222; } }");
    }""")
    assert _violations(page, RULES) == []
    page.emulate_media(color_scheme="dark")
    assert COLOURS in " ".join(_violations(page, [COLOURS]))
