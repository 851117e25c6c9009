"""The close's pages: what they show, to whom, and what their buttons do."""

from __future__ import annotations

import time
from datetime import date

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from clients.tenancy import client_context
from closeout import workflow
from closeout.models import BoardRow, CheckResult, CloseRun, Explanation, Override, Reopening, SignOff
from integrations.models import SyncJob
from ledger.models import Period
from tests import builders
from tests.closeout import scene
from tests.closeout.desk import JANUARY, browser, inside, ready, sealed, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def books(standing):
    return standing


# ---- the board -------------------------------------------------------------------------------------------------------------


def test_the_board_shows_each_client_with_its_state(books):
    said = text(browser(books, "alice").get("/?month=2026-01"))
    assert "January 2026 close" in said
    assert "Kestrel and Pine Outfitters" in said
    assert "Blocked" in said


def test_staff_see_only_their_clients(books):
    said = text(browser(books, "bob").get("/?month=2026-01"))
    assert "Kestrel" in said
    assert "Brambling" not in said
    assert "Wren" not in said


def test_someone_of_a_client_goes_to_their_own_page(books):
    response = browser(books, "erin").get("/")
    assert (response.status_code, response.headers["Location"]) == (302, "/c/kestrel/")


def test_the_board_costs_the_same_for_one_client_or_forty(books):
    one = browser(books, "alice")
    one.get("/?month=2026-01")
    with CaptureQueriesContext(connection) as few:
        one.get("/?month=2026-01")
    for n in range(40):
        company = builders.client(
            books.world.practice, f"Company {n}", f"company-{n}", preparer=books.world.bob, controller=books.world.alice
        )
        with client_context(company.pk):
            BoardRow.objects.create(
                client=company, month=date(2026, 1, 1), status="ready", due_on=date(2026, 2, 10), total=9, proven=9
            )
    with CaptureQueriesContext(connection) as many:
        said = text(one.get("/?month=2026-01"))
    assert "Company 39" in said
    assert len(many) <= len(few)


@pytest.mark.parametrize(("query", "there"), [("tab=blocked", True), ("tab=signed", False), ("status=blocked", True), ("status=ready", False), ("q=kest", True), ("q=nobody", False), ("who=BB", True), ("who=ZZ", False), ("month=2026-01&tab=x", True), ("connection=needs_reconnect", False)])  # fmt: skip
def test_the_boards_filters(books, query, there):
    said = text(
        browser(books, "alice").get(f"/?month=2026-01&{query}", headers={"HX-Request": "true", "HX-Target": "board"})
    )
    assert ('href="/c/kestrel/close/2026-01/"' in said.split("<tbody")[1]) == there


@pytest.mark.parametrize("query", ["month=", "month=2026-13", "month=x", "page=99", "page=x", "who=%00"])
def test_odd_addresses_of_the_board_are_answered(books, query):
    assert browser(books, "alice").get(f"/?{query}").status_code == 200


def test_many_are_moved_at_once(books):
    browser(books, "bob").post(
        "/board/bulk/", {"act": "due", "due": "2026-02-20", "client": ["kestrel"], "month": "2026-01"}
    )
    with inside(books):
        assert CloseRun.objects.get(pk=books.close.pk).due_on == date(2026, 2, 20)


def test_many_are_checked_again_as_jobs(books):
    browser(books, "bob").post("/board/bulk/", {"act": "rerun", "client": ["kestrel"], "month": "2026-01"})
    with inside(books):
        assert SyncJob.objects.filter(kind="checks").count() == 1


def test_the_controller_is_not_made_preparer(books):
    browser(books, "alice").post(
        "/board/bulk/", {"act": "assign", "person": books.world.alice.pk, "client": ["kestrel"], "month": "2026-01"}
    )
    with inside(books):
        assert CloseRun.objects.get(pk=books.close.pk).preparer == books.world.bob


def test_a_client_of_others_in_a_bulk_act_is_absent(books):
    response = browser(books, "bob").post(
        "/board/bulk/", {"act": "rerun", "client": ["kestrel", "wren"], "month": "2026-01"}
    )
    assert response.status_code == 404
    with inside(books):
        assert not SyncJob.objects.filter(kind="checks").exists()


# ---- the workspace ---------------------------------------------------------------------------------------------------------


def test_the_workspace_shows_figures_and_what_stands_in_the_way(books):
    said = text(browser(books, "bob").get(JANUARY))
    for words in ("7,300.00", "Trial balance foots", "No system is connected", "not been handed over", "What moved"):
        assert words in said, words


def test_a_month_not_opened_offers_to_open_it(books):
    said = text(browser(books, "bob").get("/c/kestrel/close/2026-02/"))
    assert "Open February 2026" in said
    browser(books, "bob").post("/c/kestrel/close/2026-02/open/")
    with inside(books):
        assert CloseRun.objects.filter(client=books.client, month=date(2026, 2, 1)).exists()


@pytest.mark.parametrize("month", ["2099-01", "1999-01"])
def test_a_month_out_of_reach_is_not_opened(books, month):
    assert browser(books, "bob").post(f"/c/kestrel/close/{month}/open/").status_code == 404


@pytest.mark.parametrize("month", ["2026-1", "2026-13", "next", "0000-00"])
def test_no_month_is_no_page(books, month):
    assert browser(books, "bob").get(f"/c/kestrel/close/{month}/").status_code == 404


def test_rerunning_makes_one_job_and_the_page_looks_again(books):
    said = text(browser(books, "bob").post(f"{JANUARY}rerun/", {"check": "K05"}, headers={"HX-Request": "true"}))
    assert "hx-trigger" in said
    with inside(books):
        assert SyncJob.objects.get(kind="checks").arguments["only"] == ["K05"]


def test_an_explanation_makes_its_item_settled(books):
    with inside(books):
        scene.post(books.client, [scene.entry(books.accounts, "rent", "bank", 900_000, date(2026, 1, 30), "new-lease")])
        workflow.run_checks(books.close)
        item = next(
            item for item in CheckResult.objects.get(close=books.close, check_id="K42").items if item["is_open"]
        )
    browser(books, "bob").post(f"{JANUARY}explain/", {"check": "K42", "key": item["key"], "text": "A second lease."})
    with inside(books):
        assert Explanation.objects.get(close=books.close).amount_minor == item["amount"]
        again = CheckResult.objects.get(close=books.close, check_id="K42").items
        assert next(one for one in again if one["key"] == item["key"])["is_open"] is False


def test_a_check_cannot_be_ticked_or_explained_away(books):
    assert (
        browser(books, "bob")
        .post(f"{JANUARY}explain/", {"check": "K05", "key": "account:1", "text": "Fine."})
        .status_code
        == 404
    )


def test_an_override_takes_the_second_person(books):
    bob = browser(books, "bob")
    bob.post(f"{JANUARY}override/", {"check": "K01", "subject": "", "reason": "On paper.", "until": ""})
    with inside(books):
        row = Override.objects.get(close=books.close)
    assert bob.post(f"{JANUARY}overrides/{row.pk}/grant/").status_code == 403
    browser(books, "carol").post(f"{JANUARY}overrides/{row.pk}/grant/")
    with inside(books):
        assert Override.objects.get(pk=row.pk).granted_by == books.world.carol


def test_who_asked_for_an_override_cannot_grant_it(books):
    carol = browser(books, "carol")
    carol.post(f"{JANUARY}override/", {"check": "K01", "subject": "", "reason": "On paper."})
    with inside(books):
        row = Override.objects.get(close=books.close)
    assert carol.post(f"{JANUARY}overrides/{row.pk}/grant/").status_code == 422
    with inside(books):
        assert Override.objects.get(pk=row.pk).granted_by is None


def test_handing_over_tells_the_controller(books, django_capture_on_commit_callbacks):
    ready(books)
    with inside(books):
        CloseRun.objects.filter(pk=books.close.pk).update(state="open", prepared_by=None)
    with django_capture_on_commit_callbacks(execute=True):
        browser(books, "bob").post(f"{JANUARY}prepare/")
    assert [message.to for message in mail.outbox] == [["alice@people.example"]]
    assert "7,300" not in mail.outbox[0].body


def test_a_task_is_ticked_and_unticked(books):
    with inside(books):
        task = books.close.tasks.first()
    bob = browser(books, "bob")
    bob.post(f"{JANUARY}tasks/{task.pk}/", {"done": "1"})
    with inside(books):
        assert books.close.tasks.get(pk=task.pk).done_by == books.world.bob


# ---- signing ---------------------------------------------------------------------------------------------------------------


def shown_by(page):
    return text(page).split('name="shown" value="')[1][:64]


def test_a_controller_signs_what_the_page_showed(books):
    ready(books)
    alice = browser(books, "alice")
    shown = shown_by(alice.get(f"{JANUARY}sign/"))
    response = alice.post(f"{JANUARY}sign/now/", {"shown": shown})
    assert response.headers["Location"] == JANUARY
    with inside(books):
        assert Period.objects.get(client=books.client, month=date(2026, 1, 1)).state == "locked"
        assert SignOff.objects.get(close=books.close).factor == "totp"


def test_two_tabs_sign_once(books):
    ready(books)
    alice = browser(books, "alice")
    shown = shown_by(alice.get(f"{JANUARY}sign/"))
    for _ in range(2):
        alice.post(f"{JANUARY}sign/now/", {"shown": shown})
    with inside(books):
        assert SignOff.objects.filter(close=books.close).count() == 1


def test_the_page_is_old_after_an_entry(books):
    ready(books)
    alice = browser(books, "alice")
    shown = shown_by(alice.get(f"{JANUARY}sign/"))
    with inside(books):
        scene.post(books.client, [scene.entry(books.accounts, "rent", "bank", 100, date(2026, 1, 30), "late")])
    said = text(alice.post(f"{JANUARY}sign/now/", {"shown": shown}, follow=True))
    assert "What you saw has changed" in said
    with inside(books):
        assert not SignOff.objects.exists()


def test_an_old_second_factor_is_asked_for_again(books):
    ready(books)
    alice = browser(books, "alice")
    session = alice.session
    session["account_authentication_methods"][-1]["at"] = time.time() - 301
    session.save()
    response = alice.post(f"{JANUARY}sign/now/", {"shown": "x"})
    assert "reauthenticate" in response.headers["Location"]


def test_the_preparer_sees_no_button(books):
    ready(books)
    said = text(browser(books, "bob").get(f"{JANUARY}sign/"))
    assert 'name="shown"' not in said


def test_reopening_by_page_takes_two(books):
    sealed(books)
    alice, carol = browser(books, "alice"), browser(books, "carol")
    alice.post(f"{JANUARY}reopen/", {"reason": "A bill came late."})
    with inside(books):
        row = Reopening.objects.get(close=books.close)
    alice.post(f"{JANUARY}reopen/{row.pk}/grant/")
    with inside(books):
        assert Period.objects.get(client=books.client, month=date(2026, 1, 1)).state == "sealed"
    carol.post(f"{JANUARY}reopen/{row.pk}/grant/")
    with inside(books):
        assert Period.objects.get(client=books.client, month=date(2026, 1, 1)).state == "open"
        assert SyncJob.objects.filter(kind="unlock").count() == 1


def test_a_signed_months_checks_stand(books):
    sealed(books)
    response = browser(books, "bob").post(f"{JANUARY}rerun/", {}, headers={"HX-Request": "true"})
    assert response.status_code == 422
    with inside(books):
        assert not SyncJob.objects.filter(kind="checks").exists()


@pytest.mark.parametrize("path", ["note/", "prepare/", "explain/", "override/"])
def test_a_signed_month_is_not_edited(books, path):
    sealed(books)
    with inside(books):
        before = CloseRun.objects.values().get(pk=books.close.pk)
    browser(books, "bob").post(
        JANUARY + path, {"note": "x", "check": "K42", "key": "x", "text": "x", "reason": "x", "subject": ""}
    )
    with inside(books):
        assert CloseRun.objects.values().get(pk=books.close.pk) == before
        assert not Explanation.objects.exists()
