"""The seller's story as Amazon prints it in reports and says it in JSON. https://developer-docs.amazon.com/sp-api/"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from integrations.sandbox.amazon.plan import MARKET
from integrations.sandbox.amazon.story import deferred_rows, free_rows, kept_rows
from integrations.sandbox.world.calendar import STORY_NOW

if TYPE_CHECKING:
    from datetime import date

    from integrations.sandbox.amazon.plan import Closed, Event
    from integrations.sandbox.amazon.story import Account

Shape = dict[str, Any]
MARKETPLACE = "ATVPDKIKX0DER"
REPORT = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"
COLUMNS = (
    *("settlement-id", "settlement-start-date", "settlement-end-date", "deposit-date", "total-amount", "currency"),
    *("transaction-type", "order-id", "merchant-order-id", "adjustment-id", "shipment-id", "marketplace-name"),
    *("amount-type", "amount-description", "amount", "fulfillment-id", "posted-date", "posted-date-time"),
    *("order-item-code", "merchant-order-item-id", "merchant-adjustment-item-id", "sku", "quantity-purchased"),
    "promotion-id",
)
#: Components that are told below one heading in a transaction's breakdown.
_HEADINGS = {"ItemPrice": "Sales", "Promotion": "Promotions", "ItemWithheldTax": "Tax", "ItemFees": "AmazonFees"}
_NAMES = {("Promotion", "Principal"): "PromoRebates", ("Promotion", "Shipping"): "ShippingDiscount"}


def seller_of(company: str) -> str:
    return f"A{hashlib.sha256(company.encode()).hexdigest()[:12].upper()}"


def major(amount_minor: int) -> Decimal:
    return Decimal(amount_minor).scaleb(-2)


def stamp(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _money(amount_minor: int) -> Shape:
    return {"currencyCode": "USD", "currencyAmount": major(amount_minor)}


# ---- settlement reports --------------------------------------------------------------------------------------------------


def report(settlement: Closed) -> Shape:
    made = settlement.end + timedelta(hours=3)
    return {
        "reportType": REPORT,
        "reportId": f"5{settlement.number}",
        "reportDocumentId": document_id(settlement),
        "marketplaceIds": [MARKETPLACE],
        "dataStartTime": stamp(settlement.start),
        "dataEndTime": stamp(settlement.end),
        "createdTime": stamp(made),
        "processingStatus": "DONE",
        "processingStartTime": stamp(made),
        "processingEndTime": stamp(made),
    }


def document_id(settlement: Closed) -> str:
    return f"amzn1.spdoc.1.4.na.{settlement.number}"


def flat_file(settlement: Closed) -> bytes:
    """The report as Amazon prints it: a row that holds the total, and a row for each component."""
    whole = {
        "settlement-id": settlement.number,
        "settlement-start-date": _printed(settlement.start),
        "settlement-end-date": _printed(settlement.end),
        "deposit-date": _printed(settlement.sent_at) if settlement.sent_at else "",
        "total-amount": str(major(settlement.total_minor)),
        "currency": "USD",
    }
    lines = ["\t".join(COLUMNS), _line(whole)]
    for event in settlement.events:
        lines += [_line({"settlement-id": settlement.number} | row) for row in _rows(event)]
    return ("\n".join(lines) + "\n").encode()


def _rows(event: Event) -> list[dict[str, str]]:
    common = {
        "transaction-type": event.type,
        "order-id": event.order,
        "adjustment-id": event.adjustment,
        "shipment-id": event.shipment,
        "marketplace-name": MARKET if event.order else "",
        "fulfillment-id": "AFN" if event.order else "",
        "posted-date": f"{event.at.astimezone(UTC):%Y-%m-%d}",
        "posted-date-time": _printed(event.at),
        "sku": event.sku,
        "quantity-purchased": "1" if event.type == "Order" else "",
    }
    return [
        {**common, "amount-type": kind, "amount-description": what, "amount": str(major(amount))}
        for kind, what, amount in event.components
    ]


def _printed(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _line(cells: dict[str, str]) -> str:
    return "\t".join(cells.get(name, "") for name in COLUMNS)


# ---- finances ------------------------------------------------------------------------------------------------------------


def transactions(account: Account, company: str) -> list[Shape]:
    """Everything posted; a sale that was deferred and released stands there twice, each naming the other."""
    found = []
    for event in account.events:
        if event.deferred_at is None:
            found.append(_transaction(event, company, event.at, "RELEASED"))
            continue
        first, second = transaction_id(event, "deferred"), transaction_id(event, "released")
        is_out = event.at <= STORY_NOW
        told = [("RELEASE_TRANSACTION_ID", second)] if is_out else []
        status = "DEFERRED_RELEASED" if is_out else "DEFERRED"
        found.append(_transaction(event, company, event.deferred_at, status, first, told))
        if is_out:
            back = [("DEFERRED_TRANSACTION_ID", first)]
            found.append(_transaction(event, company, event.at, "RELEASED", second, back))
    return sorted(found, key=lambda one: (one["postedDate"], one["transactionId"]))


def transaction_id(event: Event, stage: str = "") -> str:
    return hashlib.sha256(f"{event.id}{stage}".encode()).hexdigest()[:43]


def _transaction(
    event: Event, company: str, at: datetime, status: str, mark: str = "", related: list[tuple[str, str]] | None = None
) -> Shape:
    names = [("ORDER_ID", event.order)] if event.order else []
    return {
        "sellingPartnerMetadata": {
            "sellingPartnerId": seller_of(company),
            "accountType": "Standard Orders",
            "marketplaceId": MARKETPLACE,
        },
        "relatedIdentifiers": [
            {"relatedIdentifierName": name, "relatedIdentifierValue": value} for name, value in names + (related or [])
        ],
        "transactionType": {"Order": "Shipment", "Refund": "Refund"}.get(event.type, "ServiceFee"),
        "transactionId": mark or transaction_id(event),
        "transactionStatus": status,
        "description": {"Order": "Order Payment", "Refund": "Refund Order"}.get(event.type, event.components[0][1]),
        "postedDate": stamp(at),
        "totalAmount": _money(event.net_minor),
        "marketplaceDetails": {"marketplaceId": MARKETPLACE, "marketplaceName": MARKET},
        "breakdowns": _breakdowns(event),
    }


def _breakdowns(event: Event) -> list[Shape]:
    headings: dict[str, list[tuple[str, int]]] = {}
    for kind, what, amount in event.components:
        name = _NAMES.get((kind, what), what)
        headings.setdefault(_HEADINGS.get(kind, kind), []).append((name, amount))
    return [
        {
            "breakdownType": heading,
            "breakdownAmount": _money(sum(amount for _, amount in leaves)),
            "breakdowns": [
                {"breakdownType": name, "breakdownAmount": _money(amount), "breakdowns": []} for name, amount in leaves
            ],
        }
        for heading, leaves in headings.items()
    ]


def payouts(account: Account, company: str) -> list[Shape]:
    """What was sent of each settlement, the newest first; of the one short of money, nothing."""
    return [_payout(one, company) for one in reversed(account.settlements)]


def _payout(settlement: Closed, company: str) -> Shape:
    whose = {"partnerId": seller_of(company), "accountType": "STANDARD_ORDERS", "marketplaceId": MARKETPLACE}
    number, begun = settlement.number, settlement.sent_at or settlement.end
    steps = [("STARTED", 0), ("IN_TRANSIT", 6), ("PAID", 96)] if settlement.sent_at else [("NO_PAYOUT", 0)]
    history = [(status, begun + timedelta(hours=hours)) for status, hours in steps]
    told = [one for one in history if one[1] <= STORY_NOW]
    made: Shape = {
        "id": number,
        "partnerMetadata": whose,
        "currentStatus": told[-1][0],
        "statusHistory": [{"status": status, "lastUpdatedDate": stamp(at)} for status, at in told],
        "creationDate": stamp(begun),
        "period": {"startDate": stamp(settlement.start), "endDate": stamp(settlement.end)},
        "relatedIdentifiers": [{"relatedIdentifierName": "SETTLEMENT_ID", "relatedIdentifierValue": number}],
    }
    if settlement.sent_at:
        made |= {
            "type": "SCHEDULED",
            "amount": _money(settlement.total_minor),
            "accountTail": "4410",
            "paymentMethod": "BANK_ACCOUNT",
            "paymentRail": "ACH",
            "traceId": f"4B{number}",
        }
    return made


def balance(account: Account, company: str, on: date, *, is_past: bool) -> Shape:
    """What was held at the end of a day: the settlement that is open counts as what it has come to."""
    settled = list(account.settlements)
    open_ = [
        (event.at.astimezone(STORY_NOW.tzinfo), event.net_minor) for event in account.events if _is_open(event, account)
    ]
    later = sum(amount for day, amount in deferred_rows(list(account.events)) if day <= on)
    free = sum(amount for day, amount in free_rows(settled, list(account.events)) if day <= on) - later
    free += sum(amount for at, amount in open_ if at <= STORY_NOW and at.date() <= on)
    kept = sum(amount for day, amount in kept_rows(settled) if day <= on)
    parts = [_part("DEFERRED", later), _part("ACCOUNT_LEVEL_RESERVE", kept)]
    return {
        "partnerMetadata": {
            "partnerId": seller_of(company),
            "accountType": "Standard Orders",
            "marketplaceId": MARKETPLACE,
        },
        "balanceType": "TOTAL",
        "amount": _money(free + later + kept),
        **({"asOfDate": on.isoformat()} if is_past else {"lastUpdatedTime": stamp(STORY_NOW)}),
        "balances": [_part("AVAILABLE", free), {**_part("RESERVED", later + kept), "balances": parts}],
    }


def _is_open(event: Event, account: Account) -> bool:
    return event.at >= account.settlements[-1].end


def _part(name: str, amount_minor: int) -> Shape:
    return {"balanceType": name, "amount": _money(amount_minor)}
