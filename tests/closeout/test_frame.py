"""The frame around a client's pages: its tabs stay, lead to the month that is being closed, and say where one is."""

from __future__ import annotations

import re

import pytest

from clients import groups
from clients.models import StackItem
from clients.tenancy import practice_context
from closeout.checks.registry import many
from ledger.core.period import Month
from ledger.models import Account
from ledger.views import framing
from tests.closeout.desk import JANUARY, browser, inside, sealed, text

pytestmark = pytest.mark.django_db
WITHOUT_A_MONTH = (
    "connections",
    "mapping",
    "changes",
    "packages",
    "questions",
    "entries",
    "onboarding/facts",
    "connections/files",
)


@pytest.fixture
def books(standing):
    return standing


def rows(response) -> list[dict[str, tuple[str, str]]]:
    """The rows of links to the client's pages, areas first: label → (address, aria-current)."""
    bar = re.search(r'aria-label="Pages of [^"]*">(.*?)</nav>', response.content.decode(), re.DOTALL)
    assert bar is not None
    return [
        {
            label: (address, current)
            for address, current, label in re.findall(r'<a href="([^"]*)"(?: aria-current="(\w+)")?>([^<]*)</a>', row)
        }
        for row in re.findall(r"<ul.*?</ul>", bar[1], re.DOTALL)
    ]


@pytest.mark.parametrize("page", WITHOUT_A_MONTH)
def test_a_page_without_a_month_keeps_the_areas_whose_pages_have_one(books, page):
    with inside(books):
        month = framing.current_month(books.client)
    areas = rows(browser(books, "bob").get(f"/c/kestrel/{page}/"))[0]
    assert list(areas) == ["Close", "Books", "Proofs", "Systems"]
    for label, place in (("Close", "close"), ("Books", "statements"), ("Proofs", "reconciliation")):
        assert areas[label][0] == f"/c/kestrel/{place}/{month}/"


def test_a_page_of_a_month_leads_to_the_same_month(books):
    areas, pages = rows(browser(books, "bob").get("/c/kestrel/payroll/2025-11/"))
    assert areas["Proofs"][1] == "true"
    assert areas["Close"] == ("/c/kestrel/close/2025-11/", "")
    assert pages["Payroll"] == ("/c/kestrel/payroll/2025-11/", "page")
    assert pages["Reconciliation"] == ("/c/kestrel/reconciliation/2025-11/", "")


@pytest.mark.parametrize(
    ("page", "area", "label", "current"),
    [
        ("connections/files", "Systems", "Connections", "true"),
        ("entries/new", "Books", "Entries", "true"),
        ("entries", "Books", "Entries", "page"),
        ("bank-rules", "Proofs", "Reconciliation", "true"),
        ("payroll-year/2026", "Proofs", "Payroll", "true"),
        ("rollbacks", "Systems", "Posting", "true"),
        ("duplicates", "Proofs", "Reconciliation", "true"),
        ("budget/2026-01", "Books", "Statements", "true"),
        ("schedules/limits", "Books", "Schedules", "true"),
    ],
)
def test_the_area_and_the_page_under_which_a_page_stands_are_marked(books, page, area, label, current):
    areas, pages = rows(browser(books, "bob").get(f"/c/kestrel/{page}/"))
    assert [name for name, (_address, mark) in areas.items() if mark] == [area]
    assert {name: mark for name, (_address, mark) in pages.items() if mark} == {label: current}


def test_a_page_that_cannot_apply_is_left_out_until_it_can(books):
    asked = browser(books, "bob")
    assert not {"Won deals", "Revaluation"} & rows(asked.get("/c/kestrel/entries/"))[1].keys()
    assert "Intercompany" not in rows(asked.get("/c/kestrel/payroll/2026-01/"))[1]
    assert rows(asked.get("/c/kestrel/deals/"))[1]["Won deals"][1] == "page"
    with inside(books):
        StackItem.objects.create(client=books.client, system="hubspot", category="crm")
        Account.objects.create(client=books.client, name="Euro account", type="asset", group="bank", currency="EUR")
    assert {"Won deals", "Revaluation"} <= rows(asked.get("/c/kestrel/entries/"))[1].keys()
    with practice_context(books.client.practice_id):
        groups.make(books.client.practice, "Pine", [books.client, books.world.quillfeather], by=books.world.alice)
    proofs = asked.get("/c/kestrel/payroll/2026-01/")
    assert "Intercompany" in rows(proofs)[1]
    assert "Pine" in proofs.content.decode()


def test_someone_of_a_client_has_no_tabs(books):
    assert "Pages of" not in browser(books, "erin").get("/c/kestrel/packages/").content.decode()


@pytest.mark.parametrize(
    ("states", "month"),
    [
        ({}, "2026-04"),
        ({"m1": "open", "m2": "open"}, "2026-02"),
        ({"m1": "sealed", "m2": "open", "m3": "open"}, "2026-02"),
        ({"m1": "sealed", "m2": "sealed"}, "2026-03"),
        ({"m1": "sealed", "m2": "open", "m3": "locked"}, "2026-02"),
        ({"m1": "open", "m3": "sealed", "m4": "open", "m5": "open"}, "2026-04"),
        ({"m3": "sealed", "m4": "sealed"}, "2026-04"),
    ],
)
def test_the_month_of_a_client_is_the_first_open_one_after_those_signed(states, month):
    found = [(Month(2026, int(name[1:])), state) for name, state in states.items()]
    assert framing.being_closed(found, Month(2026, 4)) == Month.parse(month)


# ---- what happened, in words -----------------------------------------------------------------------------------------------


def test_the_activity_of_a_month_is_written_in_words(books):
    sealed(books)
    said = text(browser(books, "alice").get(JANUARY))
    assert "Month signed off: January 2026" in said
    assert "Month sealed: January 2026" in said
    assert "close.signed" not in said
    assert 'href="/audit/?client=kestrel"' in said
    assert 'href="/audit/?client=kestrel"' not in text(browser(books, "bob").get(JANUARY))


def test_the_audit_trail_is_written_in_words_and_filtered_by_them(books):
    sealed(books)
    said = text(browser(books, "alice").get("/audit/?client=kestrel&action=close.signed"))
    assert '<option value="close.signed" selected>Month signed off</option>' in said
    assert "<td>Month signed off</td>" in said
    assert "<td>Month sealed</td>" not in said


def test_what_is_not_proven_is_named_beside_the_signature(books):
    said = text(browser(books, "alice").get(JANUARY))
    rail = said.split('id="why-blocked"')[1].split("</section>")[0]
    assert re.search(r"\d+ checks? (is|are) not proven\.<", rail)
    assert "Every system is connected" in rail
    anchor = re.search(r'href="#(c-\d+)"', rail)
    assert anchor is not None
    assert f'id="{anchor[1]}"' in said


def test_a_refusal_without_script_is_a_whole_page(books):
    answer = browser(books, "bob").post(JANUARY + "prepare/")
    said = text(answer)
    assert answer.status_code == 422
    assert "checks are not proven." in said
    assert "<html" in said
    assert "Pages of Kestrel" in said


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 suspect pairs wait."),
        (1, "1 suspect pair waits."),
        (2, "2 suspect pairs wait."),
        (1_204, "1,204 suspect pairs wait."),
    ],
)
def test_what_a_check_counts_agrees_in_number(count, said):
    assert many(count, "# suspect pair|pairs waits|wait.") == said
