"""The vocabulary as a whole: every kind of fact is booked, held by name or evidence; nothing breaks, everything balances."""

from __future__ import annotations

import json
import typing
from collections import Counter
from datetime import date
from decimal import Decimal

import pytest
from anything import CONSISTENT, NAMES, any_record, negated
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations.money import exponent
from integrations.records import Order, OrderRefund
from integrations.records_json import KINDS, from_json, render
from ledger.core.currency import home_value, in_home
from ledger.core.entry import DraftEntry, credit, debit, merge, reversal
from ledger.core.rules import EVIDENCE, Unbookable, drafts

ON = date(2026, 3, 31)
FEW = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
CHOICES = [
    (name, field, value)
    for name, kind in sorted(KINDS.items())
    for field, hint in typing.get_type_hints(kind, localns=NAMES).items()
    if typing.get_origin(hint) is typing.Literal
    for value in typing.get_args(hint)
]


def by_place(*entries):
    """What entries leave on each role and key; places at nil are left out."""
    sums = Counter()
    for entry in entries:
        for line in entry.lines:
            sums[line.role, line.key, line.party] += line.debit - line.credit
    return {place: amount for place, amount in sums.items() if amount}


def book(record):
    return drafts(record, provider="till", category="commerce", home="USD")


def outcome(record):
    """The entries it makes, or what it is held for; any other failure is the test's."""
    try:
        return book(record), ""
    except Unbookable as problem:
        return (), f"held: {problem.what} ({problem.cause})"


@pytest.mark.parametrize("name", sorted(KINDS))
@FEW
@given(data=st.data())
def test_any_record_is_booked_in_home_currency_or_held_by_name(name, data):
    record = data.draw(any_record(name))
    made, held = outcome(record)
    assert not (made and held)
    assert not (isinstance(record, EVIDENCE) and (made or held))
    for entry in made:
        assert entry.currency == "USD"
        assert sum(line.debit for line in entry.lines) == sum(line.credit for line in entry.lines) > 0
        assert by_place(entry, reversal(entry, ON)) == {}


@pytest.mark.parametrize("name", sorted(KINDS))
@FEW
@given(data=st.data())
def test_any_record_comes_back_from_json_with_all_its_parts(name, data):
    record = data.draw(any_record(name))
    assert from_json(name, json.loads(render(record))) == record


@pytest.mark.parametrize(("name", "field", "value"), CHOICES)
@settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_every_choice_a_record_offers_has_a_rule(name, field, value, data):
    record = data.draw(any_record(name, **{field: st.just(value), "rate": st.just(Decimal("1.5"))}))
    made, held = outcome(record)
    assert "no rule" not in held
    assert {entry.currency for entry in made} <= {"USD"}


@given(CONSISTENT)
def test_what_agrees_with_itself_is_booked_and_its_negative_undoes_it(record):
    assert by_place(*book(record), *book(negated(record))) == {}


@given(CONSISTENT, st.decimals("0.01", "200", places=5))
def test_a_foreign_record_is_the_same_entry_at_its_rate(record, rate):
    own = book(record)
    foreign = negated(negated(record))
    foreign = type(record)(
        **{name: getattr(foreign, name) for name in foreign.__dataclass_fields__ if name not in ("currency", "rate")},
        currency="EUR",
        rate=rate,
    )
    made = book(foreign)
    assert len(made) <= len(own)
    for before, after in zip(own, made, strict=False):
        kept = [line for line in after.lines if line.foreign]
        assert len(kept) == len(after.lines)
        assert Counter(line.foreign.amount for line in kept) <= Counter(
            line.debit or line.credit for line in before.lines
        )
        assert after.total == home_value(before.total, "EUR", "USD", rate)


LINES = st.lists(st.integers(1, 10**9), min_size=1, max_size=12)


@given(LINES, st.data(), st.sampled_from(["EUR", "JPY", "KWD"]), st.decimals("0.0001", "400", places=6))
def test_conversion_keeps_each_line_near_its_worth_and_each_side_at_the_total(amounts, data, currency, rate):
    """Only the largest line of a side bears what rounding leaves: at most half a unit for each line."""
    cuts = sorted(data.draw(st.lists(st.integers(0, sum(amounts)), max_size=5)))
    parts = [b - a for a, b in zip([0, *cuts], [*cuts, sum(amounts)], strict=True) if b > a]
    lines = [line for amount in amounts for line in debit("expense", amount)]
    lines += [line for amount in parts for line in credit("bank", amount)]
    entry = DraftEntry("test", ON, "", tuple(lines), currency)
    made = in_home(entry, "USD", rate)
    total = home_value(entry.total, currency, "USD", rate)
    assert (made.total if made else 0) == total
    for line in made.lines if made else ():
        scale = exponent("USD") - exponent(currency)
        exact = (Decimal(line.foreign.amount) * rate).scaleb(scale)
        assert abs((line.debit or line.credit) - exact) <= len(lines) / 2 + 1


def test_nothing_is_left_of_an_amount_worth_less_than_half_a_unit():
    entry = DraftEntry("test", ON, "", (*debit("expense", 1), *credit("bank", 1)), "JPY")
    assert in_home(entry, "KWD", Decimal("0.0000001")) is None


def test_many_lines_of_one_unit_share_what_none_can_bear():
    """Seven lines of 0.01 at 0.6 are worth 0.04 together: none of them turns negative."""
    lines = (*[line for _ in range(7) for line in debit("expense", 1)], *credit("bank", 7))
    made = in_home(DraftEntry("test", ON, "", lines, "EUR"), "USD", Decimal("0.6"))
    assert sorted(line.debit for line in made.lines if line.debit) == [1, 1, 1, 1]


def test_converted_lines_are_not_summed_again():
    entry = in_home(DraftEntry("t", ON, "", (*debit("bank", 5), *credit("ar", 5)), "EUR"), "USD", Decimal(2))
    assert merge([*entry.lines, *entry.lines]) == (*entry.lines, *entry.lines)


@pytest.mark.parametrize("kind", [Order, OrderRefund])
def test_a_foreign_fact_without_a_rate_names_what_is_missing(kind):
    from integrations.records import Goods

    record = kind(external_id="x", booked_on=ON, currency="EUR", amount=5, goods=(Goods(amount=5),))
    with pytest.raises(Unbookable, match="EUR needs an exchange rate to USD") as held:
        book(record)
    assert held.value.cause == "currency EUR"
