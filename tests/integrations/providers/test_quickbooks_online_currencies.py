"""Documents in another currency than the company's own: said by the published contract, and read back at home to the cent."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

import jsonschema
import pytest

from integrations.errors import NotSupported, PayloadError
from integrations.payload import Payload, render_json
from integrations.providers.quickbooks_online import reports, writing
from integrations.providers.quickbooks_online.provider import PROVIDER
from integrations.records import LedgerDocument, LedgerLine
from integrations.sandbox.quickbooks import truth
from tests.integrations.providers.quickbooks_engine import BOOKS, CONTEXT, OverHttp, account, send
from tests.integrations.providers.test_quickbooks_online_reports import cells, report
from tests.integrations.providers.test_quickbooks_online_writing import CONTRACT, DOCUMENTS, MARKER, _strict

RATE = Decimal("1.085")
DAY = date(2026, 3, 31)


def in_euro(document):
    """The same figures in euro, worth twice as much at home."""
    lines = [
        replace(line, debit=2 * line.debit, credit=2 * line.credit, foreign=line.debit or line.credit)
        for line in document.lines
    ]
    return replace(document, lines=tuple(lines), document_currency="EUR", rate=Decimal("2.0"))


@pytest.mark.contracts
@pytest.mark.parametrize("name", DOCUMENTS)
def test_each_body_says_its_currency_and_rate_and_is_otherwise_the_same(name):
    sent = json.loads(render_json(writing.payload(in_euro(DOCUMENTS[name]), marker=MARKER, context=CONTEXT)))
    defs = json.loads((CONTRACT / "qbo-entities.schema.json").read_text())["$defs"]
    wanted = {"$ref": f"#/$defs/{DOCUMENTS[name].type}", "$defs": _strict(defs)}
    jsonschema.Draft202012Validator(wanted).validate(sent)
    assert (sent.pop("CurrencyRef"), sent.pop("ExchangeRate")) == ({"value": "EUR"}, 2.0)
    assert sent == json.loads(render_json(writing.payload(DOCUMENTS[name], marker=MARKER, context=CONTEXT)))


def test_a_document_at_home_says_its_currency_only_where_there_are_several():
    plain = DOCUMENTS["Transfer"]
    assert "CurrencyRef" not in writing.payload(plain, marker=MARKER, context=CONTEXT)
    sent = writing.payload(replace(plain, document_currency="USD"), marker=MARKER, context=CONTEXT)
    assert sent["CurrencyRef"] == {"value": "USD"}
    assert "ExchangeRate" not in sent


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"rate": None}, "needs its rate of exchange"),
        (
            {"lines": (LedgerLine(account_id="36", debit=5, foreign=4), LedgerLine(account_id="35", credit=5))},
            "no amount in EUR",
        ),
        (
            {
                "lines": (
                    LedgerLine(account_id="36", debit=5, foreign=4),
                    LedgerLine(account_id="35", credit=5, foreign=3),
                )
            },
            "differ",
        ),
    ],
)
def test_what_cannot_be_said_is_refused(change, says):
    with pytest.raises(NotSupported, match=says):
        writing.payload(replace(in_euro(DOCUMENTS["Transfer"]), **change), marker=MARKER, context=CONTEXT)


def read(**fields):
    body = {
        "Id": "9",
        "TxnDate": "2026-03-31",
        "FromAccountRef": {"value": "1"},
        "ToAccountRef": {"value": "2"},
        "Amount": 9,
    }
    item = {"Transfer": {**body, "CurrencyRef": {"value": "EUR"}, **fields}}
    (found,) = PROVIDER.stream("documents").to_records(Payload.of(item), CONTEXT)
    return found


def test_a_payload_tells_currency_rate_and_worth():
    found = read(ExchangeRate=Decimal("1.085"), HomeTotalAmt=Decimal("9.77"))
    assert (found.document_currency, found.rate, found.home_total) == ("EUR", RATE, 977)
    for wrong in (0, -1, True, "high"):
        with pytest.raises(PayloadError, match="not a rate"):
            read(ExchangeRate=wrong)


HOME = (
    "tx_date",
    "txn_type",
    "account_name",
    "debt_amt",
    "credit_amt",
    "currency",
    "exch_rate",
    "debt_home_amt",
    "credit_home_amt",
)


def test_the_general_ledger_is_read_at_home_with_the_document_s_own_amounts_beside():
    rows = [
        cells("2026-03-02", ("Bill Payment (Check)", "7"), ("AP", "33"), "100.00", "", "EUR", "1.10", "108.50", ""),
        cells("2026-03-02", ("Bill Payment (Check)", "7"), ("Bank", "35"), "", "100.00", "EUR", "1.10", "", "110.00"),
        cells(
            "2026-03-02", ("Bill Payment (Check)", "7"), ("Exchange Gain or Loss", "99"), "", "", "USD", "", "1.50", ""
        ),
    ]
    (found,) = reports.read_ledger(report(HOME, rows), CONTEXT)
    assert [(line.account_id, line.debit - line.credit, line.foreign) for line in found.lines] == [
        ("33", 10_850, 10_000), ("35", -11_000, 10_000), ("99", 150, 0),
    ]  # fmt: skip
    assert (found.currency, found.document_currency, found.rate) == ("USD", "EUR", Decimal("1.10"))


def test_a_company_with_several_currencies_need_not_give_the_plain_columns():
    columns = ("tx_date", "txn_type", "account_name", "currency", "debt_home_amt", "credit_home_amt")
    rows = [
        cells("2026-03-02", ("Journal Entry", "7"), (name, name), "EUR", *sides)
        for name, sides in (("1", ("5.00", "")), ("2", ("", "5.00")))
    ]
    (found,) = reports.read_ledger(report(columns, rows), CONTEXT)
    assert [(line.debit, line.credit, line.foreign) for line in found.lines] == [(500, 0, 0), (0, 500, 0)]
    assert (found.document_currency, found.rate) == ("EUR", None)


EURO = {"CurrencyRef": {"value": "EUR"}}
KINDS = ("JournalEntry", "Transfer", "Deposit", "Purchase", "Bill", "VendorCredit", "Invoice", "CreditMemo", "Payment")


class TestLive(OverHttp):
    @pytest.fixture
    def trader(self, service, fresh):
        """Kestrel with a bank account, a vendor and a customer in euro; as it was afterwards."""
        fresh.write(
            "Preferences",
            "update",
            {"Id": "1", "sparse": True, "CurrencyPrefs": {"MultiCurrencyEnabled": True}},
            author="user",
        )
        fresh.euro = fresh.create_as_user("Account", {"Name": "Euro account", "AccountType": "Bank", **EURO})
        fresh.card = fresh.create_as_user("Account", {"Name": "Euro card", "AccountType": "Credit Card", **EURO})
        fresh.vendor = fresh.create_as_user("Vendor", {"DisplayName": "Moulin Gris", **EURO})
        fresh.customer = fresh.create_as_user("Customer", {"DisplayName": "Librairie du Quai", **EURO})
        at = fresh.clock()
        fresh.owed, fresh.owing = (
            fresh.writer.ensure_role(role, at, "EUR") or fresh.books.role(role, "EUR")
            for role in ("payable", "receivable")
        )
        yield fresh
        service.companies["kestrel"] = service._open("kestrel")

    @pytest.mark.parametrize("kind", KINDS)
    def test_each_kind_is_worth_its_amount_at_the_rate(self, api, marker, trader, kind):
        document = sample(trader, kind)
        before = truth.trial_balance(trader, DAY)
        written = send(api, document, marker)
        assert (written.document.document_currency, written.document.rate) == ("EUR", RATE)
        (found,) = [one for one in BOOKS.ledger_month(api, DAY, CONTEXT) if one.external_id == written.external_id]
        worth = {line.account_id: line.debit - line.credit for line in found.lines}
        assert worth == {line.account_id: line.debit - line.credit for line in document.lines}
        assert {line.foreign for line in found.lines} == {10_000}
        after = truth.trial_balance(trader, DAY)
        moved = {name for name in after | before if after.get(name, 0) != before.get(name, 0)}
        assert len(moved) == 2

    def test_a_name_is_found_or_made_in_the_currency_wanted(self, api, trader):
        assert BOOKS.party(api, "Vendor", "Moulin Gris", "EUR", request_id="a") == f"Vendor:{trader.vendor}"
        home = BOOKS.party(api, "Vendor", "Moulin Gris", "USD", request_id="b")
        assert trader.read("Vendor", home.partition(":")[2])["DisplayName"] == "Moulin Gris (USD)"
        assert BOOKS.party(api, "Vendor", "Moulin Gris", "USD", request_id="c") == home


def sample(trader, kind):
    """100.00 euro between an account in euro and one at home."""
    own = {
        "Bill": trader.owed,
        "VendorCredit": trader.owed,
        "Invoice": trader.owing,
        "CreditMemo": trader.owing,
        "Purchase": trader.card,
    }
    item = next(iter(trader.books.held["Item"]))
    home = {"Transfer": account(trader, "Savings"), "Payment": trader.owing}.get(kind, account(trader, "Bank Charges"))
    home = trader.books.item_account(item, "income") if kind in {"Invoice", "CreditMemo"} else home
    is_debit = kind in {"Invoice", "Deposit", "Payment", "VendorCredit", "JournalEntry"}
    first = LedgerLine(account_id=own.get(kind, trader.euro), debit=10_850, foreign=10_000)
    other = LedgerLine(
        account_id=home, credit=10_850, foreign=10_000, item=item if kind in {"Invoice", "CreditMemo"} else ""
    )
    if not is_debit:
        first, other = (replace(line, debit=line.credit, credit=line.debit) for line in (first, other))
    party = f"Customer:{trader.customer}" if kind in {"Invoice", "CreditMemo", "Payment"} else f"Vendor:{trader.vendor}"
    return LedgerDocument(
        external_id="", booked_on=DAY, currency="USD", type=kind, lines=(first, other), party=party, method="card" if kind == "Purchase" else "",
        document_currency="EUR", rate=RATE, note="pp1|x",
    )  # fmt: skip
