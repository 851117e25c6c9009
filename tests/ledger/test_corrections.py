"""Nothing posted is edited: a correction is a reversal with a reason and a new entry, in a closed month on the next open day."""

# ruff: noqa: F401, F811 (fixtures are imported by name)
from __future__ import annotations

from datetime import date

import pytest
from django.db import ProgrammingError, transaction

from clients.models import AuditEvent
from integrations.records import LedgerDocument, LedgerLine
from ledger import bank_position, corrections, mirror, posting
from ledger.core.period import Month
from ledger.corrections import CorrectionError
from ledger.models import ChangedAfterClose, EntryApproval, JournalEntry, JournalLine, MirrorDocument
from ledger.posting import PeriodClosed, PostingError
from tests.ledger import scene
from tests.ledger.bank_desk import balance, bob, books, check
from tests.scene import close as lock

pytestmark = pytest.mark.django_db
MARCH, APRIL, MAY, JUNE = (Month(2026, month) for month in (3, 4, 5, 6))
DAY = date(2026, 5, 12)


@pytest.fixture
def alice(standing):
    return standing[0].alice


@pytest.fixture
def limit(books, monkeypatch):
    """Set the client's materiality, in minor units."""

    def put(minor):
        monkeypatch.setattr(books.client, "materiality_minor", minor)
        books.client.save(update_fields=["materiality_minor"])

    return put


def lines(books, debit, credit, amount):
    return [posting.Line(books.account(debit).pk, amount), posting.Line(books.account(credit).pk, 0, amount)]


def by_hand(books, bob, amount=12_300, *, debit="6530", on=DAY, **more):
    """Software booked by hand, out of the bank."""
    given = {"memo": "Hosting", "reason": "The invoice came late.", "lines": lines(books, debit, "1010", amount)}
    given["files"] = [("invoice.pdf", b"%PDF invoice")]
    entry_id = corrections.post_manual(books.client, booked_on=on, by=bob, **(given | more))
    return JournalEntry.objects.get(pk=entry_id)


def reverse(entry, bob, reason="It was travel."):
    return JournalEntry.objects.get(pk=corrections.reverse(entry, reason=reason, by=bob))


def at(books, number, month):
    """Debit − credit of an account at a month's end."""
    return bank_position.book_balance(books.client, books.account(number).pk, month)


# ---- editing in an open month --------------------------------------------------------------------------------------------


def test_an_edit_in_an_open_month_is_a_reversal_on_the_same_day_and_a_new_entry(books, bob):
    software, travel = balance(books, "6530"), balance(books, "6400")
    wrong = by_hand(books, bob)
    undone = reverse(wrong, bob)
    right = by_hand(books, bob, debit="6400")
    assert (undone.booked_on, undone.reverses_id, undone.reason) == (DAY, wrong.pk, "It was travel.")
    assert (undone.origin, undone.posted_by) == ("manual", bob)
    assert (balance(books, "6530"), balance(books, "6400")) == (software, travel + 12_300)
    assert right.source_key != wrong.source_key


def test_what_was_posted_stays_as_it_was(books, bob):
    wrong = by_hand(books, bob)
    before = list(wrong.lines.values())
    reverse(wrong, bob)
    assert list(JournalEntry.objects.get(pk=wrong.pk).lines.values()) == before
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        JournalEntry.objects.filter(pk=wrong.pk).update(memo="Travel")
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        JournalLine.objects.filter(entry=wrong).delete()


def test_a_reversal_is_the_mirror_line_by_line(books, bob):
    entry = by_hand(books, bob, lines=[
        posting.Line(books.account("6530").pk, 10_000, memo="Hosting", party="Larch", department="Office"),
        posting.Line(books.account("6400").pk, 2_300, department="Shop"),
        posting.Line(books.account("1010").pk, 0, 12_300, party="Larch"),
    ])  # fmt: skip
    fields = ("no", "account_id", "memo", "party", "department")
    undone = reverse(entry, bob)
    assert list(undone.lines.values_list(*fields)) == list(entry.lines.values_list(*fields))
    assert [line.net_minor for line in undone.lines.all()] == [-line.net_minor for line in entry.lines.all()]


def test_a_reversal_needs_a_reason_and_happens_once(books, bob):
    entry = by_hand(books, bob)
    with pytest.raises(CorrectionError, match="needs a reason"):
        corrections.reverse(entry, reason="  ", by=bob)
    reverse(entry, bob)
    with pytest.raises(CorrectionError, match="already reversed"):
        reverse(entry, bob)
    with pytest.raises(PostingError, match="reversed"), transaction.atomic():
        posting.post(books.client.pk, [posting.Entry(
            DAY, "another", "reversal", lines(books, "1010", "6530", 12_300), reason="again", reverses=entry.pk
        )])  # fmt: skip


def test_a_reversal_can_be_taken_back(books, bob):
    before = balance(books, "6530")
    reverse(reverse(by_hand(books, bob), bob), bob, "It was software after all.")
    assert balance(books, "6530") == before + 12_300


def test_an_edit_in_the_accounting_system_in_an_open_month_is_followed_at_once(books):
    shown(books, 40_000)
    shown(books, 41_000)
    document = MirrorDocument.objects.get(external_id="Check:1")
    assert document.entry.lines.get(account=books.account("6310")).debit_minor == 41_000
    assert at(books, "6310", MAY) - at(books, "6310", APRIL) == 41_000
    assert not ChangedAfterClose.objects.filter(document=document).exists()


# ---- editing in a closed month -------------------------------------------------------------------------------------------


def test_an_edit_in_a_closed_month_moves_nothing_in_it(books, bob):
    wrong = by_hand(books, bob)
    lock(books.client, MAY.first)
    signed = {number: at(books, number, MAY) for number in ("6530", "1010")}
    undone = reverse(wrong, bob)
    assert undone.booked_on == JUNE.first
    assert {number: at(books, number, MAY) for number in ("6530", "1010")} == signed
    assert at(books, "6530", JUNE) == signed["6530"] - 12_300


def test_a_correction_goes_to_the_first_month_that_is_open(books, bob):
    wrong = by_hand(books, bob)
    lock(books.client, MAY.first, JUNE.first, Month(2026, 8).first)
    assert reverse(wrong, bob).booked_on == date(2026, 7, 1)


def test_a_closed_month_takes_no_new_entry(books, bob):
    lock(books.client, MAY.first)
    before = balance(books, "6530")
    with pytest.raises(PeriodClosed, match="closed") as refused, transaction.atomic():
        by_hand(books, bob)
    assert refused.value.detail == "2026-05"
    assert balance(books, "6530") == before


def shown(books, rent):
    """What the accounting system's ledger shows of May: one cheque for the rent."""
    accounts = {number: books.account(number).external_id for number in ("6310", "1010")}
    document = LedgerDocument(
        external_id="Check:1", booked_on=DAY, currency="USD", type="Check", number="2055", party="Harbour Yard Estates",
        lines=(LedgerLine(account_id=accounts["6310"], debit=rent), LedgerLine(account_id=accounts["1010"], credit=rent)),
    )  # fmt: skip
    mirror.take_month(books.client, books.connections["quickbooks-online"], MAY, [document])


def test_an_edit_in_the_accounting_system_in_a_closed_month_waits_for_a_person(books, alice):
    shown(books, 40_000)
    lock(books.client, MAY.first)
    signed = at(books, "6310", MAY)
    shown(books, 41_000)
    change = ChangedAfterClose.objects.get(client=books.client, document__external_id="Check:1")
    assert (change.kind, change.month, change.amount_minor) == ("changed", MAY.first, 1_000)
    assert at(books, "6310", MAY) == signed
    entry_id = mirror.take_into_open_month(change, by=alice, reason="Rent was raised.", booked_on=JUNE.first)
    entry = JournalEntry.objects.get(pk=entry_id)
    assert (entry.booked_on, entry.reason, entry.posted_by) == (JUNE.first, "Rent was raised.", alice)
    assert (at(books, "6310", MAY), at(books, "6310", JUNE)) == (signed, signed + 1_000)


# ---- entries by hand -----------------------------------------------------------------------------------------------------


def test_a_small_entry_is_its_makers_own(books, bob, limit):
    limit(12_300)
    approval = EntryApproval.objects.get(entry=by_hand(books, bob, support="Invoice 17"))
    assert (approval.approved_by, approval.support) == (bob, "Invoice 17")


def test_a_larger_one_waits_for_a_second_person_and_keeps_what_supports_it(books, bob, alice, limit):
    limit(12_299)
    entry = by_hand(books, bob, support="Invoice 17")
    assert entry.reason == "The invoice came late. Support: Invoice 17"
    assert not entry.approvals.exists()
    with pytest.raises(CorrectionError, match="cannot approve"):
        corrections.approve(entry, by=bob)
    corrections.approve(entry, by=alice, support="Seen")
    assert entry.approvals.get().approved_by == alice


def test_an_entry_is_approved_once(books, bob, alice, standing, limit):
    limit(0)
    entry = by_hand(books, bob)
    corrections.approve(entry, by=alice)
    with pytest.raises(CorrectionError, match="approved already"):
        corrections.approve(entry, by=standing[0].carol)
    assert entry.approvals.get().approved_by == alice
    acts = AuditEvent.objects.filter(client=books.client, action="entry.approved", subject=f"entry {entry.pk}")
    assert acts.count() == 1


def test_what_nobody_made_by_hand_needs_no_approval(books, alice):
    entry = JournalEntry.objects.filter(client=books.client, origin="source").first()
    with pytest.raises(CorrectionError, match="made by hand"):
        corrections.approve(entry, by=alice)


def test_an_entry_by_hand_needs_a_reason(books, bob):
    with pytest.raises(CorrectionError, match="needs a reason"):
        by_hand(books, bob, reason=" ")


def test_a_reversal_needs_no_second_person_and_leaves_its_mark(books, bob, limit):
    limit(0)
    undone = reverse(by_hand(books, bob), bob)
    assert undone.approvals.get().approved_by == bob
    act = AuditEvent.objects.filter(client=books.client, action="entry.reversed").latest("number")
    assert (act.actor, act.detail) == (bob, {"reason": "It was travel.", "reversal": undone.pk})
