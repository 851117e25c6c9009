"""Facts survive the way into the database and back, whole."""

from __future__ import annotations

import json
import typing
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations import records
from integrations.errors import PayloadError
from integrations.records import PayItem, PayrollRun, Payslip, Sale
from integrations.records_json import KINDS, from_json, render, to_json

st.register_type_strategy(datetime, st.datetimes(timezones=st.just(UTC)))


def strategy(name: str) -> Any:
    """Any record of this kind; nested parts are left out (they have their own test)."""
    hints = typing.get_type_hints(KINDS[name], localns={**vars(records), "date": date, "datetime": datetime})
    plain = {int: st.integers(-(2**62), 2**62), str: st.text(max_size=12)}
    fields = {
        field: st.just(()) if typing.get_origin(hint) is tuple else plain.get(hint, _other(hint))
        for field, hint in hints.items()
    }
    return st.builds(KINDS[name], **fields)


def _other(hint: Any) -> Any:
    return st.none() | st.integers(-(2**62), 2**62) if hint == int | None else st.from_type(hint)


@pytest.mark.parametrize("name", sorted(KINDS))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_every_kind_comes_back_equal(name, data):
    record = data.draw(strategy(name))
    assert from_json(name, json.loads(render(record))) == record


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
    ],
)
def test_a_value_of_another_type_is_refused_by_name(change, field):
    data = to_json(Sale(external_id="1", booked_on=date(2026, 3, 4), currency="USD", amount=5)) | change
    with pytest.raises(PayloadError, match=field):
        from_json("Sale", data)


def test_a_missing_field_and_an_unknown_kind_are_refused():
    with pytest.raises(PayloadError, match="amount"):
        from_json("Sale", {"external_id": "1", "booked_on": "2026-03-04", "currency": "USD"})
    with pytest.raises(PayloadError, match="not a kind"):
        from_json("Journal", {})
