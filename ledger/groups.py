"""The companies of a group together: their books combined over a period, and the declared pairs of accounts between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from clients.templatetags.portal import money
from clients.tenancy import client_context
from ledger import intercompany, statements
from ledger.core import combined_statements
from ledger.core.combined_statements import Company, Pair, Side
from ledger.core.period import first_day
from ledger.models import IntercompanyPair, Period

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from clients.models import Client
    from ledger.core.combined_statements import Combination
    from ledger.core.comparing import Span
    from ledger.core.period import Month
    from ledger.intercompany import PairProof

#: Statements that are combined.
STATEMENTS = {"tb": "Trial balance", "pl": "Profit and loss", "bs": "Balance sheet"}


@dataclass(frozen=True, slots=True)
class Combined:
    """A combined statement. ``notes`` say what it leaves out or does not add up; ``outside`` counts pairs with other companies."""

    companies: tuple[Client, ...]
    combination: Combination
    notes: tuple[str, ...]
    outside: int


def combined(companies: Sequence[Client], slug: str, span: Span, *, hidden: int) -> Combined:
    """One of ``STATEMENTS`` of these companies; ``hidden`` counts those of the group that the person does not see.

    Two queries a company, each in its own context, whatever the number of entries.
    """
    place = {company.pk: at for at, company in enumerate(companies)}
    read, pairs, outside = [], [], 0
    for at, company in enumerate(companies):
        with client_context(company.pk):
            books = statements.load(company, through=first_day(span.last))
            declared = list(IntercompanyPair.objects.filter(client=company))
        read.append(Company(company.name, company.home_currency, books))
        outside += sum(pair.partner_id not in place for pair in declared)
        pairs += [
            Pair(Side(at, str(pair.account_id)), Side(place[pair.partner_id], str(pair.partner_account_id)))
            for pair in declared
            if place.get(pair.partner_id, -1) > at
        ]
    made = combined_statements.combine(slug, span, read, pairs, is_partial=hidden > 0)
    notes = [*_left_out(companies, made, hidden), *_differing(companies, read, made)]
    if made.is_added and outside:
        notes.append(f"{_many(outside, 'declared pair')} with other companies: not eliminated.")
    if made.is_added and len({company.fiscal_year_start_month for company in companies}) > 1 and slug != "pl":
        notes.append("The companies’ fiscal years begin in different months: each one’s net income is of its own year.")
    return Combined(tuple(companies), made, tuple(notes), outside)


def _left_out(companies: Sequence[Client], made: Combination, hidden: int) -> list[str]:
    notes = []
    if hidden:
        verb = "is" if hidden == 1 else "are"
        notes.append(f"Partial: {_many(hidden, 'company', 'companies')} of the group {verb} not among those you see.")
    if not made.is_added:
        kept = ", ".join(f"{company.name} in {company.home_currency}" for company in companies)
        notes.append(f"Not added up: the books are kept in different currencies ({kept}).")
    return notes


def _differing(companies: Sequence[Client], read: Sequence[Company], made: Combination) -> list[str]:
    """Each pair whose sides do not mirror each other, by how much."""
    names = [{account.key: account.name for account in company.books.accounts} for company in read]
    notes = []
    for one in made.eliminated:
        if one.difference:
            mine, theirs = (f"{companies[side.company]} {names[side.company][side.account]}" for side in one.pair)
            off = money(abs(one.difference), companies[0].home_currency)
            notes.append(f"{mine} and {theirs} differ by {off}: eliminated as far as both agree.")
    return notes


def _many(count: int, one: str, more: str = "") -> str:
    return f"{count} {one if count == 1 else more or one + 's'}"


def pairs(companies: Sequence[Client], month: Month) -> tuple[list[tuple[Client, PairProof]], int]:
    """The declared pairs among the companies at a month's end, each once, and how many pairs lead to other companies."""
    ids = [company.pk for company in companies]
    found, outside = [], 0
    for company in companies:
        with client_context(company.pk):
            proofs = intercompany.prove(company, month)
        outside += sum(proof.pair.partner_id not in ids for proof in proofs)
        found += [
            (company, proof)
            for proof in proofs
            if proof.pair.partner_id in ids and ids.index(company.pk) < ids.index(proof.pair.partner_id)
        ]
    return found, outside


def month_states(companies: Sequence[Client]) -> dict[int, dict[date, str]]:
    """By company the state of each month that has books."""
    found = {}
    for company in companies:
        with client_context(company.pk):
            found[company.pk] = dict(Period.objects.filter(client=company).values_list("month", "state"))
    return found
