"""Facts become entries once, in the right month, on mapped accounts; what cannot is held and comes back by itself."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from clients.tenancy import client_context
from integrations.models import Fact
from integrations.records import PayItem, PayrollRun, Payslip, Skipped, Unknown
from ledger import booking, mapping, posting
from ledger.models import Account, JournalEntry, LedgerException
from tests.scene import arrive, close, net, reopen, sale

STREAM = "balance_transactions"


@pytest.fixture
def client(shelf):
    with client_context(shelf.kestrel.pk):
        yield shelf.kestrel


def entries_of(client, number=1):
    return list(
        JournalEntry.objects.filter(client=client, source_key__endswith=f":txn_test_{number:04d}").order_by("id")
    )


def state_of(number=1):
    return list(
        Fact.objects.filter(external_id=f"txn_test_{number:04d}").order_by("id").values_list("state", flat=True)
    )


def held(client, kind):
    return LedgerException.objects.filter(client=client, kind=kind, state="open")


def run_of(day: date, gross: int, *, number: str = "run-test") -> PayrollRun:
    """A run of one person in the workshop: gross less a fifth of tax."""
    slip = Payslip(
        employee_id="e-1",
        employee="Ada Finch",
        department=department_of(),
        net_pay=gross - gross // 5,
        earnings=(PayItem(name="Regular Hours", amount=gross),),
        employee_taxes=(PayItem(name="Federal Income Tax", amount=gross // 5),),
    )
    return PayrollRun(
        external_id=number,
        booked_on=day,
        currency="USD",
        period_start=day,
        period_end=day,
        kind="regular",
        payslips=(slip,),
        net_pay_pull=slip.net_pay,
        tax_pull=gross // 5,
    )


def department_of() -> str:
    return Account.objects.filter(name__startswith="Wages – ").order_by("name")[0].name.removeprefix("Wages – ")


def test_a_fact_becomes_one_entry_that_names_it(client):
    arrive(client, "stripe", STREAM, sale())
    result = booking.book(client)
    (entry,) = entries_of(client)
    assert (result.booked, result.entries) == (1, 1)
    assert entry.fact_id == Fact.objects.get(external_id="txn_test_0001").pk
    assert entry.mapping_version_id is not None
    assert entry.booked_on == date(2026, 4, 5)
    assert state_of() == ["booked"]


def test_gross_and_fee_stand_on_their_own_accounts(client):
    before = [net(client, name) for name in ("Stripe Clearing", "Merchant Fees", "Store Sales")]
    arrive(client, "stripe", STREAM, sale())
    booking.book(client)
    after = [net(client, name) for name in ("Stripe Clearing", "Merchant Fees", "Store Sales")]
    assert [b - a for a, b in zip(before, after, strict=True)] == [5_000 - 175, 175, -5_000]


def test_booking_again_posts_nothing(client):
    arrive(client, "stripe", STREAM, sale())
    booking.book(client)
    count = JournalEntry.objects.count()
    assert booking.book(client) == booking.BookResult()
    arrive(client, "stripe", STREAM, sale())
    assert booking.book(client).facts == 0
    assert JournalEntry.objects.count() == count


def test_a_fact_offered_twice_as_new_posts_nothing_twice(client):
    arrive(client, "stripe", STREAM, sale())
    booking.book(client)
    Fact.objects.filter(external_id="txn_test_0001").update(state="new")
    assert booking.book(client).entries == 0
    assert len(entries_of(client)) == 1


def test_a_changed_source_is_reversed_and_booked_anew(client):
    before = net(client, "Store Sales")
    arrive(client, "stripe", STREAM, sale())
    booking.book(client)
    arrive(client, "stripe", STREAM, sale(amount=4_400))
    booking.book(client)
    first, reversal, second = entries_of(client)
    assert reversal.reverses_id == first.pk
    assert reversal.reason
    assert (second.revision, second.booked_on) == (1, first.booked_on)
    assert net(client, "Store Sales") - before == -4_400


def test_a_source_that_changed_back_is_booked_as_it_was_first(client):
    before = net(client, "Store Sales")
    for amount in (5_000, 4_400, 5_000):
        arrive(client, "stripe", STREAM, sale(amount=amount))
        booking.book(client)
    assert net(client, "Store Sales") - before == -5_000
    assert entries_of(client)[-1].revision == 2


def test_a_change_the_books_do_not_see_changes_no_entry(client):
    arrive(client, "stripe", STREAM, sale())
    booking.book(client)
    arrive(client, "stripe", STREAM, sale(customer="Marigold Finch"))
    booking.book(client)
    assert len(entries_of(client)) == 1


def test_a_newer_version_takes_the_place_of_the_booked_one(client):
    """A processor's row that turns from pending to available comes again: the proofs count it once."""
    for amount, customer in ((5_000, ""), (5_000, "Marigold Finch"), (4_400, "Marigold Finch")):
        arrive(client, "stripe", STREAM, sale(amount=amount, customer=customer))
        booking.book(client)
    facts = Fact.objects.filter(client=client, stream=STREAM, external_id=sale().external_id)
    assert list(facts.order_by("id").values_list("state", flat=True)) == ["superseded", "superseded", "booked"]


def test_an_unmapped_channel_is_held_until_it_is_mapped(client, shelf):
    before = net(client, "Stripe Clearing")
    arrive(client, "stripe", STREAM, sale(1, channel="market"), sale(2, channel="market"), sale(3))
    result = booking.book(client)
    assert (result.booked, result.held) == (1, 2)
    rows = held(client, "unmapped")
    assert {row.cause for row in rows} == {rows[0].cause}
    assert [row.amount_minor for row in rows] == [5_000, 5_000]
    version = mapping.draft(client, by=shelf.cast.bookkeeper, effective_from=date(2026, 1, 1))
    account = Account.objects.get(client=client, name="Store Sales")
    mapping.set_rule(version, role="sales", key="market", account=account, by=shelf.cast.bookkeeper)
    assert booking.book(client).booked == 0, "a draft books nothing"
    mapping.approve(version, by=shelf.cast.controller)
    assert booking.book(client).booked == 2
    assert not held(client, "unmapped").exists()
    assert net(client, "Stripe Clearing") - before == 3 * (5_000 - 175)


def test_before_the_cut_over_nothing_is_booked(client):
    count = JournalEntry.objects.count()
    arrive(client, "stripe", STREAM, sale(booked_on=date(2025, 12, 31)))
    assert booking.book(client).skipped == 1
    assert JournalEntry.objects.count() == count
    assert "cut-over" in Fact.objects.get(external_id="txn_test_0001").reason


def test_on_the_day_of_the_cut_over_it_is_booked(client):
    arrive(client, "stripe", STREAM, sale(booked_on=date(2026, 1, 1)))
    assert booking.book(client).booked == 1


def test_a_closed_month_takes_nothing_and_the_fact_waits(client, shelf):
    close(client, date(2026, 3, 1))
    arrive(client, "stripe", STREAM, sale(1, booked_on=date(2026, 3, 31)), sale(2))
    result = booking.book(client)
    assert (result.booked, result.held) == (1, 1)
    assert [row.amount_minor for row in held(client, "closed")] == [5_000]
    reopen(client, date(2026, 3, 1), by=shelf.cast.controller)
    assert booking.book(client).booked == 1
    assert not held(client, "closed").exists()


def test_a_change_of_what_a_closed_month_holds_is_held_and_stops_nothing_else(client):
    arrive(client, "stripe", STREAM, sale(1, booked_on=date(2026, 3, 31)))
    booking.book(client)
    close(client, date(2026, 3, 1))
    arrive(client, "stripe", STREAM, sale(1, booked_on=date(2026, 4, 1)), sale(2))
    result = booking.book(client)
    assert (result.booked, result.held) == (1, 1)
    assert len(entries_of(client, 1)) == 1
    assert len(entries_of(client, 2)) == 1
    assert held(client, "closed").count() == 1


def test_another_currency_is_held_not_guessed(client):
    arrive(client, "stripe", STREAM, sale(currency="EUR"))
    assert booking.book(client).held == 1
    assert "EUR" in held(client, "unknown").get(cause="currency EUR").title


def test_another_currency_with_the_providers_rate_is_booked_at_home_value_with_its_own_amounts_beside(client):
    arrive(client, "stripe", STREAM, sale(currency="EUR", rate=Decimal("1.0823"), rate_source="Stripe"))
    assert booking.book(client).booked == 1
    (entry,) = entries_of(client, 1)
    foreign = [line.foreign_amount for line in entry.lines.all()]
    assert {(beside.currency, beside.rate_millionths) for beside in foreign} == {("EUR", 1_082_300)}
    own = sum(beside.amount for beside, line in zip(foreign, entry.lines.all(), strict=True) if line.debit_minor)
    assert sum(line.debit_minor for line in entry.lines.all()) == round(own * Decimal("1.0823"))
    back = posting.reverse(entry, reason="A test.", booked_on=entry.booked_on)
    assert [line.foreign_amount for line in JournalEntry.objects.get(pk=back).lines.all()] == foreign


def test_a_stream_that_only_proves_books_nothing(client):
    from integrations.models import StreamState

    StreamState.objects.filter(client=client, stream=STREAM).update(duty="prove")
    arrive(client, "stripe", STREAM, sale())
    booking.book(client)
    assert entries_of(client) == []
    assert state_of() == ["proof"]


def test_what_a_proving_stream_does_not_understand_comes_to_a_person_too(client):
    from integrations.models import StreamState
    from integrations.records import Unknown

    StreamState.objects.filter(client=client, stream=STREAM).update(duty="prove")
    arrive(
        client,
        "stripe",
        STREAM,
        Unknown(external_id="u1", booked_on=date(2026, 4, 5), currency="USD", what="a row of kind 'x'"),
    )
    assert booking.book(client).held == 1
    assert held(client, "unknown").get().title == "a row of kind 'x'"


def test_a_payroll_typed_by_hand_holds_the_run(client):
    day, gross = date(2026, 4, 10), 400_000
    wages = Account.objects.get(client=client, name=f"Wages – {department_of()}")
    bank = Account.objects.get(client=client, name="Checking")
    lines = [posting.Line(wages.pk, gross - 1_200), posting.Line(bank.pk, 0, gross - 1_200)]
    posting.post(client.pk, [posting.Entry(day, "by-hand:1", "mirror", lines, "ledger", "JournalEntry · Payroll")])
    arrive(client, "gusto", "payrolls", run_of(day, gross))
    assert booking.book(client).held == 1
    row = held(client, "overlap").get()
    assert row.entry_id is not None
    assert row.detail["difference_minor"] == -1_200


def test_a_payroll_nobody_typed_is_booked(client):
    arrive(client, "gusto", "payrolls", run_of(date(2026, 4, 10), 400_000))
    assert booking.book(client).booked == 1
    assert not held(client, "overlap").exists()


def test_the_same_payroll_under_two_numbers_is_two_runs(client):
    day = date(2026, 4, 10)
    arrive(client, "gusto", "payrolls", run_of(day, 400_000), run_of(day, 400_000, number="run-bonus"))
    assert booking.book(client).booked == 2


def test_a_record_nobody_can_read_is_held_and_stops_nothing(client):
    from integrations import storing
    from integrations.models import Connection
    from integrations.payload import Payload

    connection = Connection.objects.get(client=client, provider="stripe")
    shape = storing.Shape(STREAM, lambda _payload: (), lambda _payload: "")
    broken = storing.Item("txn_broken", b'{"a": 1}', b"x" * 32, Payload({}), "$.amount is missing")
    storing.store(connection, shape, [broken], at=datetime.now(UTC))
    arrive(client, "stripe", STREAM, sale())
    result = booking.book(client)
    assert (result.booked, result.held) == (1, 1)
    assert "amount" in held(client, "payload").get().title


def test_a_reconnected_account_keeps_the_identity_of_its_facts(client):
    arrive(client, "stripe", STREAM, sale())
    booking.book(client)
    fact = Fact.objects.select_related("connection").get(external_id="txn_test_0001")
    (entry,) = entries_of(client)
    assert entry.source_key == f"stripe:{fact.connection.account_id}:{STREAM}:txn_test_0001"


# ---- what a source no longer says ------------------------------------------------------------------------------------------


def retracted(number=1, kind=Skipped, **why):
    """The sale's object as its source tells it after it was taken back."""
    why = why or {"reason": "not approved any more"}
    return kind(external_id=f"txn_test_{number:04d}", booked_on=date(2026, 4, 5), currency="USD", **why)


def test_what_the_newer_version_does_not_say_is_taken_back_on_its_own_day(client):
    before = net(client, "Store Sales")
    arrive(client, "stripe", STREAM, sale(), sale(2))
    booking.book(client)
    arrive(client, "stripe", STREAM, retracted())
    for _again in range(2):
        booking.book(client)
        first, reversal = entries_of(client)
        assert (reversal.reverses_id, reversal.booked_on) == (first.pk, first.booked_on)
        assert net(client, "Store Sales") - before == -5_000
    assert state_of() == ["superseded", "skipped", "skipped"]


@pytest.mark.parametrize("amount", [5_000, 4_400])
def test_what_is_said_again_is_booked_again(client, amount):
    before = net(client, "Store Sales")
    arrive(client, "stripe", STREAM, sale())
    booking.book(client)
    for _round in range(2):
        arrive(client, "stripe", STREAM, retracted())
        booking.book(client)
        arrive(client, "stripe", STREAM, sale(amount=amount))
        booking.book(client)
        assert net(client, "Store Sales") - before == -amount
    assert entries_of(client)[-1].revision == 2
    assert state_of()[-1] == "booked"
    assert state_of().count("booked") == 1


def test_what_was_taken_back_and_said_again_before_it_was_booked_changes_nothing(client):
    arrive(client, "stripe", STREAM, sale())
    booking.book(client)
    arrive(client, "stripe", STREAM, retracted())
    arrive(client, "stripe", STREAM, sale())
    booking.book(client)
    assert len(entries_of(client)) == 1


def test_what_a_person_reversed_is_not_booked_again_by_its_source(client):
    arrive(client, "stripe", STREAM, sale())
    booking.book(client)
    (entry,) = entries_of(client)
    posting.reverse(entry, reason="By hand.", booked_on=entry.booked_on)
    arrive(client, "stripe", STREAM, retracted())
    booking.book(client)
    arrive(client, "stripe", STREAM, sale(amount=4_400))
    booking.book(client)
    assert len(entries_of(client)) == 2


def test_a_version_nobody_understands_takes_nothing_back(client):
    arrive(client, "stripe", STREAM, sale())
    booking.book(client)
    arrive(client, "stripe", STREAM, retracted(kind=Unknown, what="of a new kind"))
    booking.book(client)
    assert len(entries_of(client)) == 1
    arrive(client, "stripe", STREAM, retracted())
    booking.book(client)
    assert len(entries_of(client)) == 2


def test_what_a_closed_month_holds_is_taken_back_once_it_is_open(client, shelf):
    arrive(client, "stripe", STREAM, sale())
    booking.book(client)
    close(client, date(2026, 4, 1))
    arrive(client, "stripe", STREAM, retracted())
    assert booking.book(client).held == 1
    assert len(entries_of(client)) == 1
    assert held(client, "closed").count() == 1
    reopen(client, date(2026, 4, 1), by=shelf.cast.controller)
    booking.book(client)
    assert len(entries_of(client)) == 2
    assert not held(client, "closed").exists()
