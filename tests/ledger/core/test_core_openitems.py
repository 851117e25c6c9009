"""Properties of settling and of the cash basis, whatever is billed, paid, credited and reversed in whatever order."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ledger.core.accounts import Account
from ledger.core.basis import Edges, on_cash_basis
from ledger.core.linking import Application
from ledger.core.openitems import UNAPPLIED, Part, Settlement, Touch, aged, shares, summed, touches_of
from ledger.core.period import Month
from ledger.core.statements import Books, trial_balance

FIRST = date(2026, 1, 1)
ACCOUNTS = [
    Account(key="bank", name="Bank", type="asset", is_cash=True),
    Account(key="ar", name="Receivable", type="asset"),
    Account(key="tax", name="Tax", type="liability"),
    Account(key="fees", name="Fees", type="income"),
]
MONEY, EARNINGS = frozenset({"bank"}), frozenset({"fees"})
LAST = Month(2026, 12)


@st.composite
def journals(draw):
    """Entries on receivables: (day, kind, party, document, amount, tax)."""
    count = draw(st.integers(1, 12))
    return [
        (
            FIRST + timedelta(draw(st.integers(0, 330))),
            draw(st.sampled_from(["invoice", "payment", "credit"])),
            draw(st.sampled_from(["Alder", "Birch"])),
            draw(st.sampled_from(["", "A", "B"])),
            draw(st.integers(1, 10_000)),
            draw(st.integers(0, 700)),
        )
        for _ in range(count)
    ]


def entry(number, row):
    """The entry's lines by account and its touch."""
    day, kind, party, document, amount, tax = row
    tax = min(tax, amount - 1)
    sign = 1 if kind == "invoice" else -1
    lines = {"bank": amount} if kind == "payment" else {"fees": -sign * (amount - tax), "tax": -sign * tax}
    touch = Touch(
        entry=number, on=day, side="receivable", account="ar", amount=sign * amount, party=party, document=document
    )
    return {"ar": sign * amount} | {key: raw for key, raw in lines.items() if raw}, touch


def company(rows, applied=()):
    """The accrual books and the settlement of these entries; ``applied``: (payment, documents) by their place in the rows."""
    activity, touches = {}, []
    for number, row in enumerate(rows, 1):
        lines, touch = entry(number, row)
        others = [Part(key, "", raw) for key, raw in lines.items() if key != "ar"]
        touches += touches_of([(touch, lines["ar"])], others, money=MONEY, earnings=EARNINGS)
        month = activity.setdefault(Month.of(row[0]), {})
        for key, raw in lines.items():
            debit, credit = month.get(key, (0, 0))
            month[key] = (debit + max(raw, 0), credit + max(-raw, 0))
    applications = [
        Application(rows[payer][0], payer + 1, tuple((at + 1, amount) for at, amount in documents))
        for payer, documents in applied
    ]
    return Books(accounts=ACCOUNTS, activity=activity), Settlement(touches, applications)


@st.composite
def linked(draw):
    """Entries with what the accounting system says of their payments, whether or not it makes sense."""
    rows = draw(journals())
    places = st.integers(0, len(rows) - 1)
    said = st.lists(st.tuples(places, st.integers(1, 12_000)), min_size=1, max_size=3, unique_by=lambda one: one[0])
    return rows, draw(st.lists(st.tuples(places, said), max_size=4))


@given(linked())
def test_whatever_is_said_of_payments_the_sums_hold(given_):
    rows, applied = given_
    books, settled = company(rows, applied)
    plain = company(rows)[1]
    control = trial_balance(books, LAST).raw().get("ar", 0)
    assert sum(item.left for item in settled.items) == sum(item.left for item in plain.items) == control
    assert all(
        0 <= item.left * (1 if item.touch.amount > 0 else -1) <= abs(item.touch.amount) for item in settled.items
    )
    cash = on_cash_basis(books, summed(settled.adjustments))
    for month in Month(2026, 1).through(LAST):
        found = trial_balance(cash, month)
        assert (found.difference, found.raw().get("ar", 0)) == (0, 0)


@given(st.lists(st.integers(1, 9_999), min_size=1, max_size=6), st.randoms())
def test_each_payment_that_names_its_invoice_settles_just_that(amounts, random):
    """Invoices of one customer, paid in any order, each payment linked to its own: every one is settled by its own."""
    order = random.sample(range(len(amounts)), len(amounts))
    bills = [(FIRST, "invoice", "Alder", "", amount, 0) for amount in amounts]
    paid = [(FIRST + timedelta(1 + at), "payment", "Alder", "", amounts[of], 0) for at, of in enumerate(order)]
    applied = [(len(amounts) + at, [(of, amounts[of])]) for at, of in enumerate(order)]
    _books, settled = company(bills + paid, applied)
    assert settled.open() == []
    assert {
        item.touch.entry: [against.touch.entry for against, _part in item.settled]
        for item in settled.items[: len(amounts)]
    } == {of + 1: [len(amounts) + at + 1] for at, of in enumerate(order)}


@given(journals())
def test_what_the_cash_basis_moves_balances_every_day(rows):
    _books, settled = company(rows)
    by_day = {}
    for one in settled.adjustments:
        by_day[one.on] = by_day.get(one.on, 0) + one.raw
    assert set(by_day.values()) <= {0}


@given(journals())
def test_the_cash_basis_never_owes_and_never_moves_the_bank(rows):
    """Receivables are nil at each month's end, and money is the same on both bases."""
    books, settled = company(rows)
    cash = on_cash_basis(books, summed(settled.adjustments))
    for month in Month(2026, 1).through(LAST):
        accrual, found = trial_balance(books, month), trial_balance(cash, month)
        assert found.difference == 0
        assert found.raw().get("ar", 0) == 0
        assert found.raw().get("bank", 0) == accrual.raw().get("bank", 0)


@given(journals())
def test_what_is_open_is_the_control_account(rows):
    books, settled = company(rows)
    control = trial_balance(books, LAST).raw().get("ar", 0)
    assert sum(item.left for item in settled.items) == control
    assert sum(row.total for row in aged(settled.items, LAST.last)) == control


@given(journals())
def test_once_all_is_settled_both_bases_agree(rows):
    """A last payment or invoice of each party settles what is open; then nothing is unapplied or put off."""
    _books, settled = company(rows)
    for party in ("Alder", "Birch"):
        left = sum(item.left for item in settled.items if item.touch.party == party)
        if left:
            kind = "payment" if left > 0 else "invoice"
            rows = [*rows, (LAST.last, kind, party, "", abs(left), 0)]
    books, settled = company(rows)
    cash = on_cash_basis(books, settled.adjustments)
    assert settled.open() == []
    assert trial_balance(cash, LAST).raw() == trial_balance(books, LAST).raw()
    assert UNAPPLIED["receivable"].key not in trial_balance(cash, LAST).raw()


@given(journals(), st.randoms())
def test_the_order_in_which_entries_are_told_does_not_matter(rows, random):
    """Entries of different days: what is open and what is counted depend on the days alone."""
    rows = [(FIRST + timedelta(at), *row[1:]) for at, row in enumerate(rows)]
    _books, straight = company(rows)
    touches = [item.touch for item in straight.items]
    random.shuffle(touches)
    shuffled = Settlement(touches)
    assert summed(shuffled.adjustments) == summed(straight.adjustments)


@given(journals())
def test_an_entry_and_its_reversal_leave_nothing(rows):
    _books, settled = company(rows)
    reversals = [
        Touch(
            entry=1000 + item.touch.entry,
            on=LAST.last,
            side="receivable",
            account="ar",
            amount=-item.touch.amount,
            party=item.touch.party,
            reverses=item.touch.entry,
            is_money=item.touch.is_money,
            against=tuple(part._replace(raw=-part.raw) for part in item.touch.against),
        )
        for item in settled.items
    ]
    both = Settlement([*(item.touch for item in settled.items), *reversals])
    sums = {}
    for one in both.adjustments:
        sums[one.account] = sums.get(one.account, 0) + one.raw
    assert sum(item.left for item in both.items) == 0
    assert sum(sums.values()) == 0


@given(
    st.lists(st.integers(-500, 500), min_size=1, max_size=5), st.lists(st.integers(-900, 900), min_size=1, max_size=4)
)
def test_shares_come_to_their_lines_and_to_their_touches(amounts, others):
    others[-1] -= sum(others) + sum(amounts)
    parts = [Part(str(place), "", raw) for place, raw in enumerate(others)]
    split = shares(parts, amounts)
    if sum(amounts):
        for amount, share in zip(amounts, split, strict=True):
            assert sum(part.raw for part in share) == -amount


@given(st.lists(st.dates(FIRST, date(2026, 12, 31)), max_size=6), st.dates(FIRST, date(2026, 12, 31)))
def test_every_day_falls_into_one_part_of_its_month(edges, day):
    place = Edges(edges).place(day)
    if isinstance(place, Month):
        assert day in place
    else:
        assert day <= place
        assert not any(day <= edge < place for edge in edges if edge.month == day.month)
