"""Any record of a kind, parts and all, made from its type hints; and records whose parts come to their amount."""

from __future__ import annotations

import dataclasses
import typing
from datetime import UTC, date, datetime
from decimal import Decimal

from hypothesis import strategies as st

from integrations import records
from integrations.records_json import KINDS

NAMES = {**vars(records), "date": date, "datetime": datetime}
CENTS = st.integers(-(10**7), 10**7)
WORDS = st.sampled_from(["", "a", "CA", "coffee"])
PLAIN = {
    int: CENTS,
    str: WORDS,
    bool: st.booleans(),
    date: st.dates(date(2025, 1, 1), date(2027, 12, 31)),
    datetime: st.datetimes(datetime(2025, 1, 1), datetime(2027, 12, 31), timezones=st.just(UTC)),
    Decimal: st.decimals("0.0001", "9999", places=6),
}


def any_record(name, **fixed):
    """A record of the kind called ``name`` with some of its fields given."""
    return _any(KINDS[name], {"currency": st.sampled_from(["USD", "EUR", "JPY"]), **fixed})


def _any(kind, fixed):
    hints = typing.get_type_hints(kind, localns=NAMES)
    return st.builds(kind, **({name: _of(hint) for name, hint in hints.items()} | fixed))


def _of(hint):
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return st.sampled_from(arguments)
    if origin is tuple:
        if arguments[1:] == (Ellipsis,):
            return st.lists(_of(arguments[0]), max_size=2).map(tuple)
        return st.tuples(*map(_of, arguments))
    if arguments:
        (inner,) = [one for one in arguments if one is not type(None)]
        return st.none() | _of(inner)
    return _any(hint, {}) if dataclasses.is_dataclass(hint) else PLAIN[hint]


def negated(value, *kept):
    """The value with the sign of every amount in it turned; fields named in ``kept`` stay."""
    if isinstance(value, tuple):
        return tuple(negated(one) for one in value)
    if not dataclasses.is_dataclass(value):
        return -value if isinstance(value, int) and not isinstance(value, bool) else value
    fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    return type(value)(**{name: field if name in kept else negated(field) for name, field in fields.items()})


COMMON = {"external_id": st.uuids().map(str), "booked_on": PLAIN[date], "currency": st.just("USD")}


def _part(kind, /, **fields):
    return st.lists(st.builds(kind, **{"amount": CENTS, **fields}), max_size=3).map(tuple)


TAXES = _part(records.Tax, jurisdiction=WORDS, collected_by_marketplace=st.booleans())
SPLITS = _part(
    records.ExpenseSplit, tax=CENTS, category=WORDS, kind=st.sampled_from(["expense", "prepaid", "asset", "personal"])
)
_KINDS = ["processor", "cash", "gift_card", "store_credit", "on_account", "deposit"]


@st.composite
def tenders(draw, amount):
    """None, or some that sum to the amount."""
    parts = draw(st.lists(CENTS, max_size=2))
    whole = [*parts, amount - sum(parts)] if draw(st.booleans()) else []
    return tuple(
        records.Tender(kind=draw(st.sampled_from(_KINDS)), amount=part, name=draw(st.sampled_from(["", "acquirer"])))
        for part in whole
    )


@st.composite
def orders(draw, kind=records.Order):
    goods = draw(_part(records.Goods, product=WORDS, discount=CENTS))
    taxes = draw(TAXES)
    sold = {name: draw(CENTS) for name in ("discount", "shipping", "tip", "duties", "gift_cards_sold")}
    rounding = draw(st.integers(-50, 50))
    own = sum(tax.amount for tax in taxes if not tax.collected_by_marketplace)
    amount = (
        sum(one.amount - one.discount for one in goods) + sum(sold.values()) - 2 * sold["discount"] + own + rounding
    )
    return kind(
        **{name: draw(strategy) for name, strategy in COMMON.items()}, amount=amount, goods=goods, taxes=taxes,
        rounding=rounding, tenders=draw(tenders(amount)), fees=draw(_part(records.Fee, tax=CENTS, category=WORDS)), **sold,
    )  # fmt: skip


@st.composite
def sales(draw):
    amount, taxes = draw(CENTS), draw(TAXES)
    return records.Sale(
        **{name: draw(strategy) for name, strategy in COMMON.items()}, amount=amount, taxes=taxes, tenders=draw(tenders(amount)),
        fee=draw(CENTS), fee_tax=draw(CENTS), gift_cards_sold=draw(CENTS), discount=draw(CENTS),
    )  # fmt: skip


@st.composite
def purchases(draw, kind=records.VendorBill, **fields):
    splits = draw(SPLITS)
    amount = sum(split.amount + split.tax for split in splits) if splits else draw(CENTS)
    common = {name: draw(strategy) for name, strategy in COMMON.items()}
    return kind(**common, amount=amount, splits=splits, **fields)


@st.composite
def invoices(draw, kind=records.CustomerInvoice):
    lines, taxes = draw(_part(records.InvoiceLine, product=WORDS).filter(bool)), draw(TAXES)
    amount = sum(line.amount for line in lines) + sum(tax.amount for tax in taxes if not tax.collected_by_marketplace)
    common = {name: draw(strategy) for name, strategy in COMMON.items()}
    return kind(**common, customer="Harbour Museum", amount=amount, lines=lines, taxes=taxes)


def simple(kind, /, **fields):
    return st.builds(kind, **COMMON, amount=CENTS, **fields)


#: Records that agree with themselves: each must be booked, and its negative must undo it.
CONSISTENT = st.one_of(
    orders(),
    orders(records.OrderRefund),
    sales(),
    purchases(vendor="Northline"),
    purchases(records.VendorCredit, vendor="Northline"),
    purchases(records.CardPurchase, program="blue"),
    invoices(),
    invoices(records.CreditNote),
    invoices(records.InvoiceVoid),
    simple(records.BillPayment, vendor=WORDS, discount=CENTS, stage=st.sampled_from(["sent", "voided", "failed", "stopped"])),
    simple(records.CustomerPayment, customer=WORDS),
    simple(records.InvoicePayment, customer=WORDS, fee=CENTS),
    simple(records.ServiceFee, tax=CENTS, category=WORDS),
    simple(records.Reimbursement, employee=WORDS, through=st.sampled_from(["tool", "payroll"])),
    simple(records.Cashback, program=WORDS),
    simple(records.WriteOff, customer=WORDS),
    simple(records.SettlementDifference, side=st.sampled_from(["receivable", "payable"])),
    simple(records.BalancePurchase, tax=CENTS),
    simple(records.BalanceFunding, funded_by=st.sampled_from(["card", "bank"])),
    simple(records.OwnTransfer, to=st.sampled_from(["bank", "in_transit", "payroll", "card", "gift_cards"])),
    simple(records.CustomerDeposit, into=st.sampled_from(["clearing", "undeposited", "bank"])),
    simple(records.CashMovement, kind=st.sampled_from(["banked", "spent"])),
    simple(records.LoanMovement, fee=CENTS),
)  # fmt: skip
