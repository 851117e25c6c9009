"""The work lists by keyboard alone: rows, keys, what a key does, focus that is seen and never caught."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser import places

LISTS = [
    "board", "close", "exceptions", "reconciliation", "reconciliation-account", "payroll", "processors", "profit-and-loss", "entries", "connections",
    "clients",
]  # fmt: skip
NAMED = {place.name: place for place in places.STAFF}


@pytest.fixture
def page(visitors, march):
    return visitors.regular(march.cast.bookkeeper)


def _at(page, name):
    NAMED[name].visit(page)
    return page.locator("[data-row].cursor")


@pytest.mark.parametrize("name", LISTS)
def test_j_and_k_move_along_the_rows_and_question_mark_tells_the_keys(name, page):
    cursor = _at(page, name)
    if cursor.count() == 0:
        page.keyboard.press("j")
    expect(cursor).to_have_count(1)
    first = cursor.inner_text()
    page.keyboard.press("j")
    expect(cursor).to_have_count(1)
    more = page.locator("[data-rows] [data-row]").count() > 1
    assert (cursor.inner_text() != first) is more
    page.keyboard.press("k")
    assert cursor.inner_text() == first
    page.keyboard.press("?")
    expect(page.get_by_role("heading", name="Keys on this page")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="Keys on this page")).to_be_hidden()


def test_enter_opens_the_row(page):
    _at(page, "entries")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/entries/*/")


def test_f_goes_to_the_fix_of_an_exception(page):
    _at(page, "exceptions")
    row = page.get_by_role("row").filter(has=page.get_by_placeholder("Account")).first
    for _step in range(30):
        if "cursor" in (row.get_attribute("class") or ""):
            break
        page.keyboard.press("j")
    page.keyboard.press("f")
    expect(row.get_by_placeholder("Account")).to_be_focused()


def test_m_matches_a_bank_line_by_hand(page):
    _at(page, "reconciliation-account")
    page.keyboard.press("m")
    expect(page.get_by_role("dialog")).to_be_visible()


def test_q_asks_the_client_about_the_bank_line_of_the_row(page):
    cursor = _at(page, "reconciliation-account")
    question = cursor.get_by_label("Question")
    expect(question).to_be_hidden()
    page.keyboard.press("q")
    expect(question).to_be_visible()
    expect(question).to_have_value(re.compile(r"^What was .* for\?$"))


def test_square_brackets_change_the_month(page):
    _at(page, "profit-and-loss")
    page.keyboard.press("[")
    page.wait_for_url("**/statements/2026-02/**")
    page.keyboard.press("]")
    page.wait_for_url("**/statements/2026-03/**")


def test_n_begins_a_new_entry(page):
    _at(page, "entries")
    page.keyboard.press("n")
    page.wait_for_url("**/entries/new/")


def test_keys_do_nothing_while_one_types(page):
    _at(page, "entries")
    page.get_by_role("searchbox").first.fill("")
    page.get_by_role("searchbox").first.press_sequentially("njk?")
    expect(page.get_by_role("searchbox").first).to_have_value("njk?")
    assert page.url.endswith("/entries/")


def test_single_keys_can_be_switched_off(page, march):
    march.cast.bookkeeper.single_keys = False
    march.cast.bookkeeper.save(update_fields=["single_keys"])
    cursor = _at(page, "entries")
    page.keyboard.press("j")
    march.cast.bookkeeper.single_keys = True
    march.cast.bookkeeper.save(update_fields=["single_keys"])
    expect(cursor).to_have_count(0)


SEEN = """async () => {
  await new Promise(requestAnimationFrame);
  const it = document.activeElement, style = getComputedStyle(it), box = it.getBoundingClientRect();
  return {
    key: it === document.body ? "" : `${it.tagName} ${it.id} ${it.getAttribute("href") || it.getAttribute("name") || ""} ${it.textContent.trim().slice(0, 40)}`,
    // The button within a date field shows its focus by itself.
    outlined: it.type === "date" || style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    inside: box.width > 0 && box.bottom > 0 && box.top < innerHeight,
  };
}"""


@pytest.mark.parametrize("name", ["board", "close", "exceptions", "reconciliation-account", "connections", "mapping"])
def test_tab_passes_through_the_page_visibly_and_out_of_it(name, page):
    page.emulate_media(reduced_motion="reduce")
    _at(page, name)
    page.evaluate("document.activeElement.blur()")
    stops, unseen = 0, []
    for _step in range(400):
        page.keyboard.press("Tab")
        at = page.evaluate(SEEN)
        if not at["key"]:
            break
        stops += 1
        if not (at["outlined"] and at["inside"]):
            unseen.append(at["key"])
    else:
        pytest.fail("400 times Tab did not leave the page")
    assert stops > 10
    assert unseen == []
