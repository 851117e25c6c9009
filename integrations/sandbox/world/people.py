"""Who works where: employees, contractors, and the firms and shops a company trades with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Employee:
    """`rate_minor` is per hour when `hourly`, otherwise the salary of one bi-weekly period."""

    first: str
    last: str
    department: str
    title: str
    hourly: bool
    rate_minor: int
    federal_bp: int
    state_bp: int
    health_minor: int = 0
    health_company_minor: int = 0
    retirement_bp: int = 0
    garnishment_minor: int = 0

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"


@dataclass(frozen=True, slots=True)
class Contractor:
    first: str
    last: str
    fee_minor: int

    @property
    def name(self) -> str:
        return f"{self.first} {self.last}"


@dataclass(frozen=True, slots=True)
class Supply:
    """A vendor billed on a fixed day of the month. `method` is "check" or "ach"; `bank_text` is what the bank prints."""

    vendor: str
    account: str
    day: int
    low_minor: int
    high_minor: int
    pay_after_days: int
    method: str
    bank_text: str


@dataclass(frozen=True, slots=True)
class CardHabit:
    """Spending on the business card: about `times` a month between two amounts (equal amounts = a subscription)."""

    vendor: str
    account: str
    times: int
    low_minor: int
    high_minor: int
    bank_text: str
    category: str


@dataclass(frozen=True, slots=True)
class Buyer:
    """A wholesale customer and the size of its invoices; pays `pays_after_days` later (give or take a week)."""

    name: str
    low_minor: int
    high_minor: int
    times: int
    pays_after_days: int


@dataclass(frozen=True, slots=True)
class Channel:
    """A way of selling through the processor; `weight` in percent, amounts before tax and tip."""

    name: str
    account: str
    weight: int
    low_minor: int
    high_minor: int
    tax_bp: int = 0
    tip_percent_of_sales: int = 0
