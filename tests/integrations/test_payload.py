"""A provider's JSON is read by type; what it does not say is named by the path of its field."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.errors import PayloadError
from integrations.money import MOST_MINOR
from integrations.payload import Payload, parse_json, render_json
from integrations.storing import prepare

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-MOST_MINOR, MOST_MINOR) | st.text()
    | st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**15), max_value=10**15, places=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


def said(body: bytes) -> Payload:
    return Payload.of(parse_json(body))


def test_an_amount_beyond_the_database_is_refused_by_its_field():
    payload = said(b'{"lines": [{"amount": 92233720368547758.08}]}')
    (line,) = payload.objects("lines")
    with pytest.raises(PayloadError, match="more than a ledger line holds") as refused:
        line.minor("amount", "USD")
    assert refused.value.path == "$.lines[0].amount"


@pytest.mark.parametrize("amount", [b"9223372036854775808", b"-9223372036854775808", b"1" + b"0" * 40])
def test_minor_units_beyond_the_database_are_refused_by_their_field(amount):
    with pytest.raises(PayloadError, match=r"\$\.amount: is more than"):
        said(b'{"amount": %s}' % amount).integer("amount")


@pytest.mark.parametrize("amount", [b"1e999999999", b"-1e999999999", b"1e-999999999", b'"1e999999999"'])
def test_an_amount_that_would_fill_the_memory_is_refused_by_its_field(amount):
    with pytest.raises(PayloadError, match=r"\$\.amount: .* is not an amount"):
        said(b'{"amount": %s}' % amount).minor("amount", "USD")


@pytest.mark.parametrize("amount", [b"true", b"[]", b'"12,50"', b'"NaN"', b"null"])
def test_what_is_no_amount_is_refused_by_its_field(amount):
    with pytest.raises(PayloadError, match=r"\$\.amount"):
        said(b'{"amount": %s}' % amount).minor("amount", "USD")


def test_an_amount_is_exactly_what_was_written():
    assert said(b'{"amount": 0.1}').minor("amount", "USD") == 10
    assert said(b'{"amount": 1.10}').decimal("amount").as_tuple() == Decimal("1.10").as_tuple()


@pytest.mark.parametrize("number", ["1e999999999", "-1e999999999", "1e-999999999", "NaN"])
def test_a_number_that_cannot_be_written_out_says_so(number):
    with pytest.raises(TypeError, match="cannot be written out as a number"):
        render_json({"amount": Decimal(number)})


def test_what_has_no_place_in_json_says_what_it_is():
    with pytest.raises(TypeError, match="set has no place"):
        render_json({"tags": {1}})


def test_an_object_with_such_a_number_is_kept_and_held_and_stops_no_other():
    page = parse_json(b'[{"id": "a", "amount": 1e999999999}, {"id": "b", "amount": 5}]')
    first, second = prepare(page, lambda payload: payload.text("id"))
    assert b"1E+999999999" in first.body
    assert (first.problem, second.problem) == ("", "")
    with pytest.raises(PayloadError, match=r"\$\.amount"):
        first.payload.minor("amount", "USD")


@given(value=JSON)
def test_json_comes_back_as_it_was(value):
    assert parse_json(render_json(value)) == value


@given(value=st.dictionaries(st.text(), st.integers(0, 9)))
def test_equal_objects_give_equal_bytes_whatever_the_order_of_their_keys(value):
    assert render_json(dict(reversed(value.items()))) == render_json(value)


@pytest.mark.parametrize("body", [b"<a/>", b"NaN", b"{", b"[" * 100_000, b'{"a": Infinity}'])
def test_what_is_no_json_is_refused_at_the_root(body):
    with pytest.raises(PayloadError) as refused:
        parse_json(body)
    assert refused.value.path == "$"


@pytest.mark.parametrize(
    ("read", "value"),
    [
        ("text", b"5"),
        ("integer", b'"5"'),
        ("integer", b"5.0"),
        ("flag", b"1"),
        ("day", b'"03/04/2026"'),
        ("instant", b'"2026-03-04T10:00:00"'),
        ("epoch", b"99999999999999"),
        ("object", b"[]"),
    ],
)
def test_a_value_of_another_type_is_refused_by_its_field(read, value):
    with pytest.raises(PayloadError) as refused:
        getattr(said(b'{"field": %s}' % value), read)("field")
    assert refused.value.path == "$.field"
