"""Salesforce's objects read as facts and journals, and every trap of its documentation."""

from __future__ import annotations

import copy
import json
from datetime import date
from functools import cache
from pathlib import Path

import pytest

from integrations.errors import PayloadError
from integrations.payload import Payload
from integrations.providers.salesforce import wire
from integrations.providers.salesforce.objects import STREAMS as THINGS
from integrations.providers.salesforce.provider import PROVIDER
from integrations.records import Application, Skipped, Unknown, WonDeal
from ledger.core.rules import Unbookable, drafts
from tests.integrations.contract import (
    CONTRACTS,
    fixture_objects,
    read,
    result_table,
)

STREAMS = {stream.name: stream for stream in PROVIDER.streams}


@cache
def objects(name):
    return fixture_objects(PROVIDER, STREAMS[name])


def page(name, index=0):
    return copy.deepcopy(objects(name)[index])


def facts(name, raw):
    return read(STREAMS[name], raw)


def booked(found):
    return [entry for fact in found for entry in drafts(fact, provider="salesforce", category="crm", home="USD")]


def lines(name, raw):
    """(role, key, debit − credit) of the entries a thing makes."""
    return sorted(
        (line.role, line.key, line.debit - line.credit) for one in booked(facts(name, raw)) for line in one.lines
    )


# ---- what is owed and paid -----------------------------------------------------------------------------------------------


def test_an_invoice_is_income_by_product_with_its_adjustments_and_the_tax_of_the_whole():
    assert lines("invoices", page("invoices")) == [
        ("ar", "", 108000),
        ("revenue", "STUDY", -60000),
        ("revenue", "STUDY", 5000),
        ("revenue", "Site restoration", -45000),
        ("sales-tax-payable", "", -8000),
    ]
    assert lines("invoices", page("invoices", 6)) == [
        ("ar", "", 21600),
        ("revenue", "STUDY", -20000),
        ("sales-tax-payable", "", -1600),
    ]


def test_a_service_over_time_is_owed_until_it_is_given_and_one_of_a_day_is_earned():
    assert lines("invoices", page("invoices", 1)) == [("ar", "", 120000), ("contract-liability", "STUDY", -120000)]
    (line,) = facts("invoices", page("invoices", 1))[0].lines
    assert (line.service_from, line.service_to) == (date(2026, 4, 1), date(2027, 3, 31))
    raw = page("invoices", 1)
    raw["lines"][0]["InvoiceLineEndDate"] = "2026-03-31"
    with pytest.raises(PayloadError, match="InvoiceLineEndDate: ends before"):
        facts("invoices", raw)


def test_a_voided_invoice_stands_and_its_credit_memo_takes_it_back():
    invoice, memo = page("invoices", 3), page("credit_memos")
    memo |= {"SourceAction": "VoidPostedInvoice", "TotalAmountWithTax": "250.5", "TotalTaxAmount": 0}
    memo["lines"][0]["LineAmount"] = "250.5"
    assert sum(size for role, _, size in lines("invoices", invoice) + lines("credit_memos", memo) if role == "ar") == 0


def test_a_credit_memo_takes_back_income_and_tax_and_a_write_off_is_a_loss():
    assert lines("credit_memos", page("credit_memos")) == [
        ("ar", "", -10800),
        ("revenue", "STUDY", 10000),
        ("sales-tax-payable", "", 800),
    ]
    assert lines("credit_memos", page("credit_memos", 1)) == [("ar", "", -7500), ("bad-debt", "", 7500)]


def test_a_payment_is_booked_where_its_money_is_by_what_it_was_applied_to():
    assert lines("payments", page("payments")) == [("ar", "", -108000), ("undeposited", "", 108000)]
    assert lines("payments", page("payments", 1)) == [
        ("ar", "", -20000),
        ("clearing", "stripe", 20000),
    ]
    # What was taken back and applied anew counts once; what is left is the customer's.
    assert facts("payments", page("payments"))[0].applications == (
        Application(document="3ttdM0000000001QAA", amount=108000),
    )
    assert [one.document[:3] for one in facts("payments", page("payments", 1))[0].applications] == ["3tt", "3tt", ""]
    assert lines("refunds", page("refunds")) == [("ar", "", 10800), ("undeposited", "", -10800)]


def test_an_application_that_does_not_fit_leaves_the_payment_to_the_customer_as_a_whole():
    raw = page("payments")
    raw["applied"][0]["Amount"] = 9999
    assert facts("payments", raw)[0].applications == ()


@pytest.mark.parametrize(("name", "index"), [("invoices", 0), ("credit_memos", 0), ("payments", 0), ("refunds", 0)])
def test_what_was_posted_and_is_deleted_waits_for_a_person(name, index):
    raw = page(name, index) | {"IsDeleted": True}
    (fact,) = facts(name, raw)
    assert isinstance(fact, Unknown)
    assert "was deleted" in fact.what
    raw |= {"Status": "Draft", "CreditDate": None}
    assert [type(one) for one in facts(name, raw)] == [Skipped]


def test_each_documented_status_is_booked_set_aside_or_put_before_a_person():
    found = {}
    for stream, things in THINGS.items():
        for thing in things if stream != "opportunities" else ():
            raw = next(raw for raw in objects(stream) if raw["attributes"]["type"] == thing.name)
            for status in [*thing.booked, *thing.waiting, *thing.ended]:
                posted = {} if status in thing.booked else {thing.posted: None}
                kinds = {type(fact) for fact in facts(stream, {**raw, **posted, thing.fields["status"]: status})}
                assert (kinds == {Skipped}) == (status not in thing.booked), (thing.name, status)
                found[thing.name, status] = kinds
            for status in thing.ended if thing.posted else ():
                undone = {**raw, thing.fields["status"]: status, thing.posted: "2026-03-20"}
                assert [type(fact) for fact in facts(stream, undone)] == [Unknown]
    assert len(found) > 35


@pytest.mark.contracts
def test_each_value_the_contract_lists_of_an_order_is_read():
    path = CONTRACTS / "salesforce/salesforce-rest.openapi.json"
    schemas = json.loads(path.read_bytes())["components"]["schemas"]
    found = {}
    for status in schemas["Order"]["properties"]["StatusCode"]["enum"]:
        found[status] = type(facts("orders", page("orders") | {"StatusCode": status})[0])
    assert found == {"Draft": Skipped, "Activated": WonDeal}
    # Every other list of values in the contract is of requests; fields that are read are those it names.
    enums = [field for schema in schemas.values() for field in schema.get("properties", {}).values() if "enum" in field]
    assert len(enums) == 1
    for name in ("Opportunity", "OpportunityLineItem", "Order", "Invoice"):
        assert set(schemas[name]["properties"])


# ---- deals ---------------------------------------------------------------------------------------------------------------


def test_a_won_deal_is_a_proposal_by_product_and_never_revenue():
    (won,) = facts("opportunities", page("opportunities"))
    assert [(line.product, line.amount) for line in won.lines] == [("STUDY", 400000), ("Site restoration", 50000)]
    assert lines("opportunities", page("opportunities")) == lines("orders", page("orders")) == []
    # Products that do not come to the amount say nothing.
    assert facts("opportunities", page("opportunities", 1))[0].lines == ()


def test_what_is_changed_moved_back_or_deleted_after_it_was_won_waits_for_a_person():
    changed, moved, deleted = (facts("opportunities", page("opportunities", place))[-1].what for place in (1, 2, 4))
    assert changed == "a deal won at 4500.00 and changed to 4000.00 afterwards: an invoice of it needs a credit note"
    assert moved == "a won deal was moved back: an invoice of it needs a credit note"
    assert deleted == "a won deal was deleted: an invoice of it needs a credit note"
    more = page("opportunities", 1) | {"Amount": 5000}
    assert "needs another for the rest" in facts("opportunities", more)[1].what


def test_a_deal_that_was_moved_back_and_won_again_is_what_it_was_won_at_last():
    raw = page("opportunities", 2) | {"StageName": "Closed Won", "IsWon": True, "Amount": 850}
    raw["history"].append({**raw["history"][0], "CreatedDate": "2026-03-15T17:00:00.000+0000", "Amount": 850})
    assert [type(fact) for fact in facts("opportunities", raw)] == [WonDeal]


def test_proposals_are_of_a_duty_under_which_what_went_wrong_is_seen():
    assert {STREAMS[name].duty for name in ("opportunities", "orders")} == {"book"}


def test_a_stage_of_the_orgs_own_does_not_say_whether_it_is_won():
    raw = page("opportunities", 6) | {"IsWon": None}
    with pytest.raises(PayloadError, match="IsWon"):
        facts("opportunities", raw)


# ---- ids, money, time ----------------------------------------------------------------------------------------------------


def test_an_id_is_kept_in_eighteen_characters_whichever_way_it_comes():
    assert wire.long_id(Payload({"Id": "001dM00003jU9Gx"})) == "001dM00003jU9GxQAK"
    assert wire.long_id(Payload({"Id": "001dM00003jU9GxQAK"})) == "001dM00003jU9GxQAK"
    for wrong in ("001dm00003ju9gxQAK", "001dM00003jU9GxQAKA", "001dM00003jU9G'", ""):
        with pytest.raises(PayloadError, match="Id"):
            wire.long_id(Payload({"Id": wrong}))


def test_money_is_of_its_own_currency_of_the_one_told_or_of_the_books():
    raw = page("invoices", 3)
    raw |= {"CurrencyIsoCode": "JPY", "TotalAmountWithTax": 250, "TotalTaxAmount": 0}
    raw["lines"][0]["LineAmount"] = "250.0"
    assert (facts("invoices", raw)[0].amount, facts("invoices", raw)[0].currency) == (250, "JPY")
    raw["TotalAmountWithTax"] = "250.5"
    with pytest.raises(PayloadError, match="TotalAmountWithTax"):
        facts("invoices", raw)
    del raw["CurrencyIsoCode"]
    assert facts("invoices", raw)[0].currency == "USD"
    raw["CurrencyIsoCode"] = "euros"
    with pytest.raises(PayloadError, match="CurrencyIsoCode"):
        facts("invoices", raw)


def test_a_foreign_invoice_has_no_rate_of_salesforces_and_waits_for_one():
    with pytest.raises(Unbookable, match="needs an exchange rate"):
        booked(facts("invoices", page("invoices", 3) | {"CurrencyIsoCode": "EUR"}))


def test_a_date_is_the_orgs_and_an_instant_without_colon_is_the_clients_day():
    assert facts("payments", page("payments"))[0].booked_on == date(2026, 3, 10)
    raw = page("payments") | {"EffectiveDate": "2026-03-12T09:00:00.000+0000"}
    assert facts("payments", raw)[0].booked_on == date(2026, 3, 12)


# ---- the published samples, and strangers --------------------------------------------------------------------------------


@pytest.mark.contracts
def test_every_published_sample_is_read_or_refused_by_name():
    table = "".join(f"{name}: {told}\n" for name, told in result_table(PROVIDER).items())
    assert table == (Path(__file__).parent / "samples" / "salesforce.txt").read_text(encoding="utf-8")
