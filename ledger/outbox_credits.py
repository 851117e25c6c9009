"""Credit notes set against the invoice they take back, once both stand in the accounting system.

There a credit closes an invoice only through a payment of nil that links the two. It moves no money and carries no entry.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from integrations.models import Fact
from integrations.money import to_minor
from integrations.payload import parse_json
from integrations.records import LedgerDocument, LedgerLine
from ledger import outbox, outbox_links
from ledger.models import OutboxItem, OutboxMember
from ledger.outbox_links import RECEIVABLE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from clients.models import Client
    from ledger.accounting import Accounting
    from ledger.outbox_links import Bill, Key


def prepare(client: Client, accounting: Accounting) -> int:
    """Freeze an application for each credit memo of ours whose invoice stands there and is open; gives how many."""
    invoices = _credited(client, accounting)
    bills = outbox_links.bills(client, {key[2] for key in invoices.values()}) if invoices else {}
    done = 0
    for memo, key in invoices.items():
        bill = bills.get(key)
        if bill is None or not bill.target or bill.open_minor <= 0:
            continue
        sent = parse_json(memo.payload)
        minor = min(_total(sent, client.home_currency), bill.open_minor)
        bills[key] = outbox_links.Bill(bill.target, bill.open_minor - minor)
        marker = outbox.marker_for(_key(memo), memo.booked_on, memo.pk)
        document = _application(client, memo, sent, bill, minor)
        outbox.item_for(client, accounting, document, _key(memo), memo.approved_by_id, marker=marker).save()
        done += 1
    return done


def _key(memo: OutboxItem) -> str:
    return f"apply:{memo.pk}"


def _credited(client: Client, accounting: Accounting) -> dict[OutboxItem, Key]:
    """The invoice that each credit memo names, where it has not been set against it yet."""
    items = OutboxItem.objects.filter(client=client, connection=accounting.connection)
    applied = set(items.filter(type="Payment", group_key__startswith="apply:").values_list("group_key", flat=True))
    memos = [memo for memo in items.filter(type="CreditMemo", state="posted") if _key(memo) not in applied]
    if not memos:
        return {}
    members = OutboxMember.objects.filter(client=client, outbox__in=memos).select_related("entry")
    fact_of = {member.outbox_id: member.entry.fact_id or 0 for member in members}
    facts = Fact.objects.filter(client=client).in_bulk(fact_of.values())
    named = {memo: facts.get(fact_of.get(memo.pk, 0)) for memo in memos}
    return {
        memo: (RECEIVABLE.fact, fact.connection_id, str(fact.data["invoice"]))
        for memo, fact in named.items()
        if fact is not None and fact.data.get("invoice")
    }


def _total(sent: Mapping[str, Any], home: str) -> int:
    """Minor units of the credit in its own currency, tax included."""
    currency = outbox_links.currency_of(sent, home)
    tax = (sent.get("TxnTaxDetail") or {}).get("TotalTax", 0)
    return sum(to_minor(amount, currency) for amount in (tax, *(line["Amount"] for line in sent["Line"])))


def _application(client: Client, memo: OutboxItem, sent: Mapping[str, Any], bill: Bill, minor: int) -> LedgerDocument:
    """A payment of nil; its two lines are equal, so that what they are worth at home is the accounting system's matter."""
    currency, home = outbox_links.currency_of(sent, client.home_currency), client.home_currency
    foreign = minor if currency != home else 0
    account, customer = sent["ARAccountRef"]["value"], f"Customer:{sent['CustomerRef']['value']}"
    return LedgerDocument(
        external_id="",
        booked_on=memo.booked_on,
        currency=home,
        document_currency=currency if "CurrencyRef" in sent else "",
        rate=Decimal(str(sent["ExchangeRate"])) if foreign else None,
        type="Payment",
        lines=(
            LedgerLine(account_id=account, debit=minor, foreign=foreign, party=customer, settles=memo.external_id),
            LedgerLine(account_id=account, credit=minor, foreign=foreign, party=customer, settles=bill.target),
        ),
        note=f"pp1|{_key(memo)}\nCredit {memo.marker} set against {bill.target}",
        party=customer,
    )
