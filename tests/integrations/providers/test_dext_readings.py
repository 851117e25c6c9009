"""Dext's exported items read as facts and journals, and the traps of documents read off pictures."""

from __future__ import annotations

import copy
import csv
import io
import json
from dataclasses import replace
from datetime import date

import pytest
from jsonschema import Draft202012Validator

from integrations import tables
from integrations.errors import PayloadError
from integrations.payload import Payload
from integrations.providers.dext.provider import PROVIDER
from integrations.records import BillPayment, CardPurchase, Skipped, Unknown, VendorBill, VendorCredit
from integrations.sandbox.dext.exports import exports
from integrations.sandbox.world import build_world
from ledger.core.rules import Unbookable, drafts
from tests.integrations.contract import (
    CONTEXT,
    CONTRACTS,
    fixture_objects,
    read,
    result_table,
)
from tests.integrations.providers.test_dext import FILE, HEADER

(ITEMS,) = PROVIDER.streams
(ARCHIVE,) = PROVIDER.files


def item(index=0, **changed):
    return copy.deepcopy(fixture_objects(PROVIDER, ITEMS)[index]) | changed


def lines(raw, context=CONTEXT):
    """(role, key, debit − credit) of the entries an item makes."""
    facts = read(ITEMS, raw, context)
    made = [entry for fact in facts for entry in drafts(fact, provider="dext", category="expenses")]
    return sorted((line.role, line.key, line.debit - line.credit) for entry in made for line in entry.lines)


def brought(content):
    table = tables.find(content, "export.csv", ARCHIVE.recognise)
    assert table is not None
    return list(ARCHIVE.objects(table))


# ---- what each road means --------------------------------------------------------------------------------------------------


def test_a_published_bill_is_owed_and_its_sales_tax_is_part_of_the_cost():
    assert lines(item()) == [("ap", "", -108000), ("expense", "Supplies", 108000)]
    (bill,) = read(ITEMS, item())
    assert (bill.vendor, bill.number, bill.due_on) == ("Northline Supply", "INV-101", date(2026, 3, 31))
    assert bill.support[0].url == "https://files.example.com/dx-1.pdf"


def test_tax_that_comes_back_is_kept_apart_where_money_is_not_dollars():
    home = replace(CONTEXT, home_currency="GBP")
    assert lines(item(currency="GBP"), home) == [
        ("ap", "", -108000),
        ("expense", "Supplies", 100000),
        ("input-tax", "", 8000),
    ]


def test_cash_and_cheque_are_a_bill_and_its_payment_from_the_named_account():
    assert lines(item(2)) == [
        ("ap", "", -31000),
        ("ap", "", 31000),
        ("bank", "Checking", -31000),
        ("expense", "Supplies", 31000),
    ]


def test_a_card_item_is_split_by_its_lines_and_a_refund_is_negative():
    assert lines(item(3)) == [
        ("card", "Business Visa", -7525),
        ("expense", "Repairs", 1500),
        ("expense", "Travel", 6025),
    ]
    (bought,) = read(ITEMS, item(3))
    assert [(split.department, split.klass) for split in bought.splits] == [("Field", ""), ("", "Parks")]
    assert lines(item(4)) == [("card", "Business Visa", 2000), ("expense", "Supplies", -2000)]


@pytest.mark.parametrize("total", ["64.99", "-64.99"])
def test_a_credit_note_lowers_what_is_owed_whatever_its_sign(total):
    assert lines(item(5, totalAmount=total)) == [("ap", "", 6499), ("expense", "Supplies", -6499)]


# ---- traps -----------------------------------------------------------------------------------------------------------------


def test_a_day_and_month_that_changed_places_are_noticed():
    (early,), (future,) = read(ITEMS, item(10)), read(ITEMS, item(11))
    assert "due before" in early.what
    assert "after the day it was read" in future.what
    assert isinstance(read(ITEMS, item(documentDate="2026-04-01", dueDate="2026-04-01"))[0], VendorBill)


def test_parts_that_do_not_come_to_the_total_hold_the_item():
    with pytest.raises(Unbookable):
        lines(item(netAmount="999.99"))


def test_two_copies_of_one_invoice_are_two_facts_with_what_tells_a_double():
    """Vendor, number and amount are there; deciding is the ledger's."""
    (one,), (two,) = read(ITEMS, item()), read(ITEMS, item(itemId="dx-99"))
    assert one.external_id != two.external_id
    assert (one.vendor, one.number, one.amount) == (two.vendor, two.number, two.amount)


def test_an_item_without_an_id_is_known_by_what_it_says():
    named = item(itemId=None)
    assert ITEMS.identify(Payload.of(named)) == ITEMS.identify(Payload.of(named | {"category": "Other"}))
    assert ITEMS.identify(Payload.of(named)) != ITEMS.identify(Payload.of(named | {"totalAmount": "1.00"}))


def test_yen_have_no_decimals_and_too_many_are_refused():
    yen = item(currency="JPY", totalAmount="1080", netAmount="1000", taxAmount="80")
    assert read(ITEMS, yen)[0].amount == 1080
    with pytest.raises(PayloadError, match="totalAmount"):
        read(ITEMS, item(currency="JPY", totalAmount="10.80"))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("dx-1,INV-1,Invoice,13/03/2026,,S,C,USD,,,5.00,,No,Bill,,,,", "line 2, Date"),
        ("dx-1,INV-1,Invoice,03/03/2026,,S,C,USD,,,5.00,,perhaps,Bill,,,,", "line 2, Paid"),
        ("dx-1,INV-1,Invoice,03/03/2026,,S,C,USD,,,five,,No,Bill,,,,", "line 2, Total Amount"),
        ("dx-1,INV-1,Invoice,03/03/2026,,,C,USD,,,5.00,,No,Bill,,,,", "line 2, Supplier"),
    ],
)
def test_a_cell_that_cannot_be_read_is_named_by_line_and_column(row, said):
    with pytest.raises(PayloadError, match=said):
        brought(HEADER.encode() + row.encode())


def test_an_item_twice_without_lines_or_with_two_totals_is_named():
    row = "dx-1,INV-1,Invoice,03/03/2026,,S,C,USD,,,{},,No,Bill,,,{},\n"
    with pytest.raises(PayloadError, match="line 3, Document Reference"):
        brought((HEADER + row.format("5.00", "") * 2).encode())
    with pytest.raises(PayloadError, match="line 3, Total Amount"):
        brought((HEADER + row.format("5.00", "5.00") + row.format("6.00", "1.00")).encode())


# ---- the contract, the story, and strangers --------------------------------------------------------------------------------


def schema():
    return json.loads((CONTRACTS / "dext/dext-published-item.schema.json").read_bytes())


@pytest.mark.contracts
def test_there_is_no_published_sample_to_read():
    assert result_table(PROVIDER) == {}


@pytest.mark.contracts
def test_our_pages_and_files_are_as_the_contract_says():
    valid = Draft202012Validator(schema())
    for raw in [*fixture_objects(PROVIDER, ITEMS), *brought(FILE)]:
        assert [error.message for error in valid.iter_errors(raw)] == []


@pytest.mark.contracts
def test_every_value_the_contract_lists_is_read_or_put_before_a_person():
    said = schema()["properties"]
    kinds = {kind: type(read(ITEMS, item(12, documentType=kind))[0]) for kind in said["documentType"]["enum"]}
    assert kinds == {
        "receipt": Unknown,
        "invoice": VendorBill,
        "credit note": VendorCredit,
        "statement": Skipped,
        "expense report": VendorBill,
    }
    roads = {road: {type(fact) for fact in read(ITEMS, item(publishTo=road))} for road in said["publishTo"]["enum"]}
    assert roads == {
        "Bill": {VendorBill},
        "Cash": {VendorBill, BillPayment},
        "Cheque": {VendorBill, BillPayment},
        "Credit card": {CardPurchase},
        "Credit note": {Unknown},
    }


@pytest.fixture(scope="module")
def world():
    return build_world(7)


def test_the_storys_export_is_read_whole_and_comes_to_what_it_holds(world):
    company = world.company("osprey")
    (content,) = exports(company).values()
    facts = [fact for raw in brought(content) for fact in read(ITEMS, raw, replace(CONTEXT, as_of=date(2026, 4, 6)))]
    assert {type(fact) for fact in facts} == {VendorBill, BillPayment, CardPurchase, VendorCredit}
    printed = list(csv.DictReader(io.StringIO(content.decode())))
    assert len(printed) == len(company.told["dext"].data.items) > 100
    charged = -sum(
        fact.amount for fact in facts if isinstance(fact, CardPurchase) and fact.booked_on <= date(2026, 3, 31)
    )
    assert charged == company.told["dext"].balances[-1].amount_minor
