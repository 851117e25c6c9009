"""AgedReceivables and AgedPayables: open items by customer or vendor, by days past due at a date."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

from integrations.sandbox.quickbooks.faults import QuickBooksFault
from integrations.sandbox.quickbooks.preparing import name_of
from integrations.sandbox.quickbooks.reports.shape import column, data, money, report, section, text, total
from integrations.sandbox.quickbooks.ruling import SETTLES, linked_lines

if TYPE_CHECKING:
    from integrations.sandbox.quickbooks.books import Books, Held
    from integrations.sandbox.quickbooks.reports.basis import Ledger
    from integrations.sandbox.quickbooks.reports.request import ReportRequest


class OpenItem(NamedTuple):
    """What is open of a document with one party at a date; natural sign: positive is owed."""

    entity: str
    document: Held
    due: date
    amount: int


def open_items(books: Books, kind: str, on: date) -> list[OpenItem]:
    """Open items of all `Customer`s or `Vendor`s; they sum to the balance of the control account at that date."""
    account_type, sign = {"Customer": ("Accounts Receivable", 1), "Vendor": ("Accounts Payable", -1)}[kind]
    controls = {held.id for held in books.held["Account"].values() if held.content["AccountType"] == account_type}
    amounts: dict[str, int] = defaultdict(int)
    parties: dict[str, str] = {}
    for held in books.documents.values():
        if held.on is None or held.on > on:
            continue
        for posting in held.postings:
            if posting.account in controls:
                amounts[held.id] += sign * posting.amount
                parties[held.id] = posting.entity[1] if posting.entity else ""
    for source in list(amounts):
        _settle(books, books.documents[source], amounts)
    return [
        OpenItem(parties[key], books.documents[key], _due(books.documents[key]), amount)
        for key, amount in amounts.items()
        if amount
    ]


def _settle(books: Books, held: Held, amounts: dict[str, int]) -> None:
    """Move what a payment settles from the document to the payment, as far as both are dated in time."""
    for target, txn_type, amount in linked_lines(held.content):
        sign = SETTLES.get(held.kind, {}).get(txn_type)
        if sign is None or target not in amounts or target not in books.documents:
            continue
        worth = abs(held.reliefs[target]) if target in held.reliefs else amount
        amounts[target] -= sign * worth
        amounts[held.id] += sign * worth


def _due(held: Held) -> date:
    assert held.on is not None
    text_ = held.content.get("DueDate")
    return date.fromisoformat(str(text_)) if text_ else held.on


def aged_receivables(ledger: Ledger, request: ReportRequest) -> dict[str, Any]:
    return _aged(ledger, request, "Customer")


def aged_payables(ledger: Ledger, request: ReportRequest) -> dict[str, Any]:
    return _aged(ledger, request, "Vendor")


def _number(request: ReportRequest, name: str, default: int) -> int:
    given = request.parameters.get(name, str(default))
    if not given.isdigit() or int(given) < 1:
        raise QuickBooksFault("2010", f"{name} {given}", element=name)
    return int(given)


def _aged(ledger: Ledger, request: ReportRequest, kind: str) -> dict[str, Any]:
    length, count = _number(request, "aging_period", 30), _number(request, "num_periods", 4)
    width = count + 1
    table: dict[str, list[int]] = defaultdict(lambda: [0] * width)
    for item in open_items(ledger.books, kind, request.until):
        late = (request.until - item.due).days
        bucket = 0 if late <= 0 else min((late - 1) // length + 1, count)
        table[item.entity][bucket] += item.amount
    wanted = request.ids(kind.lower())
    names = {key: _party(ledger.books, kind, key) for key in table if not wanted or key in wanted}
    rows = []
    sums = [0] * width
    for key in sorted(names, key=lambda found: names[found].casefold()):
        figures = table[key]
        if not any(figures):
            continue
        sums = [one + other for one, other in zip(sums, figures, strict=True)]
        cells = [text(names[key], key), *(money(amount) for amount in figures), money(sum(figures))]
        rows.append(data(cells, typed=False))
    if rows:
        closing = [text("TOTAL"), *(total(amount) for amount in sums), total(sum(sums))]
        rows.append(section(summary=closing, group="GrandTotal"))
    titles = ["Current", *(f"{length * step + 1} - {length * (step + 1)}" for step in range(count - 1))]
    titles.append(f"{length * (count - 1) + 1} and over")
    columns = [column("", kind, "cust_name" if kind == "Customer" else "vend_name")]
    columns += [column(title, "Money", "current" if not step else str(step - 1)) for step, title in enumerate(titles)]
    columns.append(column("Total", "Money", "total"))
    options = (("report_date", request.until.isoformat()),)
    return report(request, columns, rows, basis=False, options=options)


def _party(books: Books, kind: str, identifier: str) -> str:
    held = books.find(kind, identifier)
    return name_of(held.content, kind) if held else ""
