"""ADP pays Tamarack's people: three debits a run, a fee each month, and the carrier of the benefits paid by the company."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from integrations.sandbox.world import telling
from integrations.sandbox.world.calendar import CUT_OVER, HORIZON, day_in, month_of, on_or_after
from integrations.sandbox.world.journal import Event, entry
from integrations.sandbox.world.payroll import run_payroll
from integrations.sandbox.world.systems import payroll_rules, run_lines
from integrations.sandbox.world.told import BANK, Rule, Told

if TYPE_CHECKING:
    from collections.abc import Iterator

    from integrations.sandbox.world.cast import Cast
    from integrations.sandbox.world.payroll import Payroll, Run

SLUG = "adp"
FEES = "Payroll Service Fees"
FEE_MINOR, FEE_A_RUN_MINOR = 5900, 450
FEE_TEXT, CARRIER_TEXT = "ADP PAYROLL FEES", "HARBORVIEW BENEFITS TRUST ACH"


def _pulled(key: str, run: Run, text: str, owed: dict[str, int]) -> Event:
    """One debit of the day before pay day, by what it settles (account → cents)."""
    cents = sum(owed.values())
    postings = entry(run.debit_date, BANK, key, *owed.items(), ("Checking", -cents))
    return Event(postings=postings, movements=(telling.bank_line(key, run.debit_date, -cents, text, merchant="ADP"),))


def _run(run: Run) -> Iterator[Event]:
    """The run's journal on pay day; net pay with reimbursements, taxes and garnishments are taken apart."""
    key, garnished = f"{SLUG}-{run.uuid[:8]}", run.deducted_minor("garnishment")
    number = f"{int(run.uuid[:6], 16) % 1_000_000:06d}"
    yield Event(postings=entry(run.check_date, SLUG, key, *run_lines(run).items()))
    net = run.total_minor("net_minor") + run.total_minor("reimbursement_minor")
    yield _pulled(f"{key}-net", run, f"ADP WAGE PAY {number}", {"Payroll Clearing": net})
    taxes = {
        "Payroll Taxes Payable": run.total_minor("employee_taxes_minor"),
        "Employer Taxes Payable": run.total_minor("employer_taxes_minor"),
    }
    yield _pulled(f"{key}-tax", run, f"ADP TAX {number}", taxes)
    if garnished:
        yield _pulled(f"{key}-garn", run, f"ADP WAGE GARN {number}", {"Garnishments Payable": garnished})


def _monthly(payroll: Payroll) -> Iterator[Event]:
    """The fee for a month's runs on the fifteenth of it, and its benefits to the carrier on the eighth of the next."""
    for month, following in pairwise(telling.MONTHS):
        runs = [run for run in payroll.runs if month_of(run.check_date) == month]
        fee, day = FEE_MINOR + FEE_A_RUN_MINOR * len(runs), on_or_after(day_in(month, 15))
        yield telling.cash_event(f"{SLUG}-fee-{month}", day, FEES, -fee, FEE_TEXT, merchant="ADP")
        kept = sum(run.deducted_minor("benefit") + run.total_minor("company_benefits_minor") for run in runs)
        day = on_or_after(day_in(following, 8))
        if kept and day <= HORIZON:
            yield telling.cash_event(f"{SLUG}-benefits-{month}", day, "Benefits Payable", -kept, CARRIER_TEXT)


def tell(cast: Cast, seed: int) -> Told:
    """Runs every other Friday with overtime, a garnishment and now and then a reimbursement. Contractors are not paid by it."""
    payroll = replace(run_payroll(cast, seed), contractor_payments=())
    assert all(run.debit_date >= CUT_OVER for run in payroll.runs)
    events = [event for run in payroll.runs for event in _run(run)] + list(_monthly(payroll))
    return Told(
        data=payroll,
        events=tuple(events),
        accounts=((FEES, "Expense", "PayrollExpenses"),),
        mapping=(
            *payroll_rules(cast),
            Rule("fees", FEES, words=FEE_TEXT),
            Rule("benefit-payable", "Benefits Payable", words="HARBORVIEW BENEFITS"),
        ),
        payroll=payroll,
        seen=tuple(("payrolls", run.check_date) for run in payroll.runs),
    )
