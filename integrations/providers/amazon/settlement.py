"""Amazon's settlement report, flat file V2, as raw objects: one for the settlement itself, one for each event in it.

A report that was fetched and the same file brought by a person go through here alike, so that they are the same objects. The
first row holds the total and no event, every other row one component of an amount; which rows are one event has to be worked
out, and rows without any number of their own are told apart by their place among equals.
https://developer-docs.amazon.com/sp-api/docs/report-type-values-settlement
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from integrations import tables
from integrations.errors import PayloadError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from integrations.tables import Row, Table

REPORT = "GET_V2_SETTLEMENT_REPORT_DATA_FLAT_FILE_V2"
ID, TOTAL, AMOUNT = "settlement-id", "total-amount", "amount"
TYPE, KIND, WHAT = "transaction-type", "amount-type", "amount-description"
POSTED_DAY, POSTED_AT = "posted-date", "posted-date-time"
NEEDED = frozenset([ID, "currency", "deposit-date", TOTAL, TYPE, KIND, WHAT, AMOUNT, POSTED_DAY])
#: Of the whole settlement; some files print them on each row.
_OF_SETTLEMENT = ("settlement-start-date", "settlement-end-date", "deposit-date", TOTAL, "currency")
#: Transaction types whose rows make up one sale, and those that make up one refund.
SALES = frozenset(["order", "liquidations", "order_retrocharge"])
REFUNDS = frozenset(["refund", "chargeback refund", "a-to-z guarantee refund", "refund_retrocharge"])
#: What the rows of one sale or refund have in common.
_TOGETHER = (TYPE, "order-id", "adjustment-id", "shipment-id", "marketplace-name", POSTED_DAY, POSTED_AT)


def is_settlement(headers: tuple[str, ...]) -> bool:
    """Whether a header row is that of V2; V1 and the XML are deprecated and have other columns."""
    return set(headers) >= NEEDED


def report_objects(content: bytes) -> list[dict[str, Any]]:
    """The objects of a fetched report. Raises PayloadError for what is no settlement report of this kind."""
    table = tables.find(content, "settlement.tsv", is_settlement)
    if table is None:
        raise PayloadError("$", "the document is no settlement report V2")
    return list(rows_to_objects(table))


def rows_to_objects(table: Table) -> Iterator[dict[str, Any]]:
    """A file's settlements, each followed by its events. Raises PayloadError naming line and column."""
    mark = _mark(table)
    found: dict[str, list[Row]] = {}
    for row in table.rows:
        if any(row.cells.values()):
            found.setdefault(row.text(ID), []).append(row)
    for number, rows in found.items():
        yield from _settlement(number, rows, mark)


def _settlement(number: str, rows: list[Row], mark: str) -> Iterator[dict[str, Any]]:
    whole = [row for row in rows if not row.has(TYPE) and not row.has(KIND)]
    if len(whole) != 1:
        raise PayloadError(rows[0].at(TOTAL), f"settlement {number} has {len(whole)} rows that hold its total, not one")
    events = [row for row in rows if row is not whole[0]]
    total = sum((row.amount(AMOUNT, mark=mark) for row in events), Decimal(0))
    kept = {name: whole[0].text(name, "") for name in (ID, *_OF_SETTLEMENT)}
    whole[0].amount(TOTAL, mark=mark)
    yield {**_told(kept), "mark": mark, "rows": len(events), "rows-total": format(total, "f")}
    common = {ID: number, "currency": whole[0].text("currency"), "mark": mark}
    for identity, of_event in _events(events):
        yield {**common, "event": identity, "rows": [_component(row) for row in of_event]}


def _events(rows: Iterable[Row]) -> Iterator[tuple[str, list[Row]]]:
    """Rows by event: those of one sale or refund together, every other by itself, in the order of the file."""
    found: dict[tuple[str, ...], list[Row]] = {}
    for index, row in enumerate(rows):
        kind = row.text(TYPE, "").casefold()
        is_many = kind in SALES | REFUNDS and row.has("order-id")
        key = tuple(row.text(name, "") for name in _TOGETHER) if is_many else (str(index),)
        found.setdefault(key, []).append(row)
    seen: dict[str, int] = {}
    for rows_of_one in found.values():
        name = _name(rows_of_one[0])
        seen[name] = seen.get(name, 0) + 1
        yield f"{name}:{seen[name]}", rows_of_one


def _name(row: Row) -> str:
    """What an event is called: its type, its order or what it is for, and when."""
    said = [row.text(TYPE, ""), row.text("order-id", "") or row.text(WHAT, ""), row.text("adjustment-id", "")]
    parts = [*said, row.text("shipment-id", ""), row.text(POSTED_AT, "") or row.text(POSTED_DAY, "")]
    return ":".join(re.sub(r"[^A-Za-z0-9_.+-]+", "-", part)[:40] for part in parts if part)


def _component(row: Row) -> dict[str, str]:
    """A row as printed, without what is the settlement's and without what is empty."""
    row.text(AMOUNT)
    return _told({name: cell for name, cell in row.cells.items() if name not in (ID, *_OF_SETTLEMENT)})


def _told(cells: Mapping[str, str]) -> dict[str, str]:
    return {name: cell for name, cell in cells.items() if cell}


def _mark(table: Table) -> str:
    """The decimal mark of a file, told by its amounts: files of Europe have a comma. Raises PayloadError for both."""
    printed = [(row, name) for row in table.rows for name in (AMOUNT, TOTAL) if row.has(name)]
    commas = [at for at in printed if re.search(r",\d{1,2}\)?-?$", at[0].text(at[1]))]
    points = [at for at in printed if re.search(r"\.\d{1,2}\)?-?$", at[0].text(at[1]))]
    if commas and points:
        row, name = min(commas, points, key=len)[0]
        raise PayloadError(row.at(name), "the file has amounts with a decimal comma and with a decimal point")
    return "," if commas else "."
