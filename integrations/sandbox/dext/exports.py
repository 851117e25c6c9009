"""The CSV that a person exports from Dext's archive."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import TYPE_CHECKING

from integrations.sandbox.dext.story import CARD, SLUG, Archive
from integrations.sandbox.world.documents import dollars

if TYPE_CHECKING:
    from integrations.sandbox.dext.story import Item
    from integrations.sandbox.world.company import CompanyWorld

COLUMNS = (
    *("Item ID", "Document Reference", "Document Type", "Date", "Due Date", "Supplier", "Category", "Currency"),
    *("Net Amount", "Tax Amount", "Total Amount", "Payment Method", "Paid", "Publish To", "Submitted By"),
)


def exports(company: CompanyWorld) -> dict[str, bytes]:
    """One file of everything in the archive."""
    known = company.told[SLUG].data
    assert isinstance(known, Archive)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(_row(item) for item in known.items)
    return {"dext-costs-archive.csv": text.getvalue().encode()}


def _row(item: Item) -> tuple[object, ...]:
    due = f"{item.day + timedelta(days=30):%m/%d/%Y}" if item.road == "Bill" else ""
    method = {"Cheque": "Checking", "Credit card": CARD}.get(item.road, "")
    amounts = (dollars(item.net_minor), dollars(item.tax_minor), dollars(item.amount_minor))
    return (
        *(item.id, item.number, item.kind, f"{item.day:%m/%d/%Y}", due, item.supplier, item.account, "USD"),
        *(*amounts, method, "Yes" if method else "No", item.road, "Odette Lacey"),
    )
