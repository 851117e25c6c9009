"""Settlement reports as Amazon prints them, in the flat file V2, and what its rows are put together from."""

from __future__ import annotations

import copy
from collections import Counter

from integrations.providers.amazon import settlement
from integrations.providers.amazon.provider import PROVIDER
from integrations.records import StatementClosed
from ledger.core.rules import drafts
from tests.integrations.contract import CONTEXT, fixture_objects, read

STREAMS = {stream.name: stream for stream in PROVIDER.streams}
SETTLEMENTS = STREAMS["settlements"]
COLUMNS = (
    *("settlement-id", "settlement-start-date", "settlement-end-date", "deposit-date", "total-amount", "currency"),
    *("transaction-type", "order-id", "merchant-order-id", "adjustment-id", "shipment-id", "marketplace-name"),
    *("amount-type", "amount-description", "amount", "fulfillment-id", "posted-date", "posted-date-time"),
    *("order-item-code", "merchant-order-item-id", "merchant-adjustment-item-id", "sku", "quantity-purchased"),
    "promotion-id",
)
NUMBER = "11000000001"
DATES = ("2026-03-01 07:00:00 UTC", "2026-03-15 07:00:00 UTC", "2026-03-17 07:00:00 UTC")
AT = "2026-03-02 06:23:00 UTC"
SALE = ("Order", "112-0000001-0000001", "", "D1Fy", "Amazon.com")
BACK = ("Refund", "112-0000001-0000001", "44100001", "", "Amazon.com")
OWN = ("Order", "112-0000002-0000002", "", "D2Fy", "Amazon.com")
OTHER = ("other-transaction", "", "", "", "")
#: (what the rows of an event share, amount type, description, amount).
ROWS = (
    (SALE, "ItemPrice", "Principal", "27.99"),
    (SALE, "ItemPrice", "Shipping", "5.99"),
    (SALE, "ItemPrice", "Tax", "2.31"),
    (SALE, "ItemPrice", "ShippingTax", "0.49"),
    (SALE, "Promotion", "Principal", "-2.80"),
    (SALE, "ItemWithheldTax", "MarketplaceFacilitatorTax-Principal", "-2.31"),
    (SALE, "ItemWithheldTax", "MarketplaceFacilitatorTax-Shipping", "-0.49"),
    (SALE, "ItemFees", "Commission", "-4.20"),
    (SALE, "ItemFees", "FBAPerUnitFulfillmentFee", "-3.22"),
    (SALE, "ItemFees", "ShippingHB", "-0.90"),
    (BACK, "ItemPrice", "Principal", "-27.99"),
    (BACK, "ItemPrice", "Tax", "-2.31"),
    (BACK, "Promotion", "Principal", "2.80"),
    (BACK, "ItemWithheldTax", "MarketplaceFacilitatorTax-Principal", "2.31"),
    (BACK, "ItemFees", "Commission", "4.20"),
    (BACK, "ItemFees", "RefundCommission", "-0.84"),
    (OWN, "ItemPrice", "Principal", "100.00"),
    (OWN, "ItemPrice", "Tax", "8.25"),
    (OWN, "ItemFees", "Commission", "-15.00"),
    (("ServiceFee", *OTHER[1:]), "Cost of Advertising", "TransactionTotalAmount", "-20.00"),
    (OTHER, "other-transaction", "Storage Fee", "-6.10"),
    (OTHER, "other-transaction", "Subscription Fee", "-39.99"),
    (OTHER, "FBA Inventory Reimbursement", "WAREHOUSE_LOST", "12.50"),
    (OTHER, "other-transaction", "SAFE-T Reimbursement", "3.00"),
    (OTHER, "other-transaction", "Previous Reserve Amount Balance", "15.00"),
    (OTHER, "other-transaction", "Successful charge", "5.27"),
    (OTHER, "other-transaction", "Repayment of negative Amazon balance", "-5.27"),
    (("Transfer", *OTHER[1:]), "Transfer", "Transfer of funds came back", "40.00"),
    (OTHER, "other-transaction", "Something New", "-1.00"),
    (OTHER, "other-transaction", "Current Reserve Amount", "-10.00"),
)


_SHARED = ("transaction-type", "order-id", "adjustment-id", "shipment-id", "marketplace-name")


def flat_file(rows=ROWS, *, total="87.69", currency="USD", dates=DATES, number=NUMBER, at=(AT[:10], AT), mark="."):
    """The bytes of a report of these rows, every row posted ``at`` (the day, the moment)."""
    whole = dict(zip(COLUMNS[:6], (number, *dates, total.replace(".", mark), currency), strict=True))
    lines = [whole]
    for shared, kind, what, amount in rows:
        named = {"amount-type": kind, "amount-description": what, "amount": amount.replace(".", mark)}
        posted = dict(zip(("posted-date", "posted-date-time"), at, strict=True))
        lines.append({"settlement-id": number, **dict(zip(_SHARED, shared, strict=True)), **named, **posted})
    printed = ["\t".join(line.get(name, "") for name in COLUMNS) for line in lines]
    return "\n".join(["\t".join(COLUMNS), *printed, ""]).encode()


def page(name, index=0):
    """A copy of one object of a stream's documented page."""
    return copy.deepcopy(fixture_objects(PROVIDER, STREAMS[name])[index])


def facts(content, context=CONTEXT):
    """Everything a report tells, but for when it ended."""
    found = [fact for raw in settlement.report_objects(content) for fact in read(SETTLEMENTS, raw, context)]
    return [fact for fact in found if not isinstance(fact, StatementClosed)]


def lines(found):
    """(role, key, debit − credit) of all entries that facts make together; what comes to nil stands there too."""
    sums = Counter()
    for fact in found:
        for entry in drafts(fact, provider="amazon", category="commerce"):
            assert sum(line.debit - line.credit for line in entry.lines) == 0
            sums.update({(line.role, line.key): 0 for line in entry.lines})
            for line in entry.lines:
                sums[line.role, line.key] += line.debit - line.credit
    return sorted((role, key, amount) for (role, key), amount in sums.items())
