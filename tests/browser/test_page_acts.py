"""What pages do by themselves: buttons that work, dialogs that close, tabs in sight, bars that come when they are needed."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser import places

NARROW = {"width": 390, "height": 844}
NAMED = {place.name: place for place in places.STAFF}


@pytest.fixture
def page(visitors, march):
    return visitors.person(march.cast.bookkeeper)


def test_a_button_turns_and_takes_no_second_press_while_its_work_is_under_way(page, watch):
    held = []

    def hold(route):
        held.append(route)

    page.route("**/prepare/", hold)
    NAMED["close"].visit(page)
    button = page.get_by_role("button", name="Hand to the controller")
    expect(page.get_by_text("Every check runs once more")).to_be_hidden()
    button.click()
    expect(button).to_have_attribute("aria-busy", "true")
    expect(page.get_by_text("Every check runs once more")).to_be_visible()
    button.dispatch_event("click")
    page.evaluate("() => new Promise((done) => setTimeout(done, 0))")
    assert len(held) == 1
    with watch.expecting(422):
        held[0].fulfill(status=422, content_type="text/html", body='<p role="alert">Not yet.</p>')
        expect(page.get_by_role("alert")).to_have_text("Not yet.")
    expect(page.locator("[aria-busy]")).to_have_count(0)


def test_a_form_that_leaves_the_page_is_sent_once(page):
    page.goto("/preferences/")
    page.evaluate("""() => {
      document.body.dataset.sent = "0";
      addEventListener("submit", (event) => {
        if (!event.defaultPrevented) document.body.dataset.sent = String(Number(document.body.dataset.sent) + 1);
        event.preventDefault();
      });
    }""")
    save, body = page.get_by_role("button", name="Save"), page.locator("body")
    save.click()
    expect(save).to_have_attribute("aria-busy", "true")
    save.dispatch_event("click")
    expect(body).to_have_attribute("data-sent", "1")
    page.evaluate("dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))")  # as on the way back
    expect(save).not_to_have_attribute("aria-busy", "true")
    save.click()
    expect(body).to_have_attribute("data-sent", "2")


def test_a_dialog_closes_when_the_page_behind_it_has_changed(page):
    NAMED["exceptions"].visit(page)
    row = page.get_by_role("row").filter(has=page.get_by_role("button", name="Both are real"))
    row.get_by_role("button", name="More").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Snooze").click()
    expect(dialog.get_by_label("Snooze until")).to_be_focused()  # a day is asked for; nothing was sent
    dialog.get_by_label("Settled by hand: how").fill("Paid once, entered twice by the bank")
    dialog.get_by_role("button", name="Settle with this note").click()
    expect(dialog).to_be_hidden()
    expect(row).to_have_count(0)


@pytest.mark.parametrize("name", ["packages", "onboarding-facts", "processors"])
def test_the_area_and_the_page_one_is_on_are_in_sight_on_a_telephone(name, page):
    page.set_viewport_size(NARROW)
    NAMED[name].visit(page)
    marked = page.locator("nav.pages [aria-current]")
    assert marked.count() == 2
    for at in range(2):
        box = marked.nth(at).bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= NARROW["width"]


def test_the_pages_of_every_area_fit_beside_each_other(page):
    page.set_viewport_size({"width": 1440, "height": 900})
    for name in ("close", "profit-and-loss", "reconciliation", "connections"):
        NAMED[name].visit(page)
        over = page.evaluate(
            "[...document.querySelectorAll('nav.pages ul')].map((row) => row.scrollWidth - row.clientWidth)"
        )
        assert over == [0, 0], name


def test_acts_for_chosen_clients_come_when_one_is_chosen(page):
    NAMED["board"].visit(page)
    acts = page.get_by_role("group", name="For the selected clients")
    expect(acts).to_be_hidden()
    page.get_by_role("checkbox", name="Select Quillfeather Coffee Roasters").check()
    expect(acts).to_be_visible()


def test_each_key_stands_beside_what_it_does(page):
    NAMED["exceptions"].visit(page)
    page.keyboard.press("?")
    lines = page.locator("[data-keys-list] > div")
    assert lines.count() > 2
    for at in range(lines.count()):
        key, what = lines.nth(at).locator("dt").bounding_box(), lines.nth(at).locator("dd").bounding_box()
        assert key is not None
        assert what is not None
        assert abs(key["y"] - what["y"]) < 4
        assert what["x"] > key["x"]


def test_the_figure_that_was_opened_is_in_sight_on_a_telephone(page):
    page.set_viewport_size(NARROW)
    NAMED["profit-and-loss"].visit(page)
    page.locator("[data-open]").first.click()
    behind = page.get_by_role("complementary", name="Behind this figure")
    expect(behind).to_be_visible()
    assert behind.bounding_box()["y"] < page.get_by_role("region", name="Profit and loss").last.bounding_box()["y"]
