"""The companies of a group side by side in a month: how far each close is, what is open and for how much, where books are kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Sum
from django.db.models.functions import Abs

from clients import catalogue
from clients.models import Client
from clients.tenancy import client_context
from closeout import workflow
from closeout.models import BoardRow, CloseRun
from integrations.models import Connection, Fact
from integrations.records import CompanyProfile
from ledger import groups
from ledger.core.comparing import Span
from ledger.models import LedgerException

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ledger.core.period import Month
    from ledger.groups import Combined


@dataclass(frozen=True, slots=True)
class Open:
    """How many are open, and the sum of their amounts without sign in minor units of the home currency."""

    count: int = 0
    amount: int = 0


@dataclass(frozen=True, slots=True)
class Company:
    """One company in the month. ``row`` is None where the close was not opened, ``ledger`` without an accounting file.

    ``file`` is the name the company bears in its accounting file, '' where the system tells none.
    """

    client: Client
    row: BoardRow | None
    checks: Open
    exceptions: Open
    ledger: Connection | None
    file: str

    @property
    def status(self) -> str:
        return self.row.status if self.row else "not_started"

    @property
    def system(self) -> str:
        """The accounting system's name; Tieout where the books are kept here."""
        if self.client.books == Client.Books.TIEOUT:
            return "Tieout"
        return catalogue.name_of(self.ledger.provider) if self.ledger else ""


def side_by_side(companies: Sequence[Client], month: Month) -> list[Company]:
    """In three queries for all, which the board's context opens, and few for each company's checks and file."""
    rows = {row.client_id: row for row in BoardRow.objects.filter(client__in=companies, month=month.first)}
    kept = Connection.objects.filter(client__in=companies, keeps_books=True).exclude(
        state__in=[Connection.State.DISCONNECTED, Connection.State.PENDING]
    )
    ledgers = {connection.client_id: connection for connection in kept}
    exceptions = _exceptions(companies)
    return [
        Company(
            company,
            rows.get(company.pk),
            _checks(company, month),
            exceptions.get(company.pk, Open()),
            ledgers.get(company.pk),
            _file(company, ledgers.get(company.pk)),
        )
        for company in companies
    ]


def _exceptions(companies: Sequence[Client]) -> dict[int, Open]:
    waiting = LedgerException.objects.filter(client__in=companies, state=LedgerException.State.OPEN)
    sums = waiting.values("client_id").annotate(count=Count("pk"), amount=Sum(Abs("amount_minor"))).order_by()
    return {row["client_id"]: Open(row["count"], row["amount"] or 0) for row in sums}


def _checks(company: Client, month: Month) -> Open:
    """Checks that neither hold nor were let through; counts and foreign figures add nothing to the amount."""
    with client_context(company.pk):
        close = CloseRun.objects.filter(client=company, month=month.first).first()
        found = workflow.blockers(close) if close else []
    home = {"money", company.home_currency}
    return Open(len(found), sum(abs(row.difference or 0) for row in found if row.unit in home))


def _file(company: Client, ledger: Connection | None) -> str:
    """The name in the newest profile the accounting system gave of itself."""
    if ledger is None:
        return ""
    with client_context(company.pk):
        told = Fact.objects.filter(client=company, connection=ledger, kind=CompanyProfile.__name__)
        newest = told.exclude(state=Fact.State.SUPERSEDED).order_by("-pk").values_list("data__name", flat=True).first()
    return newest or ""


@dataclass(frozen=True, slots=True)
class Figure:
    """One headline figure of the combined statements by company, the eliminations and the total left out where not added up."""

    label: str
    slug: str
    amounts: tuple[int, ...]
    eliminated: int | None
    combined: int | None


def headlines(companies: Sequence[Client], month: Month, *, hidden: int) -> tuple[list[Figure], Combined]:
    """Income, net income, assets and equity of the month, and the combined balance sheet they are from."""
    whole = Span(month, month)
    earned = groups.combined(companies, "pl", whole, hidden=hidden)
    held = groups.combined(companies, "bs", whole, hidden=hidden)
    wanted = (
        (earned, "pl", "Total income"),
        (earned, "pl", "Net income"),
        (held, "bs", "Total assets"),
        (held, "bs", "Total liabilities"),
        (held, "bs", "Total equity"),
    )
    found = []
    for made, slug, label in wanted:
        line = next((line for line in made.combination.sheet.lines if line.label == label and line.style), None)
        if line is not None:
            amounts = [cell.amount or 0 for cell in line.cells]
            rest = amounts[len(companies) :] if made.combination.is_added else [None, None]
            found.append(Figure(label, slug, tuple(amounts[: len(companies)]), rest[0], rest[1]))
    return found, held
