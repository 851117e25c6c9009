"""Every published document of a kind we write: read, written as we would, and read again, it says the same."""

from __future__ import annotations

from collections import Counter
from zoneinfo import ZoneInfo

import pytest

from integrations.errors import NotSupported, PayloadError
from integrations.payload import Payload, parse_json, render_json
from integrations.provider import Context
from integrations.providers.quickbooks_online import writing
from integrations.providers.quickbooks_online.entities import BY_NAME
from integrations.providers.quickbooks_online.provider import PROVIDER
from integrations.records import LedgerDocument
from tests.integrations.contract import CONTRACTS
from tests.integrations.providers import quickbooks_xml

pytestmark = pytest.mark.contracts
CONTEXT = Context(timezone=ZoneInfo("UTC"), home_currency="USD")
DOCUMENTS = PROVIDER.stream("documents")
#: What the pull finds beside a document in a company that has one of each.
ACCOUNTS = {"payable": "33", "receivable": "84", "undeposited": "4"}
#: How many of each kind the published samples hold at least whose payload alone tells all of its accounts.
LEAST = {"JournalEntry": 20, "Bill": 19, "BillPayment": 12, "Invoice": 20, "Payment": 2, "Deposit": 1}
#: The same of the samples in XML, which have the kinds that the others lack.
LEAST_XML = {"Bill": 1, "BillPayment": 1, "Transfer": 1, "CreditMemo": 1, "Invoice": 1}
#: Samples whose lines do not make their own total: named, never booked.
NAMED = {"Purchase": 2, "Deposit": 1}
#: What somebody wrote there and we never would, by what we say of it.
UNSAID = {
    ("BillPayment", "each line of a BillPayment must settle a bill"): 2,
    ("Invoice", "each line of a Invoice sells an item"): 1,
}


def documents():
    """(file, document, its total as published) of all samples; faults and half documents among them are other tests' matter."""
    for path in sorted((CONTRACTS / "quickbooks-online" / "samples").rglob("*.json")):
        try:
            items = list(PROVIDER.open_answer(parse_json(path.read_bytes())))
        except PayloadError:
            continue
        for item in filter(DOCUMENTS.recognise, items):
            yield from ((path.name, found, item) for found in _read({**item, "accounts": ACCOUNTS}))


def _read(item):
    try:
        found = list(DOCUMENTS.to_records(Payload.of(item), CONTEXT))
    except PayloadError:
        return []
    return [one for one in found if isinstance(one, LedgerDocument) and one.lines]


def answered(document, item, context=CONTEXT):
    """What QuickBooks makes of the body we send: an id, the total, and the account behind each item."""
    sent = parse_json(render_json(writing.payload(document, marker="RT260331-AAB2", context=context)))
    behind = {line.item: line.account_id for line in document.lines if line.item}
    for line in sent.get("Line", ()):
        if "SalesItemLineDetail" in line:
            detail = line["SalesItemLineDetail"]
            detail["ItemAccountRef"] = {"value": behind[detail["ItemRef"]["value"]]}
    published = next((value for value in item.values() if isinstance(value, dict) and "TotalAmt" in value), item)
    return {"Id": "9", "TotalAmt": published.get("TotalAmt"), **sent}


def sums(document):
    found = Counter()
    for line in document.lines:
        found[line.account_id, line.settles, line.klass, line.department] += line.debit - line.credit
    return {key: amount for key, amount in found.items() if amount}


def test_each_published_document_comes_back_as_it_was_written():
    same, different = Counter(), []
    for name, document, item in documents():
        has_items = document.type != "Invoice" or all(line.item for line in document.lines[1:])
        if document.type not in LEAST or not has_items:
            continue
        again = {document.type: answered(document, item), "accounts": {"undeposited": "4"}}
        (back,) = DOCUMENTS.to_records(Payload.of(again), CONTEXT)
        told = (back.booked_on, back.party, back.due_on, sums(back))
        if told == (document.booked_on, document.party, document.due_on, sums(document)):
            same[document.type] += 1
        else:
            different.append((name, document.external_id, back.missing))
    assert different == []
    assert {kind: same[kind] for kind in LEAST if same[kind] < LEAST[kind]} == {}


def behind(item):
    """A sample as the pull has it: with the accounts of which a company has one, and the account behind each item."""
    (key,) = item
    body = dict(item[key])
    lines = []
    for line in body.get("Line", ()):
        detail = line.get("SalesItemLineDetail")
        told = {"SalesItemLineDetail": {**detail, "ItemAccountRef": {"value": "79"}}} if detail else {}
        lines.append({**line, **told})
    currency = body.get("CurrencyRef", {}).get("value", "USD")
    return {key: {**body, "Line": lines} if lines else body, "accounts": ACCOUNTS}, currency


def test_each_document_published_as_xml_comes_back_as_it_was_written():
    kinds = frozenset(BY_NAME[name].json_key for name in (*LEAST_XML, *NAMED))
    same, different, unsaid, named = Counter(), [], Counter(), Counter()
    for name, item in quickbooks_xml.objects(kinds):
        whole, currency = behind(item)
        context = Context(timezone=ZoneInfo("UTC"), home_currency=currency)
        (document,) = DOCUMENTS.to_records(Payload.of(whole), context)
        if not document.lines:
            named[document.type] += bool(document.missing)
            continue
        try:
            again = {document.type: answered(document, whole, context), "accounts": {"undeposited": "4"}}
        except NotSupported as refusal:
            unsaid[document.type, str(refusal)] += 1
            continue
        (back,) = DOCUMENTS.to_records(Payload.of(again), context)
        if (back.booked_on, back.party, sums(back)) == (document.booked_on, document.party, sums(document)):
            same[document.type] += 1
        else:
            different.append((name, document.external_id, back.missing, sums(document), sums(back)))
    assert different == []
    assert {kind: same[kind] for kind in LEAST_XML if same[kind] < LEAST_XML[kind]} == {}
    assert unsaid == UNSAID
    assert {kind: named[kind] for kind in NAMED} == NAMED
