"""Dext's archive as a person exports it: a row for each item, or one for each line of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.errors import PayloadError
from integrations.provider import FileLayout

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integrations.tables import Row, Table

NEEDED = ("Document Reference", "Document Type", "Date", "Supplier", "Currency", "Total Amount", "Publish To")
#: Printed names of what is text either way → the object's.
_TEXTS = {
    "Item ID": "itemId",
    "Publish To": "publishTo",
    "Category": "category",
    "Payment Method": "paymentMethod",
    "Description": "description",
    "Submitted By": "submittedBy",
    "Image": "imageUrl",
    "Note": "note",
}
_AMOUNTS = {"Net Amount": "netAmount", "Tax Amount": "taxAmount"}
_LINE_TEXTS = {
    "Line Description": "description",
    "Line Category": "category",
    "Line Project": "project",
    "Line Class": "class",
}
_LINE_AMOUNTS = {"Line Net": "netAmount", "Line Tax": "taxAmount", "Line Total": "totalAmount"}
_YES = {"yes": True, "paid": True, "true": True, "no": False, "unpaid": False, "false": False}


def items(table: Table) -> Iterator[dict[str, Any]]:
    """An item for each row; rows of one item id, or of one supplier's document, are its lines. Raises PayloadError naming them."""
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in table.rows:
        item, line = _item(row), _line(row)
        key = (item["itemId"],) if "itemId" in item else (item["supplier"], item["documentReference"])
        known = found.setdefault(key, item)
        if known is not item and (line is None or not known.get("lineItems")):
            raise PayloadError(row.at("Document Reference"), "is there twice without lines")
        if known is not item and known["totalAmount"] != item["totalAmount"]:
            raise PayloadError(row.at("Total Amount"), "is not that of the item's first line")
        if line is not None:
            known.setdefault("lineItems", []).append(line)
    yield from found.values()


def _item(row: Row) -> dict[str, Any]:
    """Days are printed as the account's region has them: month first, unless the year is."""
    item: dict[str, Any] = {
        "documentReference": row.text("Document Reference"),
        "documentType": row.text("Document Type").lower(),
        "documentDate": row.day("Date", "MDY").isoformat(),
        "supplier": row.text("Supplier"),
        "currency": row.text("Currency"),
        "totalAmount": str(row.amount("Total Amount")),
    }
    item |= {told: row.text(name) for name, told in _TEXTS.items() if row.has(name)}
    item |= {told: str(row.amount(name)) for name, told in _AMOUNTS.items() if row.has(name)}
    if row.has("Due Date"):
        item["dueDate"] = row.day("Due Date", "MDY").isoformat()
    if row.has("Paid"):
        printed = row.text("Paid").lower()
        if printed not in _YES:
            raise PayloadError(row.at("Paid"), f"{printed[:20]!r} is neither yes nor no")
        item["paid"] = _YES[printed]
    return item


def _line(row: Row) -> dict[str, Any] | None:
    if not any(row.has(name) for name in _LINE_AMOUNTS):
        return None
    line: dict[str, Any] = {told: row.text(name) for name, told in _LINE_TEXTS.items() if row.has(name)}
    return line | {told: str(row.amount(name)) for name, told in _LINE_AMOUNTS.items() if row.has(name)}


FILES = (
    FileLayout(
        name="archive",
        label="Costs archive",
        stream="items",
        recognise=lambda headers: set(NEEDED) <= set(headers),
        objects=items,
        help=f"Costs, Archive, select the month's items, Export, CSV with the columns {', '.join(NEEDED)}.",
        reference="https://help.dext.com/en/s/article/The-Costs-Workspace",
    ),
)
