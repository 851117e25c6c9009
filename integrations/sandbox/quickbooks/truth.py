"""What a company's books really hold, for the control surface and for tests: never through the wire."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from integrations.sandbox.quickbooks.reports.basis import Ledger
from integrations.sandbox.quickbooks.reports.statements import trial_figures

if TYPE_CHECKING:
    from datetime import date

    from integrations.sandbox.quickbooks.company import Company


def trial_balance(company: Company, on: date, basis: str = "Accrual") -> dict[str, int]:
    """Debit-positive cents by fully qualified account name at the end of a day, accounts without balance left out."""
    figures = trial_figures(Ledger(company.books, basis), on)
    accounts = company.books.held["Account"]
    return {accounts[key].content["FullyQualifiedName"]: amount for key, amount in figures.items() if amount}


def movements(company: Company, since: date, until: date) -> dict[str, tuple[int, int]]:
    """(debits, credits) in positive cents by account name over a span, both days included."""
    found: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    accounts = company.books.held["Account"]
    for held in company.books.between(since, until):
        for posting in held.postings:
            side = 0 if posting.amount > 0 else 1
            found[accounts[posting.account].content["FullyQualifiedName"]][side] += abs(posting.amount)
    return {name: (debits, credits_) for name, (debits, credits_) in found.items()}


def documents(company: Company) -> list[dict[str, Any]]:
    """Every document that stands, oldest first: kind, id, date, number, note, cents of its debit side."""
    books = company.books
    return [
        {
            "kind": held.kind,
            "id": held.id,
            "on": held.on.isoformat() if held.on else "",
            "number": held.content.get("DocNumber", ""),
            "note": held.content.get("PrivateNote", ""),
            "amount": sum(posting.amount for posting in held.postings if posting.amount > 0),
        }
        for held in sorted(books.documents.values(), key=lambda held: (str(held.on), int(held.id)))
    ]


def duplicates(company: Company, prefix: str) -> dict[str, list[str]]:
    """Ids of documents whose notes begin with the same machine line (starting with `prefix`), where there are several."""
    found: dict[str, list[str]] = defaultdict(list)
    for held in company.books.documents.values():
        first, _, _ = str(held.content.get("PrivateNote") or "").partition("\n")
        if first.startswith(prefix):
            found[first].append(f"{held.kind}/{held.id}")
    return {marker: ids for marker, ids in found.items() if len(ids) > 1}


def open_balances(company: Company, kind: str) -> dict[str, int]:
    """Cents owed by each customer, or to each vendor, by name."""
    sign = 1 if kind == "Customer" else -1
    return {
        str(held.content["DisplayName"]): sign * company.books.entity_balances[kind, held.id]
        for held in company.books.held[kind].values()
        if company.books.entity_balances.get((kind, held.id))
    }
