"""Worked cases: CRM and billing. The table of events by role, row by row."""

from __future__ import annotations

from datetime import date

import pytest
from trial import fact, minor, sides, trial

from integrations.records import (
    Application,
    CreditNote,
    CustomerDeposit,
    CustomerInvoice,
    InvoiceLine,
    InvoicePayment,
    InvoiceVoid,
    Payout,
    Refund,
    Tax,
    WonDeal,
    WriteOff,
)
from ledger.core.period import Month
from ledger.core.rules import Unbookable, drafts, payout_arrival, recognition_entry

MARCH = date(2026, 3, 2)
CUSTOMER = "Harbour Museum"
TAXES = (Tax(amount=minor("8.00"), jurisdiction="CA"),)
GOODS = (InvoiceLine(amount=minor("100.00"), product="prints"),)


def book(record):
    return drafts(record, provider="funnel", category="crm", home="USD")


def invoice(*rows, taxes=TAXES, **fields):
    amount = sum(row.amount for row in rows) + sum(tax.amount for tax in taxes)
    return fact(CustomerInvoice, customer=CUSTOMER, amount=amount, lines=rows, taxes=taxes, number="H-1", **fields)


def service(start, end, amount="1,200.00"):
    return InvoiceLine(amount=minor(amount), product="support", service_from=start, service_to=end)


def test_invoice_for_what_was_delivered():
    """CRM invoice opened, delivered goods or service: Dr ar; Cr revenue, sales tax payable."""
    (entry,) = book(invoice(*GOODS))
    assert sides(entry) == ["ar Dr 108.00", "revenue[prints] Cr 100.00", "sales-tax-payable[CA] Cr 8.00"]
    assert (entry.lines[0].party, entry.lines[0].memo) == (CUSTOMER, "H-1")


def test_invoice_for_service_over_time():
    """CRM invoice opened, service over time: Dr ar; Cr contract liability; monthly Dr contract liability; Cr revenue."""
    year = invoice(service(date(2026, 3, 1), date(2026, 5, 31), "920.00"), taxes=())
    (entry,) = book(year)
    assert sides(entry) == ["ar Dr 920.00", "contract-liability[support] Cr 920.00"]
    march = recognition_entry(year, Month(2026, 3))
    assert sides(march) == ["contract-liability[support] Dr 310.00", "revenue[support] Cr 310.00"]
    assert march.booked_on == date(2026, 3, 31)


def test_months_of_a_service_sum_to_its_price():
    """1,000.00 over 2026-03-10 to 2026-06-05: 88 days, each month by its days, nothing left over."""
    deal = invoice(service(date(2026, 3, 10), date(2026, 6, 5), "1,000.00"), taxes=())
    months = [recognition_entry(deal, Month(2026, month)) for month in range(2, 9)]
    earned = [entry.total if entry else 0 for entry in months]
    assert earned == [0, 25000, 34090, 35228, 5682, 0, 0]
    assert sum(earned) == minor("1,000.00")


def test_service_before_its_invoice_is_earned_when_invoiced():
    """Invoiced on March 2 for January to March: what January and February earned falls into March."""
    late = invoice(service(date(2026, 1, 1), date(2026, 3, 31), "900.00"), taxes=())
    assert recognition_entry(late, Month(2026, 2)) is None
    assert recognition_entry(late, Month(2026, 3)).total == minor("900.00")
    assert recognition_entry(late, Month(2026, 4)) is None


@pytest.mark.parametrize(
    "line",
    [
        InvoiceLine(amount=100, service_from=MARCH),
        InvoiceLine(amount=100, service_from=MARCH, service_to=date(2026, 3, 1)),
    ],
)
def test_service_time_that_is_none_is_held(line):
    with pytest.raises(Unbookable, match="service time"):
        recognition_entry(invoice(line, taxes=()), Month(2026, 3))


@pytest.mark.parametrize(
    ("into", "account", "line"),
    [
        ("undeposited", "", "undeposited Dr 108.00"),
        ("clearing", "acquirer", "clearing[acquirer] Dr 108.00"),
        ("clearing", "", "clearing[funnel] Dr 108.00"),
        ("bank", "checking", "bank[checking] Dr 108.00"),
        ("deposit", "", "customer-deposits Dr 108.00"),
        ("contract", "", "contract-liability Dr 108.00"),
    ],
)
def test_payment_recorded(into, account, line):
    """CRM payment recorded: Dr undeposited or clearing; Cr ar."""
    applied = (Application(document="H-1", amount=minor("108.00")),)
    paid = fact(
        InvoicePayment, customer=CUSTOMER, amount=minor("108.00"), into=into, account=account, applications=applied
    )
    (entry,) = book(paid)
    assert sides(entry) == [line, "ar Cr 108.00"]
    assert trial(*book(invoice(*GOODS)), entry).get("ar") is None


def test_payout_of_payments_with_their_fee():
    """Payout of CRM payments: Dr bank, fees; Cr clearing."""
    paid = book(fact(InvoicePayment, customer=CUSTOMER, amount=minor("108.00"), into="clearing", fee=minor("3.43")))
    payout = fact(Payout, amount=minor("104.57"), arrives_on=MARCH)
    arrived = payout_arrival(payout, MARCH, provider="funnel", bank="checking")
    assert trial(*paid, *book(payout), arrived) == {"bank": "104.57", "merchant-fees": "3.43", "ar": "-108.00"}


def test_customer_deposit_before_invoice():
    """Customer deposit before invoice: Dr bank; Cr contract liability (customer)."""
    deposit = fact(
        CustomerDeposit, amount=minor("50.00"), customer=CUSTOMER, into="bank", account="checking", held_as="contract"
    )
    (entry,) = book(deposit)
    assert sides(entry) == ["bank[checking] Dr 50.00", "contract-liability Cr 50.00"]
    assert entry.lines[1].party == CUSTOMER


@pytest.mark.parametrize("kind", [CreditNote, InvoiceVoid])
def test_credit_note_and_void_of_an_open_invoice(kind):
    """Credit memo / void of an open invoice: Dr revenue or contract liability, sales tax payable; Cr ar."""
    rows = (*GOODS, service(date(2026, 3, 1), date(2026, 5, 31)))
    amount = minor("1,308.00")
    (entry,) = book(fact(kind, customer=CUSTOMER, amount=amount, lines=rows, taxes=TAXES, invoice="H-1"))
    assert sides(entry) == [
        "revenue[prints] Dr 100.00",
        "contract-liability[support] Dr 1200.00",
        "sales-tax-payable[CA] Dr 8.00",
        "ar Cr 1308.00",
    ]
    assert trial(*book(invoice(*rows)), entry) == {}


def test_refund_after_the_credit_note():
    """Refund: Dr ar (after credit memo); Cr bank / clearing."""
    (by_bank,) = book(fact(InvoicePayment, customer=CUSTOMER, amount=-minor("108.00"), into="bank", account="checking"))
    (by_processor,) = book(fact(Refund, amount=minor("108.00"), settles_credit="C-1", customer=CUSTOMER))
    assert sides(by_bank) == ["bank[checking] Cr 108.00", "ar Dr 108.00"]
    assert sides(by_processor) == ["ar Dr 108.00", "clearing[funnel] Cr 108.00"]


def test_write_off():
    """Write-off: Dr bad debt; Cr ar."""
    assert sides(book(fact(WriteOff, customer=CUSTOMER, amount=minor("108.00"), invoice="H-1"))[0]) == [
        "bad-debt Dr 108.00",
        "ar Cr 108.00",
    ]


def test_won_deal_is_never_revenue():
    """A closed-won deal is not revenue: it proposes an invoice for a person."""
    assert book(fact(WonDeal, customer=CUSTOMER, amount=minor("5,000.00"), lines=GOODS)) == ()


def test_invoice_without_lines_or_with_another_total_is_held():
    with pytest.raises(Unbookable, match="no lines"):
        book(fact(CustomerInvoice, customer=CUSTOMER, amount=100))
    with pytest.raises(Unbookable, match="difference"):
        book(fact(CustomerInvoice, customer=CUSTOMER, amount=100, lines=GOODS))
    applied = (Application(document="H-1", amount=1),)
    with pytest.raises(Unbookable, match="difference"):
        book(fact(InvoicePayment, customer=CUSTOMER, amount=2, applications=applied))
