"""One company's whole story, put together from its streams."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

from integrations.sandbox.world import bookkeeper, planted, spending, systems
from integrations.sandbox.world.calendar import HORIZON, day_in, on_or_after
from integrations.sandbox.world.cast import CAST
from integrations.sandbox.world.chance import stream
from integrations.sandbox.world.newcomers import NEWCOMERS
from integrations.sandbox.world.payouts import pay_out
from integrations.sandbox.world.payroll import NO_PAYROLL, run_payroll
from integrations.sandbox.world.sales import sell
from integrations.sandbox.world.told import accounts_of, tell_all
from integrations.sandbox.world.trade import CheckBook, trade

if TYPE_CHECKING:
    from integrations.sandbox.world.cast import Cast
    from integrations.sandbox.world.documents import SeedDocument
    from integrations.sandbox.world.journal import Event, Movement, Posting
    from integrations.sandbox.world.payouts import Payout
    from integrations.sandbox.world.payroll import Payroll
    from integrations.sandbox.world.planted import Fault
    from integrations.sandbox.world.sales import Sales
    from integrations.sandbox.world.told import Told

EVERYONE = (*CAST, *NEWCOMERS)


@dataclass(frozen=True, slots=True)
class CompanyWorld:
    """Everything that happened to one company until the horizon.

    `postings` are the perfect books; `documents` is what QuickBooks holds (with the planted faults, without what the
    portal has to write); `movements` are the bank and card lines, pending ones past the horizon included; `told` are the
    parts of its systems that have a story of their own, by slug.
    """

    cast: Cast
    seed: int
    sales: Sales
    payouts: tuple[Payout, ...]
    payroll: Payroll
    documents: tuple[SeedDocument, ...]
    postings: tuple[Posting, ...]
    movements: tuple[Movement, ...]
    faults: tuple[Fault, ...]
    told: dict[str, Told]

    @property
    def chart(self) -> tuple[tuple[str, str, str], ...]:
        """Every account of the company: name, AccountType, AccountSubType."""
        return accounts_of(self.cast, self.told)

    @property
    def books_until(self) -> date:
        """First day whose processor, payroll and bank activity is not in QuickBooks."""
        return date.fromisoformat(systems.books_until(self.cast))


@dataclass(frozen=True, slots=True)
class World:
    seed: int
    companies: dict[str, CompanyWorld]

    def company(self, slug: str) -> CompanyWorld:
        """Raises KeyError for an unknown company."""
        return self.companies[slug]

    def using(self, system: str) -> dict[str, CompanyWorld]:
        """The companies that use a system, by slug."""
        return {slug: company for slug, company in self.companies.items() if system in company.cast.systems}


def _draw_checks(cast: Cast, seed: int, book: CheckBook) -> list[tuple[str, str, date]]:
    rng = stream(seed, cast.slug, "draws")
    found = []
    for month in cast.months:
        day = on_or_after(day_in(month, 15))
        found.append((month, book.number(), on_or_after(day + timedelta(days=rng.randint(2, 6)))))
    return found


def _native(cast: Cast, seed: int, sales: Sales, payroll: Payroll) -> list[Event]:
    card = spending.card_spending(cast, seed)
    events = [spending.opening_entry(cast), *trade(cast, seed, CheckBook(2001)), *card]
    events += spending.card_payments(cast, card)
    events += spending.owner_and_savings(cast, _draw_checks(cast, seed, CheckBook(5001)))
    events += spending.remittances(sales, payroll)
    events += spending.month_end_habits(cast, date.fromisoformat(systems.books_until(cast)))
    return events


def _bank_lines(cast: Cast) -> tuple[list[Event], list[SeedDocument]]:
    """The bank's fee and interest, and those somebody put into QuickBooks."""
    until, events, typed = date.fromisoformat(systems.books_until(cast)), [], []
    for movement, account in spending.bank_own_lines(cast):
        event = systems.bank_event(movement, account)
        events.append(event)
        by_hand = cast.catering_account and movement.key in {"fee-2026-01", "fee-2026-02"}
        if movement.posted_on < until or by_hand:
            typed.append(bookkeeper.bank_document(event, account))
    return events, typed


def company_of(cast: Cast, seed: int, told: dict[str, Told]) -> CompanyWorld:
    """The whole story of one company with the parts its systems told."""
    sales = sell(cast, seed)
    payouts = pay_out(cast, seed, sales)
    payroll = run_payroll(cast, seed) if "gusto" in cast.systems else NO_PAYROLL
    until = date.fromisoformat(systems.books_until(cast))
    processor = systems.processor_postings(sales, payouts)
    arrived, paid = systems.arrivals(payouts), systems.payroll_events(payroll)
    bank, typed = _bank_lines(cast)
    native = _native(cast, seed, sales, payroll)
    typed += bookkeeper.monthly_summaries(processor, until)
    typed += bookkeeper.entries_of(paid, until, "Payroll")
    typed += bookkeeper.payout_deposits(arrived, until)
    faults: list[Fault] = []
    if cast.catering_account:
        rightful, twice = planted.double_charge()
        native += rightful
        typed += [twice, planted.hand_payroll(planted.run_on(payroll, planted.HAND_PAYROLL_CHECK_DATE))]
        native = [planted.not_entered(event) for event in native]
        faults = planted.planted_faults(
            sales, payouts, payroll, fee=cast.fee_minor, rent=cast.rent_minor, saving=cast.savings_minor
        )
    native += [event for part in told.values() for event in part.events]
    events = [*native, *arrived, *paid, *bank]
    postings = processor + [posting for event in events for posting in event.postings]
    documents = typed + [document for event in native for document in event.documents]
    movements = [movement for event in events for movement in event.movements]
    return CompanyWorld(
        cast=cast,
        seed=seed,
        sales=sales,
        payouts=payouts,
        payroll=payroll,
        documents=tuple(sorted(documents, key=lambda document: (document.at, document.key))),
        postings=tuple(sorted(postings, key=lambda posting: (posting.day, posting.key))),
        movements=tuple(sorted(movements, key=lambda line: (line.posted_on, line.key))),
        faults=tuple(faults),
        told=told,
    )


@lru_cache(maxsize=4)
def build_world(seed: int = 7) -> World:
    """All companies; the same seed gives the same world, to the last id."""
    assert HORIZON.isoformat() > systems.books_until(CAST[-1])
    return World(seed, {cast.slug: company_of(cast, seed, tell_all(cast, seed)) for cast in EVERYONE})
