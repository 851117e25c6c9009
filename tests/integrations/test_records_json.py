"""Facts survive the way into the database and back, whole."""

from __future__ import annotations

import dataclasses
import json
import types
import typing
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations import records
from integrations.errors import PayloadError
from integrations.records import PayItem, PayrollRun, Payslip, Sale
from integrations.records_json import KINDS, from_json, render, render_fact, to_json

st.register_type_strategy(datetime, st.datetimes(timezones=st.just(UTC)))
st.register_type_strategy(Decimal, st.decimals(allow_nan=False, allow_infinity=False, places=8))


def strategy(kind: Any) -> Any:
    """Any record of this kind, with everything it may hold inside."""
    hints = typing.get_type_hints(kind, localns={**vars(records), "date": date, "datetime": datetime})
    return st.builds(kind, **{field.name: _of(hints[field.name]) for field in dataclasses.fields(kind)})


def _of(hint: Any) -> Any:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in {typing.Union, types.UnionType}:
        return st.none() | _of(next(argument for argument in arguments if argument is not type(None)))
    if origin is tuple:
        is_list = arguments[1:] == (Ellipsis,)
        return st.lists(_of(arguments[0]), max_size=2).map(tuple) if is_list else st.tuples(*map(_of, arguments))
    if dataclasses.is_dataclass(hint):
        return strategy(hint)
    if hint is int:
        return st.integers(-(2**62), 2**62)
    return st.text(max_size=12) if hint is str else st.from_type(hint)


def places(value: Any, path: str = "$") -> Iterator[tuple[str, Any, Any]]:
    """Every value that is no object: its path, what holds it and under which name or number."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, held in inner:
        here = f"{path}.{key}" if isinstance(value, dict) else f"{path}[{key}]"
        if not isinstance(held, dict):
            yield here, value, key
        if isinstance(held, (dict, list)):
            yield from places(held, here)


@pytest.mark.parametrize("name", sorted(KINDS))
@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_every_kind_comes_back_equal(name, data):
    record = data.draw(strategy(KINDS[name]))
    assert from_json(name, json.loads(render(record))) == record
    assert from_json(name, json.loads(render_fact(record))) == record


@pytest.mark.parametrize("name", sorted(KINDS))
@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_whatever_is_not_what_its_field_holds_is_refused_by_its_path(name, data):
    said = to_json(data.draw(strategy(KINDS[name])))
    path, holder, key = data.draw(st.sampled_from(list(places(said))))
    holder[key] = {"an": "object"}
    with pytest.raises(PayloadError) as refused:
        from_json(name, said)
    assert refused.value.path == path


def test_a_fact_is_kept_without_what_it_does_not_say():
    sale = Sale(external_id="1", booked_on=date(2026, 3, 4), currency="USD", amount=0, tax=7)
    said = {"external_id": "1", "booked_on": "2026-03-04", "currency": "USD", "amount": 0, "tax": 7}
    assert json.loads(render_fact(sale)) == said, "what has no default is kept, nil too"


def test_nested_records_come_back_as_records():
    slip = Payslip(
        employee_id="7",
        employee="Wren Alder",
        department="Shop",
        net_pay=5,
        earnings=(PayItem(name="Regular", amount=7),),
    )
    day = date(2026, 3, 13)
    run = PayrollRun(
        external_id="r",
        booked_on=day,
        currency="USD",
        period_start=day,
        period_end=day,
        kind="regular",
        payslips=(slip,),
    )
    assert from_json("PayrollRun", to_json(run)) == run


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": "12"}, "amount"),
        ({"amount": True}, "amount"),
        ({"amount": 1.5}, "amount"),
        ({"booked_on": "03/04/2026"}, "booked_on"),
        ({"occurred_at": 7}, "occurred_at"),
        ({"currency": None}, "currency"),
        ({"rate": 1.08}, "rate"),
        ({"rate": "NaN"}, "rate"),
        ({"rate": "one"}, "rate"),
    ],
)
def test_a_value_of_another_type_is_refused_by_name(change, field):
    data = to_json(Sale(external_id="1", booked_on=date(2026, 3, 4), currency="USD", amount=5)) | change
    with pytest.raises(PayloadError, match=field):
        from_json("Sale", data)


def test_a_fact_stored_before_a_field_existed_still_reads():
    old = {"external_id": "1", "booked_on": "2026-03-04", "currency": "EUR", "amount": 5, "tax": 1}
    assert from_json("Sale", old) == Sale(external_id="1", booked_on=date(2026, 3, 4), currency="EUR", amount=5, tax=1)


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({"payslips": 7}, r"\$\.payslips"),
        ({"payslips": [{}]}, r"\$\.payslips\[0\]\.employee_id"),
        ({"payslips": ["x"]}, r"\$\.payslips\[0\]: expected an object"),
    ],
)
def test_a_nested_value_is_refused_by_its_place(data, path):
    day = date(2026, 3, 13)
    run = PayrollRun(
        external_id="r", booked_on=day, currency="USD", period_start=day, period_end=day, kind="regular", payslips=()
    )
    with pytest.raises(PayloadError, match=path):
        from_json("PayrollRun", to_json(run) | data)


def test_a_rate_keeps_every_digit():
    exact = Decimal("0.048773010688674907")
    sale = Sale(external_id="1", booked_on=date(2026, 3, 4), currency="MXN", amount=5, rate=exact)
    assert from_json("Sale", json.loads(render(sale))).rate == exact


def test_a_missing_field_and_an_unknown_kind_are_refused():
    with pytest.raises(PayloadError, match="amount"):
        from_json("Sale", {"external_id": "1", "booked_on": "2026-03-04", "currency": "USD"})
    with pytest.raises(PayloadError, match="not a kind"):
        from_json("Journal", {})
