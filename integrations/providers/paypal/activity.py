"""PayPal's activity download, read as the rows the API gives: for accounts whose owner makes no app.

Dates and amounts are printed by the account's own habits, and no line says which: the whole file has to show it.
https://developer.paypal.com/docs/reports/online-reports/activity-download/
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo

from integrations.errors import PayloadError
from integrations.providers.paypal.groups import together

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import tzinfo

    from integrations.tables import Row, Table

NEEDED = frozenset(["Date", "Time", "Type", "Status", "Currency", "Gross", "Fee", "Net", "Transaction ID", "Balance"])
_ZONES = ("TimeZone", "Time Zone", "Time zone")
#: Hours from Greenwich of the names PayPal prints; those that several zones share are not among them.
_OFFSETS = {
    "UTC": 0,
    "GMT": 0,
    "BST": 1,
    "CET": 1,
    "CEST": 2,
    "EET": 2,
    "EEST": 3,
    "PST": -8,
    "PDT": -7,
    "MST": -7,
    "MDT": -6,
    "CDT": -5,
    "EST": -5,
    "EDT": -4,
    "AKST": -9,
    "AKDT": -8,
    "HST": -10,
    "JST": 9,
    "HKT": 8,
    "SGT": 8,
    "AEST": 10,
    "AEDT": 11,
}
_DATE = re.compile(r"(\d{1,2})[-/.](\d{1,2})[-/.]\d{4}")
#: The words of the download → event codes.
TYPES: Mapping[str, str] = {
    "General Payment": "T0000",
    "Mass Pay Payment": "T0001",
    "Mass payment": "T0001",
    "Subscription Payment": "T0002",
    "PreApproved Payment Bill User Payment": "T0003",
    "Pre-approved Payment Bill User Payment": "T0003",
    "Recurring Payment Sent": "T0003",
    "eBay Auction Payment": "T0004",
    "Direct Credit Card Payment": "T0005",
    "Express Checkout Payment": "T0006",
    "Website Payment": "T0007",
    "Mobile Payment": "T0011",
    "Virtual Terminal Payment": "T0012",
    "Donation Payment": "T0013",
    "Website Payments Pro Account Monthly Fee": "T0101",
    "Fee for Mass Pay request": "T0104",
    "Chargeback Fee": "T0106",
    "Dispute Fee": "T0106",
    "Payment Fee": "T0107",
    "Partner Fee": "T0113",
    "General Currency Conversion": "T0200",
    "User Initiated Currency Conversion": "T0201",
    "Bank Deposit to PP Account": "T0300",
    "General Withdrawal": "T0400",
    "General Withdrawal - Bank Account": "T0400",
    "User Initiated Withdrawal": "T0400",
    "Debit Card Purchase": "T0500",
    "General Credit Card Withdrawal": "T0600",
    "General Credit Card Deposit": "T0700",
    "General Card Deposit": "T0700",
    "Charge From Debit Card": "T0700",
    "Reversal of ACH Withdrawal Transaction": "T1101",
    "Reversal of ACH Deposit": "T1104",
    "Reversal of General Account Hold": "T1105",
    "Payment Reversal": "T1106",
    "Payment Refund": "T1107",
    "Fee Reversal": "T1108",
    "Fee Refund": "T1109",
    "Hold on Balance for Dispute Investigation": "T1110",
    "Cancellation of Hold for Dispute Resolution": "T1111",
    "MassPay Reversal Transaction": "T1114",
    "MassPay Refund Transaction": "T1115",
    "Chargeback": "T1201",
    "Chargeback Reversal": "T1202",
    "Reimbursement of Chargeback": "T1205",
    "General Authorization": "T1300",
    "General Authorisation": "T1300",
    "Void of Authorization": "T1302",
    "Temporary Hold": "T1500",
    "Account Hold for Open Authorization": "T1501",
    "Account Hold for Open Authorisation": "T1501",
    "Hold on Available Balance": "T1503",
    "General Hold": "T2101",
    "General Hold Release": "T2102",
    "Reserve Hold": "T2103",
    "Reserve Release": "T2104",
    "Payment Review Hold": "T2105",
    "Payment Review Release": "T2106",
    "Payment Hold": "T2107",
    "Payment Release": "T2108",
}
_STATUSES = {
    **dict.fromkeys(("Completed", "Refunded", "Partially Refunded", "Cleared"), "S"),
    "Reversed": "V",
    "Pending": "P",
    **dict.fromkeys(("Denied", "Failed", "Canceled", "Cancelled", "Expired", "Voided"), "D"),
}
#: Column → field of the row's money.
_PARTS = {
    "Shipping and Handling Amount": "shipping_amount",
    "Insurance Amount": "insurance_amount",
    "Sales Tax": "sales_tax_amount",
}
#: Column → field of the row's text.
_TEXTS = {
    "Reference Txn ID": "paypal_reference_id",
    "Invoice Number": "invoice_id",
    "Custom Number": "custom_field",
    "Subject": "transaction_subject",
    "Bank Reference ID": "bank_reference_id",
}


class Habits(NamedTuple):
    """How a file prints: the order of a date's parts, and the mark before the decimals."""

    order: str
    mark: str


def is_activity(headers: tuple[str, ...]) -> bool:
    return set(headers) >= NEEDED and any(name in headers for name in _ZONES)


def rows_to_objects(table: Table) -> Iterable[dict[str, Any]]:
    """The download's rows as the API's. Raises PayloadError naming the line, also for a file whose dates can be read both ways."""
    habits = Habits(_order(table), _mark(table))
    return together(_detail(row, habits) for row in table.rows if any(row.cells.values()))


def _order(table: Table) -> str:
    """Which of a date's parts is the month: told by any day beyond the twelfth."""
    found = [_DATE.fullmatch(row.text("Date", "")) for row in table.rows]
    parts = [(int(one[1]), int(one[2])) for one in found if one is not None]
    day_first, month_first = any(first > 12 for first, _ in parts), any(second > 12 for _, second in parts)
    if day_first and month_first:
        raise PayloadError("Date", "some dates begin with the day, others with the month")
    if parts and not day_first and not month_first and any(first != second for first, second in parts):
        raise PayloadError("Date", "days and months cannot be told apart: download a month that is over, or more")
    return "DMY" if day_first else "MDY"


def _mark(table: Table) -> str:
    printed = [row.text(name, "") for row in table.rows for name in ("Gross", "Fee", "Net")]
    is_comma, is_point = (any(re.search(rf"{mark}\d\d$", one) for one in printed) for mark in (",", r"\."))
    if is_comma and is_point:
        raise PayloadError("Gross", "some amounts have a decimal comma, others a decimal point")
    return "," if is_comma else "."


def _detail(row: Row, habits: Habits) -> dict[str, Any]:
    currency = row.text("Currency")

    def money(name: str) -> dict[str, str]:
        return {"currency_code": currency, "value": format(row.amount(name, mark=habits.mark), "f")}

    kind, status = row.text("Type").strip(), row.text("Status").strip()
    info: dict[str, Any] = {
        "transaction_id": row.text("Transaction ID"),
        "transaction_event_code": TYPES.get(kind, kind),
        "transaction_initiation_date": _moment(row, habits.order),
        "transaction_amount": money("Gross"),
        "transaction_status": _STATUSES.get(status, status),
    }
    if row.has("Fee") and row.amount("Fee", mark=habits.mark):
        info["fee_amount"] = money("Fee")
    info |= {field: money(name) for name, field in _PARTS.items() if row.has(name)}
    info |= {field: row.text(name) for name, field in _TEXTS.items() if row.has(name)}
    found: dict[str, Any] = {"transaction_info": info, "balance_impact": row.text("Balance Impact", "")}
    if row.has("Name"):
        found["payer_info"] = {"payer_name": {"alternate_full_name": row.text("Name")}}
    if row.has("Item Title"):
        found["cart_info"] = {"item_details": [{"item_name": row.text("Item Title")}]}
    return found


def _moment(row: Row, order: str) -> str:
    day = row.day("Date", order)
    name = next((one for one in _ZONES if row.has(one)), _ZONES[0])
    zone = _zone(row.text(name), row.at(name))
    try:
        hour, minute, second = (int(part) for part in row.text("Time").split(":"))
        moment = datetime(day.year, day.month, day.day, hour, minute, second, tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise PayloadError(row.at("Time"), f"{row.text('Time')[:20]!r} is not a time of that day") from error
    return moment.isoformat().replace("+00:00", "Z")


def _zone(printed: str, path: str) -> tzinfo:
    if printed in _OFFSETS:
        return timezone(timedelta(hours=_OFFSETS[printed]))
    problem = PayloadError(path, f"{printed[:40]!r} is not a time zone of one meaning")
    if "/" not in printed:
        raise problem
    try:
        return ZoneInfo(printed)
    except (ValueError, OSError, LookupError) as error:
        raise problem from error
