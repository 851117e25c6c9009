"""What a person does on the ledger's pages, and what the pages refuse."""

from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from clients.tenancy import client_context
from integrations.models import Fact, SyncJob
from ledger import booking, mapping
from ledger.core.period import Month
from ledger.models import (
    BankFeed,
    BankItem,
    EntryApproval,
    JournalEntry,
    LedgerException,
    MappingVersion,
    Match,
    Period,
    StatementBalance,
    TimingItem,
)
from tests import builders
from tests.ledger import scene

pytestmark = pytest.mark.django_db
MONTH = "/c/kestrel/reconciliation/2026-03"


@pytest.fixture
def world(standing, db):
    return standing[0]


@pytest.fixture
def books(standing, db):
    return standing[1]


@pytest.fixture
def bob(world, client):
    return builders.sign_in(client, world.bob)


@pytest.fixture
def alice(world):
    from django.test import Client

    return builders.sign_in(Client(), world.alice)


def first(books, model, **fields):
    with client_context(books.client.pk):
        return model.objects.filter(**fields).first()


def held(books, kind):
    return first(books, LedgerException, kind=kind)


# ---- exceptions ------------------------------------------------------------------------------------------------------------


def test_mapping_from_the_inbox_drafts_a_rule_and_posts_nothing_before_approval(books, bob, alice):
    row = held(books, "unmapped")
    answer = bob.post(f"/c/kestrel/exceptions/{row.pk}/map/", {"account": "2300 Sales tax payable"})
    assert b"draft v2" in answer.content
    assert answer.headers["HX-Trigger"] == "counts-changed"
    assert held(books, "unmapped").state == "open"
    with client_context(books.client.pk):
        assert mapping.load(books.client.pk).versions[0].number == 1
    assert b"has not been tested" in alice.post("/c/kestrel/mapping/approve/", follow=True).content
    bob.post("/c/kestrel/mapping/test/?month=2026-03")
    alice.post("/c/kestrel/mapping/approve/")
    assert first(books, SyncJob, kind="refresh").state == "due"
    with client_context(books.client.pk):
        booking.book(books.client)
        assert not LedgerException.objects.filter(kind="unmapped", state="open").exists()


def test_an_account_that_is_none_changes_nothing(books, bob):
    row = held(books, "unmapped")
    answer = bob.post(f"/c/kestrel/exceptions/{row.pk}/map/", {"account": "nowhere"})
    assert answer.status_code == 422
    assert first(books, MappingVersion, state="draft") is None


def test_the_preparer_of_a_draft_cannot_approve_it(books, alice):
    row = held(books, "unmapped")
    alice.post(f"/c/kestrel/exceptions/{row.pk}/map/", {"account": "2300"})
    answer = alice.post("/c/kestrel/mapping/approve/", follow=True)
    assert b"cannot approve" in answer.content
    assert first(books, MappingVersion, state="draft") is not None


def test_a_bookkeeper_cannot_approve_a_mapping(books, bob):
    assert bob.post("/c/kestrel/mapping/approve/").status_code == 403


def test_a_duplicate_is_reversed_once(books, bob):
    row = held(books, "duplicate")
    answer = bob.post(f"/c/kestrel/exceptions/{row.pk}/decide/", {"answer": "second"})
    assert b"The copy is reversed" in answer.content
    assert first(books, JournalEntry, reverses_id=row.entry_id).origin == "manual"
    assert bob.post(f"/c/kestrel/exceptions/{row.pk}/decide/", {"answer": "second"}).status_code == 404


def test_two_that_are_real_stay(books, bob):
    row = held(books, "duplicate")
    bob.post(f"/c/kestrel/exceptions/{row.pk}/decide/", {"answer": "keep"})
    assert first(books, LedgerException, pk=row.pk).state == "ignored"
    assert first(books, JournalEntry, reverses_id=row.entry_id) is None


def test_a_payroll_typed_by_hand_is_replaced_by_its_register(books, bob):
    row = held(books, "overlap")
    bob.post(f"/c/kestrel/exceptions/{row.pk}/decide/", {"answer": "reverse"})
    assert first(books, JournalEntry, reverses_id=row.entry_id) is not None
    assert first(books, JournalEntry, fact_id=row.fact_id, purpose="payroll") is not None
    assert first(books, Fact, pk=row.fact_id).state == "booked"


def test_a_payroll_kept_by_hand_leaves_ours_out(books, bob):
    row = held(books, "overlap")
    bob.post(f"/c/kestrel/exceptions/{row.pk}/decide/", {"answer": "keep"})
    assert first(books, Fact, pk=row.fact_id).state == "skipped"
    assert first(books, JournalEntry, fact_id=row.fact_id) is None


def test_a_fact_of_a_closed_month_is_posted_on_the_first_open_day(books, bob):
    with client_context(books.client.pk):
        fact = scene.fact(
            books,
            "stripe",
            "balance_transactions",
            scene.Sale(
                external_id="late", booked_on=scene.date(2026, 2, 3), currency="USD", amount=900, channel="shop"
            ),
        )
        Period.objects.filter(month="2026-02-01").update(state="sealed")
        booking.book(books.client)
    row = held(books, "closed")
    bob.post(f"/c/kestrel/exceptions/{row.pk}/decide/")
    entry = first(books, JournalEntry, fact_id=fact.pk)
    assert (entry.booked_on, "2026-02-03" in entry.memo) == (scene.date(2026, 3, 1), True)


def test_what_was_snoozed_leaves_the_inbox_and_what_is_too_far_is_refused(books, bob):
    row = held(books, "payload")
    assert bob.post(f"/c/kestrel/exceptions/{row.pk}/snooze/", {"until": "2099-01-01"}).status_code == 422
    assert held(books, "payload").state == "open"
    bob.post(f"/c/kestrel/exceptions/{row.pk}/snooze/")
    assert held(books, "payload").state == "snoozed"


def test_an_exception_is_assigned_to_whoever_takes_it_and_not_to_a_stranger(books, world, bob):
    row = held(books, "payload")
    assert bob.post(f"/c/kestrel/exceptions/{row.pk}/assign/", {"to": world.charlie.pk}).status_code == 404
    bob.post(f"/c/kestrel/exceptions/{row.pk}/assign/")
    assert held(books, "payload").assigned_to_id == world.bob.pk


def test_a_refused_document_goes_out_again_under_the_same_request_id(books, bob):
    from ledger.models import OutboxItem

    before = first(books, OutboxItem, state="rejected")
    bob.post(f"/c/kestrel/exceptions/{held(books, 'refused').pk}/retry/")
    after = first(books, OutboxItem, pk=before.pk)
    assert (after.state, after.request_id) == ("new", before.request_id)


def test_an_administrator_sees_the_inbox_and_cannot_answer(books, world, client):
    dan = builders.sign_in(client, world.dan)
    assert dan.get("/exceptions/").status_code == 200
    assert (
        dan.post(f"/c/kestrel/exceptions/{held(books, 'duplicate').pk}/decide/", {"answer": "keep"}).status_code == 403
    )
    assert held(books, "duplicate").state == "open"


def test_a_clients_own_user_sees_no_exceptions(books, world, client):
    assert builders.sign_in(client, world.erin).get("/exceptions/").status_code == 403


# ---- reconciliation ----------------------------------------------------------------------------------------------------------


def checking(books):
    return first(books, BankFeed, account_key="chk")


def test_a_suggestion_is_accepted_and_undone(books, bob):
    match = first(books, Match, state="suggested")
    assert b"Matched" in bob.post(f"{MONTH}/matches/{match.pk}/accept/", headers={"HX-Request": "true"}).content
    bob.post(f"{MONTH}/matches/{match.pk}/undo/")
    assert first(books, Match, pk=match.pk).state == "undone"


def test_a_suggestion_put_aside_leaves_its_line_open(books, bob):
    match = first(books, Match, state="suggested")
    bob.post(f"{MONTH}/matches/{match.pk}/decline/")
    assert first(books, Match, pk=match.pk).state == "undone"
    assert first(books, BankItem, description="COBALT ROPE WORKS ACH").state == "open"


def test_a_bank_line_is_recorded_to_an_account(books, bob):
    item = first(books, BankItem, description="MARIGOLD STATIONERS")
    bob.post(f"{MONTH}/lines/{item.pk}/entry/", {"account": "6400 Travel and meals"})
    assert first(books, BankItem, pk=item.pk).state == "matched"


def test_sides_that_differ_are_not_matched_by_hand(books, bob):
    item = first(books, BankItem, description="MARIGOLD STATIONERS")
    line = first(books, JournalEntry, memo__contains="Pinewick")
    answer = bob.post(f"{MONTH}/lines/{item.pk}/match/", {"line": f"{line.pk}:2"}, headers={"HX-Request": "true"})
    assert answer.status_code == 422
    assert first(books, BankItem, pk=item.pk).state == "open"


def test_a_month_with_open_lines_is_not_finished(books, bob):
    answer = bob.post(f"{MONTH}/{checking(books).pk}/finish/", follow=True)
    assert b"Not yet" in answer.content
    assert first(books, StatementBalance).finished_at is None


def test_a_month_that_ties_is_finished_and_shows_a_later_change(books, bob):
    match = first(books, Match, state="suggested")
    bob.post(f"{MONTH}/matches/{match.pk}/accept/")
    for description in ("FERRY CROSSING 0087", "DEPOSIT MOBILE", "MARIGOLD STATIONERS"):
        bob.post(f"{MONTH}/lines/{first(books, BankItem, description=description).pk}/entry/", {"account": "6400"})
    address = f"{MONTH}/{checking(books).pk}/"
    bob.post(address + "finish/")
    assert b"Prepared by" in bob.get(address).content
    bob.post(f"{MONTH}/matches/{match.pk}/undo/")
    assert b"finished; reopen it first" in bob.get(address).content
    with client_context(books.client.pk):
        scene.mirrored(books, "Transfer", Month(2026, 3).last, "", "", ("1020", 700), ("1010", -700))
    assert b"Changed since prepared" in bob.get(address).content


def test_a_timing_item_needs_a_reason_and_a_line_of_this_account(books, bob):
    address = f"{MONTH}/{checking(books).pk}/timing/"
    item = first(books, BankItem, description="DEPOSIT MOBILE")
    wanted = {"subject": f"bank-line/{item.pk}", "reason": "Deposited late", "expected_on": "2026-04-02"}
    bob.post(address, wanted | {"reason": ""})
    bob.post(address, wanted | {"subject": "bank-line/999999"})
    bob.post(address, wanted | {"expected_on": "soon"})
    assert first(books, TimingItem) is None
    bob.post(address, wanted)
    assert first(books, TimingItem).amount_minor == 51_300


# ---- payroll, entries, figures --------------------------------------------------------------------------------------------------


def test_staff_without_the_right_see_no_names_of_employees(books, world, client):
    person = builders.user("Nora Nest")
    builders.member(world.practice, person, "staff", world.kestrel)
    nora, run = builders.sign_in(client, person), first(books, Fact, kind="PayrollRun")
    assert nora.get(f"/c/kestrel/payroll/2026-03/runs/{run.pk}/").status_code == 403
    entry = first(books, JournalEntry, fact_id=run.pk)
    for address in ("/c/kestrel/payroll/2026-03/", f"/c/kestrel/sources/{run.pk}/", f"/c/kestrel/entries/{entry.pk}/"):
        assert b"Ada Finch" not in nora.get(address).content


def test_those_with_the_right_see_the_payslips(books, bob):
    run = first(books, Fact, kind="PayrollRun")
    assert b"Ada Finch" in bob.get(f"/c/kestrel/payroll/2026-03/runs/{run.pk}/").content
    assert b"Ada Finch" in bob.get(f"/c/kestrel/sources/{run.pk}/").content


def test_the_certificate_is_given_only_when_everything_ties(books, bob):
    assert b"Zero-difference certificate" not in bob.get("/c/kestrel/payroll/2026-03/").content


def test_the_correction_from_the_payroll_page_replaces_the_entry_by_hand(books, bob):
    fact = first(books, Fact, external_id="run-2026-06")
    answer = bob.post(f"/c/kestrel/payroll/2026-03/runs/{fact.pk}/correct/", follow=True)
    assert b"Payroll ties on 16" not in answer.content
    assert first(books, JournalEntry, fact_id=fact.pk, purpose="payroll") is not None


def lines(*rows):
    columns = ("line-account", "line-debit", "line-credit", "line-memo")
    return {name: [row[at] for row in rows] for at, name in enumerate(columns)}


HEAD = {"booked_on": "2026-03-31", "memo": "Depreciation", "reason": "Monthly", "support": "schedule"}


def test_an_entry_by_hand_waits_for_a_second_person(books, bob, alice):
    typed = HEAD | lines(("6400", "12.50", "", ""), ("1900 Suspense", "", "12.50", ""))
    assert b"a file that supports it" in bob.post("/c/kestrel/entries/new/", typed).content
    bob.post("/c/kestrel/entries/new/", typed | {"file": SimpleUploadedFile("run.pdf", b"%PDF")})
    entry = first(books, JournalEntry, purpose="manual")
    assert first(books, EntryApproval, entry=entry) is None
    assert bob.post(f"/c/kestrel/entries/{entry.pk}/approve/").status_code == 403
    alice.post(f"/c/kestrel/entries/{entry.pk}/approve/")
    assert first(books, EntryApproval, entry=entry) is not None


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([("6400", "12.50", "", ""), ("1900", "", "12.40", "")], b"differ by 0.10"),
        ([("nowhere", "12.50", "", ""), ("1900", "", "12.50", "")], b"Choose an account"),
        ([("6400", "12.505", "", ""), ("1900", "", "12.505", "")], b"no amount"),
        ([("6400", "5", "5", ""), ("1900", "", "5", "")], b"either a debit or a credit"),
        ([("6400", "-5", "", ""), ("1900", "", "-5", "")], b"Amounts are positive"),
        ([("6400", "5", "", "")], b"two lines at least"),
    ],
)
def test_a_wrong_line_says_what_is_wrong_and_posts_nothing(books, bob, rows, said):
    answer = bob.post("/c/kestrel/entries/new/", HEAD | lines(*rows))
    assert (answer.status_code, said in answer.content) == (422, True)
    assert first(books, JournalEntry, purpose="manual") is None


def test_a_closed_month_refuses_an_entry_by_hand(books, bob):
    with client_context(books.client.pk):
        Period.objects.filter(month="2026-03-01").update(state="locked")
    typed = (
        HEAD | lines(("6400", "1", "", ""), ("1900", "", "1", "")) | {"file": SimpleUploadedFile("run.pdf", b"%PDF")}
    )
    answer = bob.post("/c/kestrel/entries/new/", typed)
    assert (answer.status_code, b"are closed" in answer.content) == (422, True)


def test_a_reversal_needs_a_reason_and_happens_once(books, bob):
    entry = first(books, JournalEntry, memo__contains="Pinewick")
    bob.post(f"/c/kestrel/entries/{entry.pk}/reverse/", {"reason": " "})
    assert first(books, JournalEntry, reverses=entry) is None
    bob.post(f"/c/kestrel/entries/{entry.pk}/reverse/", {"reason": "Entered twice"})
    answer = bob.post(f"/c/kestrel/entries/{entry.pk}/reverse/", {"reason": "Entered twice"}, follow=True)
    assert b"already reversed" in answer.content


def test_spreadsheets_run_no_formula(books, bob):
    with client_context(books.client.pk):
        scene.mirrored(
            books, "Check", scene.date(2026, 3, 5), "9", '=HYPERLINK("x")', ("6400", 100), ("1010", -100), memo="=1+1"
        )
    text = bob.get(f"/c/kestrel/accounts/{books.account('6400').pk}/2026-03/?format=csv").content.decode()
    assert "'=1+1" in text
    assert ",=1+1" not in text


def test_an_account_ends_its_month_where_the_statement_says(books, bob):
    body = bob.get(f"/c/kestrel/accounts/{books.account('1010').pk}/2026-03/").content.decode()
    sheet = bob.get("/c/kestrel/statements/2026-03/?statement=bs").content.decode()
    assert "134,285.67" in body
    assert "134,285.67" in sheet
    assert "Balances" in sheet


def test_records_of_another_client_are_not_found(books, world, bob):
    other = scene.build(world.quillfeather, preparer=world.bob, controller=world.alice)
    entry, fact = first(other, JournalEntry), first(other, Fact)
    row, match = first(other, LedgerException), first(other, Match)
    feed = first(other, BankFeed, account_key="chk")
    addresses = [
        f"/c/kestrel/entries/{entry.pk}/",
        f"/c/kestrel/sources/{fact.pk}/",
        f"/c/kestrel/exceptions/{row.pk}/",
        f"{MONTH}/{feed.pk}/",
    ]
    assert [bob.get(address).status_code for address in addresses] == [404] * 4
    assert bob.post(f"{MONTH}/matches/{match.pk}/accept/").status_code == 404
