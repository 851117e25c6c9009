"""QuickBooks Payroll pays Osprey's people and posts every run, both pulls and the contractor into QuickBooks by itself."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from integrations.sandbox.world import documents
from integrations.sandbox.world.calendar import CUT_OVER, HORIZON, day_in, month_of, on_or_after
from integrations.sandbox.world.journal import Event, entry
from integrations.sandbox.world.payroll import run_payroll
from integrations.sandbox.world.systems import payroll_rules, pull_lines, run_lines
from integrations.sandbox.world.telling import MONTHS, bank_line
from integrations.sandbox.world.told import NATIVE, Told

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from integrations.sandbox.world.cast import Cast
    from integrations.sandbox.world.payroll import ContractorPayment, Payroll, Run

SLUG = "quickbooks-payroll"
#: What the tax pull settles; the rest of the pulls is net pay, reimbursements and what the court ordered.
TAXES = ("Payroll Taxes Payable", "Employer Taxes Payable")
CARRIER = "Harborview Benefits Trust"


def _posted(key: str, day: date, lines: dict[str, int], text: str, note: str) -> Event:
    """An entry that QuickBooks Payroll posted, and the bank's line where it touches Checking."""
    document = documents.journal_entry(key, day, [(name, cents, note) for name, cents in lines.items()], note=note)
    cash = lines.get("Checking", 0)
    movements = (bank_line(key, day, cash, text, merchant="Intuit"),) if cash else ()
    return Event((document,), entry(day, NATIVE, key, *lines.items()), movements)


def _run(run: Run) -> Iterator[Event]:
    """The paycheques on the check date, and both pulls the business day before."""
    number, settled = run.uuid[:8], pull_lines(run)
    note = f"Payroll {run.period_start} to {run.period_end}"
    taxes = {name: settled[name] for name in TAXES} | {"Checking": -run.tax_debit_minor}
    net = {name: cents for name, cents in settled.items() if name not in taxes} | {"Checking": -run.net_pull_minor}
    yield _posted(f"{SLUG}-{number}", run.check_date, run_lines(run), "", note)
    yield _posted(f"{SLUG}-{number}-net", run.debit_date, net, f"INTUIT PAYROLL {number.upper()}", f"{note}, net pay")
    yield _posted(f"{SLUG}-{number}-tax", run.debit_date, taxes, f"INTUIT TAX {number.upper()}", f"{note}, tax payment")


def _spent(key: str, day: date, account: str, vendor: str, cents: int, text: str) -> Event:
    line = documents.expense_line(account, cents, text)
    document = documents.purchase(key, day, paid_from="Checking", kind="Cash", vendor=vendor, lines=[line])
    postings = entry(day, NATIVE, key, (account, cents), ("Checking", -cents))
    return Event((document,), postings, (bank_line(key, day, -cents, text, merchant=vendor),))


def _contractor(paid: ContractorPayment) -> Event:
    """Straight from Checking: payments to contractors are no payroll there."""
    text = f"INTUIT PAYROLL {paid.name.upper()}"
    return _spent(f"{SLUG}-{paid.uuid[:8]}", paid.debit_date, "Contractors", paid.name, paid.amount_minor, text)


def _benefits(payroll: Payroll) -> Iterator[Event]:
    """What was kept for benefits in a month goes to the carrier on the eighth of the next."""
    for previous, month in pairwise(MONTHS):
        month_runs = [run for run in payroll.runs if month_of(run.check_date) == previous]
        cents = sum(run.deducted_minor("benefit") + run.total_minor("company_benefits_minor") for run in month_runs)
        day = on_or_after(day_in(month, 8))
        if cents and day <= HORIZON:
            text = f"{CARRIER.upper()} ACH"
            yield _spent(f"{SLUG}-benefits-{month}", day, "Benefits Payable", CARRIER, cents, text)


def tell(cast: Cast, seed: int) -> Told:
    """Runs every other Thursday with overtime, a garnishment and now and then a reimbursement; all of it stands in QuickBooks."""
    payroll = run_payroll(cast, seed)
    assert all(run.debit_date >= CUT_OVER for run in payroll.runs)
    events = [event for run in payroll.runs for event in _run(run)]
    events += [_contractor(paid) for paid in payroll.contractor_payments] + list(_benefits(payroll))
    return Told(
        data=payroll,
        events=tuple(events),
        vendors=(CARRIER, *{paid.name: None for paid in payroll.contractor_payments}),
        mapping=payroll_rules(cast),
        payroll=payroll,
        seen=tuple(
            pair
            for run in payroll.runs
            for pair in [("registers", run.check_date), *(("payslips", run.check_date) for _ in run.pays)]
        ),
        duty="prove",
    )
