"""Payroll: the run's journal on the check date, the pulls that pay it, and the accrual of days worked but unpaid."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from integrations.money import split
from integrations.records import ContractorPayment, PayrollRun, Payslip
from ledger.core.entry import DraftEntry, DraftLine, credit, debit, merge
from ledger.core.period import weekdays_between
from ledger.core.rules.booking import Source, Unbookable, draft, entry_of

if TYPE_CHECKING:
    from datetime import date

    from integrations.records import PayItem

#: Where a deduction waits until it is passed on, by its kind.
_DEDUCTION_ROLES = {"benefit": "benefit-payable", "garnishment": "garnishment-payable", "": "deductions-payable"}


def total(items: tuple[PayItem, ...]) -> int:
    return sum(item.amount for item in items)


@draft.register
def _run(record: PayrollRun, source: Source) -> tuple[DraftEntry, ...]:
    """The run journal; a run that reverses another mirrors it on its own day. History of a prior provider is not booked."""
    if record.history:
        return ()
    lines = payroll_lines(record, provider=source.provider)
    if record.reverses:
        mirrored = (line._replace(debit=line.credit, credit=line.debit) for line in lines)
        return entry_of(record, "payroll-reversal", record.memo or f"Reversal of payroll {record.reverses}", mirrored)
    said = record.memo or f"Payroll {record.kind} {record.period_start} to {record.period_end}"
    return entry_of(record, "payroll", said, lines)


def payroll_lines(run: PayrollRun, *, provider: str = "") -> tuple[DraftLine, ...]:
    """The run's lines, wages and employer costs by department, liabilities by name, equal lines merged.

    Raises Unbookable for a payslip whose gross, taxes and deductions do not come to its net pay.
    """
    return merge(line for slip in run.payslips for line in _slip_lines(slip, provider))


def _slip_lines(slip: Payslip, provider: str) -> tuple[DraftLine, ...]:
    dept = slip.department
    lines: list[DraftLine] = []
    for item in slip.earnings:
        lines += debit("wages", item.amount, item.name, department=dept)
    lines += debit("er-tax-expense", total(slip.employer_taxes), department=dept)
    for item in slip.contributions:
        lines += debit("benefit-expense", item.amount, item.name, department=dept)
        lines += credit("benefit-payable", item.amount, item.name)
    for item in slip.reimbursements:
        lines += debit("expense", item.amount, item.name or "reimbursement", department=dept)
    lines += debit("owner-draw", slip.owners_draw, slip.employee)
    paid = slip.net_pay + _draw_on_top(slip)
    if slip.by_check:
        lines += credit("outstanding-cheques", paid, party=slip.employee)
    else:
        lines += credit("net-pay-clearing", paid, provider)
    for item in slip.employee_taxes:
        lines += credit("ee-tax-payable", item.amount, item.name)
    for item in slip.employer_taxes:
        lines += credit("er-tax-payable", item.amount, item.name)
    for item in slip.deductions:
        lines += credit(_DEDUCTION_ROLES.get(item.kind, "deductions-payable"), item.amount, item.name)
    return tuple(lines)


def _draw_on_top(slip: Payslip) -> int:
    """What an owner draws beside the net pay: nothing where the net pay already holds it.

    Raises Unbookable where gross + reimbursements − taxes − deductions (+ draw) is not the net pay.
    """
    worked_out = total(slip.earnings) + total(slip.reimbursements) - total(slip.employee_taxes) - total(slip.deductions)
    difference = slip.net_pay - worked_out
    if difference == 0:
        return slip.owners_draw
    if difference == slip.owners_draw:
        return 0
    name = slip.employee or slip.employee_id
    raise Unbookable(
        f"payslip of {name}: gross + reimbursements − taxes − deductions is not the net pay (difference {difference})",
        difference,
    )


@draft.register
def _contractor(record: ContractorPayment, source: Source) -> tuple[DraftEntry, ...]:
    """Dr contractors and the reimbursed expense; Cr payroll clearing, or a cheque outstanding."""
    paid = record.amount + record.reimbursement
    lines = (
        *debit("contractor-expense", record.amount, department=record.department, party=record.contractor),
        *debit("expense", record.reimbursement, "reimbursement", department=record.department, party=record.contractor),
        *(
            credit("outstanding-cheques", paid, party=record.contractor)
            if record.by_check
            else credit("net-pay-clearing", paid, source.provider)
        ),
    )
    return entry_of(record, "contractor", record.memo or f"Contractor {record.contractor}", lines)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pull:
    """One debit the payroll service takes from the bank. ``lines`` are the liabilities it settles, without the bank side.

    ``amount`` > 0 leaves the bank. ``unexplained`` is what the lines do not cover: 0, or the pull waits for a person.
    """

    kind: str
    amount: int
    expected_on: date
    lines: tuple[DraftLine, ...]
    unexplained: int = 0


def payroll_cash_lines(run: PayrollRun, *, provider: str = "") -> tuple[Pull, ...]:
    """The pulls a run leads to, with their lines; a reversal's run gives money back (negative amounts).

    Taxes and garnishments are settled by name where the pull equals the register. A garnishment that no pull of its own
    pays is looked for in the other pulls, since some services take it together with the net pay or the taxes.
    """
    if run.history:
        return ()
    lines = payroll_lines(run, provider=provider)
    owed = {role: tuple(line for line in lines if line.role == role) for role in _SETTLED}
    held = {role: sum(line.credit - line.debit for line in owed[role]) for role in _SETTLED}
    spare = [] if run.garnishment_pull else ["garnishment-payable"]
    sign = -1 if run.reverses else 1
    on = run.debit_on or run.booked_on
    pulls = []
    asked = (
        ("net-pay", run.net_pay_pull + run.reimbursement_pull, ["net-pay-clearing"]),
        ("tax", run.tax_pull, ["ee-tax-payable", "er-tax-payable"]),
        ("garnishment", run.garnishment_pull, ["garnishment-payable"]),
    )
    for kind, amount, wanted in asked:
        if not amount:
            continue
        roles = wanted
        if spare and amount != sum(held[role] for role in roles) and amount == sum(held[r] for r in [*roles, *spare]):
            roles, spare = [*roles, *spare], []
        settled = tuple(
            line._replace(debit=line.credit, credit=line.debit) if sign > 0 else line
            for role in roles
            for line in owed[role]
        )
        unexplained = amount - sum(held[role] for role in roles)
        pulls.append(Pull(kind=kind, amount=sign * amount, expected_on=on, lines=settled, unexplained=unexplained))
    return tuple(pulls)


_SETTLED = ("net-pay-clearing", "ee-tax-payable", "er-tax-payable", "garnishment-payable")


def payroll_cash_entry(pull: Pull, on: date, *, bank: str = "", currency: str = "") -> DraftEntry:
    """A pull met by its bank line: Dr what it settles; Cr bank. Raises Unbookable while part of it is unexplained."""
    if pull.unexplained:
        raise Unbookable(f"the {pull.kind} pull is not what the register says", pull.unexplained)
    return DraftEntry(
        "cash", on, f"Payroll {pull.kind} pull", (*pull.lines, *credit("bank", pull.amount, bank)), currency
    )


def payroll_accrual(run: PayrollRun, month_end: date) -> DraftEntry | None:
    """Wages and employer taxes earned by ``month_end`` and paid by this run after it; None if nothing is unpaid then.

    Days are weekdays of the pay period; each department's costs are shared by days worked before and after, remainder
    units to the larger part. Booked on the month's last day, reversed on the first of the next.
    """
    if run.booked_on <= month_end or run.period_start > month_end or not pays_for_days(run):
        return None
    days = weekdays_between(run.period_start, run.period_end)
    worked = weekdays_between(run.period_start, min(run.period_end, month_end))
    return _accrued(run, month_end, worked, days - worked)


def payroll_accrual_estimate(last_run: PayrollRun, month_end: date) -> DraftEntry | None:
    """The accrual while the straddling run is not known yet: days since the last period's end × that run's daily average."""
    if last_run.period_end >= month_end or not pays_for_days(last_run):
        return None
    average_over = weekdays_between(last_run.period_start, last_run.period_end)
    unpaid = weekdays_between(last_run.period_end + timedelta(days=1), month_end)
    if unpaid > average_over:
        raise Unbookable(f"{unpaid} days since the last known pay period: the run between is missing")
    return _accrued(last_run, month_end, unpaid, average_over - unpaid)


def pays_for_days(run: PayrollRun) -> bool:
    """Off-cycle runs (bonuses, corrections), reversals and a prior provider's history pay for no days of their own."""
    is_regular = not run.kind.lower().replace("_", "-").startswith(("off", "bonus", "correction", "external"))
    return is_regular and not run.history and not run.reverses


def _accrued(run: PayrollRun, month_end: date, worked: int, rest: int) -> DraftEntry | None:
    if worked <= 0:
        return None
    costs: dict[tuple[str, str, str], int] = {}
    for line in payroll_lines(run):
        if line.role in ("wages", "er-tax-expense"):
            place = (line.role, line.key, line.department)
            costs[place] = costs.get(place, 0) + line.raw
    lines: list[DraftLine] = []
    for (role, key, department), amount in costs.items():
        lines += debit(role, split(amount, [worked, rest])[0], key, department=department)
    lines += credit("accrued-payroll", sum(line.raw for line in lines))
    if not lines:
        return None
    memo = f"Pay earned and unpaid at {month_end}: {worked} of {worked + rest} days"
    return DraftEntry("accrual", month_end, memo, merge(lines), run.currency, month_end + timedelta(days=1))
