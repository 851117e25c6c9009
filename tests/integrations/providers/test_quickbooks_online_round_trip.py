"""Every published document of a kind we write: read, written as we would, and read again, it says the same."""

from __future__ import annotations

from collections import Counter
from zoneinfo import ZoneInfo

import pytest

from integrations.errors import PayloadError
from integrations.payload import Payload, parse_json, render_json
from integrations.provider import Context
from integrations.providers.quickbooks_online import writing
from integrations.providers.quickbooks_online.provider import PROVIDER
from integrations.records import LedgerDocument
from tests.integrations.contract import CONTRACTS

pytestmark = pytest.mark.contracts
CONTEXT = Context(timezone=ZoneInfo("UTC"), home_currency="USD")
DOCUMENTS = PROVIDER.stream("documents")
#: What the pull finds beside a document in a company that has one of each.
ACCOUNTS = {"payable": "33", "receivable": "84", "undeposited": "4"}
#: How many of each kind the published samples hold at least whose payload alone tells all of its accounts.
LEAST = {"JournalEntry": 20, "Bill": 19, "BillPayment": 12, "Invoice": 20, "Payment": 2, "Deposit": 1}


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


def answered(document, item):
    """What QuickBooks makes of the body we send: an id, the total, and the account behind each item."""
    sent = parse_json(render_json(writing.payload(document, marker="RT260331-AAB2", context=CONTEXT)))
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
