"""Melio's exported lists as the objects its API gives. Its help names the export and not the columns: a file must have these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.errors import PayloadError
from integrations.provider import FileLayout
from integrations.providers.melio.readings import DOLLARS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integrations.tables import Row, Table

BILL_COLUMNS = ("Bill ID", "Vendor", "Invoice number", "Created", "Due date", "Bill amount", "Bill status")
PAYMENT_COLUMNS = (
    *("Payment ID", "Bill ID", "Vendor", "Payment date", "Amount", "Fee", "Delivery"),
    *("Paid from", "Paid from type", "Payment status", "Last update"),
)
_STATUSES = {"in progress": "in-progress", "partially paid": "partially-paid"}
_TYPES = {"bank": "bank-account", "bank account": "bank-account", "credit card": "card", "debit card": "card"}


def _printed(row: Row, name: str, words: dict[str, str]) -> str:
    """The API's word for a printed one."""
    found = row.text(name).lower()
    return words.get(found, found)


def bills(table: Table) -> Iterator[dict[str, Any]]:
    """A bill for each row. Raises PayloadError naming line and column."""
    for row in table.rows:
        yield {
            "id": row.text("Bill ID"),
            "history": {"createdAt": row.day("Created", "MDY").isoformat()},
            "status": _printed(row, "Bill status", _STATUSES),
            "billInfo": {
                "amount": row.minor("Bill amount", DOLLARS),
                "currency": DOLLARS,
                "dueDate": row.day("Due date", "MDY").isoformat(),
                "invoice": {"number": row.text("Invoice number")},
                "vendor": {"name": row.text("Vendor")},
            },
        }


def payments(table: Table) -> Iterator[dict[str, Any]]:
    """A payment for each row. Raises PayloadError naming line and column, also for a payment that has two."""
    seen: set[str] = set()
    for row in table.rows:
        mark = row.text("Payment ID")
        if mark in seen:
            raise PayloadError(row.at("Payment ID"), "is there twice: a payment of several bills is brought by the API")
        seen.add(mark)
        fee = row.minor("Fee", DOLLARS, 0)
        yield {
            "payment": {
                "id": mark,
                "amount": row.minor("Amount", DOLLARS),
                "currency": DOLLARS,
                "scheduledDate": row.day("Payment date", "MDY").isoformat(),
                "status": _printed(row, "Payment status", _STATUSES),
                "fees": [{"amount": fee, "type": row.text("Delivery")}] if fee else [],
                "history": {"updatedAt": row.day("Last update", "MDY").isoformat()},
            },
            "intent": {"id": row.text("Bill ID"), "vendor": {"name": row.text("Vendor")}},
            "source": {
                "id": row.text("Paid from"),
                "displayName": row.text("Paid from"),
                "type": _printed(row, "Paid from type", _TYPES),
            },
        }


_HELP = "Pay, then {}, Export to CSV, all columns; the file must have the columns {}."

FILES = (
    FileLayout(
        name="bills",
        label="Bills",
        stream="bills",
        recognise=lambda headers: set(BILL_COLUMNS) <= set(headers),
        objects=bills,
        help=_HELP.format("Inbox", ", ".join(BILL_COLUMNS)),
    ),
    FileLayout(
        name="payments",
        label="Payments",
        stream="payments",
        recognise=lambda headers: set(PAYMENT_COLUMNS) <= set(headers),
        objects=payments,
        help=_HELP.format("Payments", ", ".join(PAYMENT_COLUMNS)),
    ),
)
