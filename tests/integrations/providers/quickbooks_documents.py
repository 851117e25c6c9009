"""Documents of QuickBooks as its answers hold them, and what they are read to."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from integrations.payload import Payload, parse_json
from integrations.provider import Context
from integrations.providers.quickbooks_online.provider import PROVIDER

FIXTURES = Path("integrations/providers/quickbooks_online/fixtures")
SAMPLES = Path(__file__).parents[4] / "shared/contracts/quickbooks-online"
CONTEXT = Context(timezone=ZoneInfo("America/Los_Angeles"), home_currency="USD", as_of=date(2026, 3, 31))
needs_samples = pytest.mark.skipif(not SAMPLES.exists(), reason="the published contracts are not beside the repository")


def answer(stream):
    return parse_json((FIXTURES / f"{stream}.json").read_bytes())


def facts(raw, context=CONTEXT):
    return [fact for stream, item in PROVIDER.recognised(raw) for fact in stream.to_records(Payload.of(item), context)]


def document(**body):
    key, fields = next(iter(body.items()))
    base = {"Id": "7", "TxnDate": "2026-03-05", "SyncToken": "0"}
    found = facts({key: base | fields})
    assert len(found) == 1
    return found[0]


def sides(record):
    return [(line.account_id, line.debit - line.credit) for line in record.lines]


def ref(value):
    return {"value": value, "name": "some name"}


def expense(account, amount, **more):
    detail = {"AccountRef": ref(account)} | more
    return {
        "Amount": Decimal(amount),
        "DetailType": "AccountBasedExpenseLineDetail",
        "AccountBasedExpenseLineDetail": detail,
    }


def sold(account, amount):
    detail = {"ItemRef": {"value": "4", "name": "Vase"}}
    if account:
        detail["ItemAccountRef"] = ref(account)
    return {"Amount": Decimal(amount), "DetailType": "SalesItemLineDetail", "SalesItemLineDetail": detail}


def journal(side, account, amount, **more):
    detail = {"PostingType": side, "AccountRef": ref(account)} | more
    return {"Amount": Decimal(amount), "DetailType": "JournalEntryLineDetail", "JournalEntryLineDetail": detail}
