"""What the processor's, the payroll service's and the bank's own records mean in the books, entry by entry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations.sandbox.world.accounts import wages_account
from integrations.sandbox.world.calendar import HORIZON, book_date
from integrations.sandbox.world.journal import Event, Movement, Posting, entry
from integrations.sandbox.world.payroll import REIMBURSED_ACCOUNT
from integrations.sandbox.world.sales import DISPUTE_FEE_MINOR
from integrations.sandbox.world.told import Rule

if TYPE_CHECKING:
    from integrations.sandbox.world.cast import Cast
    from integrations.sandbox.world.payouts import Payout
    from integrations.sandbox.world.payroll import ContractorPayment, Payroll, Run
    from integrations.sandbox.world.sales import Charge, Dispute, Refund, Sales

CLEARING = "Stripe Clearing"
IN_TRANSIT = "Payouts in Transit"
CHANNEL_ACCOUNTS = {
    "store": "Store Sales",
    "online": "Online Sales",
    "cafe": "Cafe Sales",
    "catering": "Catering Sales",
}


def charge_entry(charge: Charge) -> tuple[Posting, ...]:
    goods = charge.amount_minor - charge.tax_minor - charge.tip_minor
    return entry(
        book_date(charge.created),
        "stripe",
        charge.row_id,
        (CLEARING, charge.amount_minor),
        (CHANNEL_ACCOUNTS[charge.channel], -goods),
        ("Sales Tax Payable", -charge.tax_minor),
        ("Tips Payable", -charge.tip_minor),
        ("Merchant Fees", charge.fee_minor),
        (CLEARING, -charge.fee_minor),
    )


def refund_entry(refund: Refund) -> tuple[Posting, ...]:
    goods = refund.amount_minor - refund.tax_minor - refund.tip_minor
    return entry(
        book_date(refund.created),
        "stripe",
        refund.row_id,
        ("Refunds and Discounts", goods),
        ("Sales Tax Payable", refund.tax_minor),
        ("Tips Payable", refund.tip_minor),
        (CLEARING, -refund.amount_minor),
    )


def dispute_entries(dispute: Dispute) -> tuple[Posting, ...]:
    amount = dispute.amount_minor
    opened = entry(
        book_date(dispute.created),
        "stripe",
        dispute.row_id,
        ("Disputed Funds", amount),
        ("Dispute Fees", DISPUTE_FEE_MINOR),
        (CLEARING, -amount - DISPUTE_FEE_MINOR),
    )
    closed = book_date(dispute.closed)
    if dispute.outcome == "won":
        return opened + entry(
            closed, "stripe", dispute.reversal_row_id, (CLEARING, amount), ("Disputed Funds", -amount)
        )
    return opened + entry(
        closed, "stripe", f"{dispute.id}:closed", ("Dispute Losses", amount), ("Disputed Funds", -amount)
    )


def processor_postings(sales: Sales, payouts: tuple[Payout, ...]) -> list[Posting]:
    """Everything that touches the clearing account, payouts sent included, arrivals not."""
    found: list[Posting] = []
    for charge in sales.charges:
        found += charge_entry(charge)
    for refund in sales.refunds:
        found += refund_entry(refund)
    for dispute in sales.disputes:
        found += dispute_entries(dispute)
    for payout in payouts:
        amount = payout.amount_minor
        found += entry(book_date(payout.created), "stripe", payout.row.id, (IN_TRANSIT, amount), (CLEARING, -amount))
    return found


def arrivals(payouts: tuple[Payout, ...]) -> list[Event]:
    """Payouts on the bank statement, until the horizon."""
    return [
        Event(
            postings=entry(
                payout.arrives_on,
                "bank",
                f"arrival-{payout.id}",
                ("Checking", payout.amount_minor),
                (IN_TRANSIT, -payout.amount_minor),
            ),
            movements=(
                Movement(
                    f"arrival-{payout.id}",
                    "Checking",
                    payout.arrives_on,
                    payout.arrives_on,
                    payout.amount_minor,
                    payout.bank_text,
                    merchant="Stripe",
                    category="INCOME",
                ),
            ),
        )
        for payout in payouts
        if payout.arrives_on <= HORIZON
    ]


def run_lines(run: Run) -> dict[str, int]:
    """The run's journal on its check date, debit-positive by account; balances."""
    benefits = run.total_minor("company_benefits_minor")
    lines: dict[str, int] = {}
    for pay in run.pays:
        account = wages_account(pay.employee.department)
        lines[account] = lines.get(account, 0) + pay.gross_minor
    reimbursed = run.total_minor("reimbursement_minor")
    lines |= {
        "Payroll Taxes": run.total_minor("employer_taxes_minor"),
        "Employee Benefits": benefits,
        REIMBURSED_ACCOUNT: reimbursed,
        "Payroll Clearing": -run.total_minor("net_minor") - reimbursed,
        "Payroll Taxes Payable": -run.total_minor("employee_taxes_minor"),
        "Employer Taxes Payable": -run.total_minor("employer_taxes_minor"),
        "Benefits Payable": -run.deducted_minor("benefit") - benefits,
        "Garnishments Payable": -run.deducted_minor("garnishment"),
    }
    assert sum(lines.values()) == 0, run.uuid
    return lines


def payroll_rules(cast: Cast) -> tuple[Rule, ...]:
    """The accounts that the lines of a run are booked to, as the mapping must say."""
    return (
        *(Rule("wages", wages_account(name), department=name) for name in cast.departments),
        Rule("er-tax-expense", "Payroll Taxes"),
        Rule("benefit-expense", "Employee Benefits"),
        Rule("expense", REIMBURSED_ACCOUNT),
        Rule("ee-tax-payable", "Payroll Taxes Payable"),
        Rule("er-tax-payable", "Employer Taxes Payable"),
        Rule("benefit-payable", "Benefits Payable"),
        Rule("garnishment-payable", "Garnishments Payable"),
        Rule("net-pay-clearing", "Payroll Clearing"),
        Rule("accrued-payroll", "Accrued Payroll"),
    )


def pull_lines(run: Run) -> dict[str, int]:
    """Both pulls on the debit date, debit-positive by account; balances."""
    return {
        "Payroll Clearing": run.total_minor("net_minor") + run.total_minor("reimbursement_minor"),
        "Garnishments Payable": run.deducted_minor("garnishment"),
        "Payroll Taxes Payable": run.total_minor("employee_taxes_minor"),
        "Employer Taxes Payable": run.total_minor("employer_taxes_minor"),
        "Checking": -run.company_debit_minor,
    }


def run_event(run: Run, *, agent: str = "Gusto", source: str = "payroll") -> Event:
    """The run on its check date and its cash a business day earlier; the bank prints the agent's name."""
    day, words = run.debit_date, agent.upper()
    pulls = (
        Movement(f"net-{run.uuid}", "Checking", day, day, -run.net_pull_minor, f"{words} NET PAY", agent),
        Movement(f"tax-{run.uuid}", "Checking", day, day, -run.tax_debit_minor, f"{words} TAX", agent),
    )
    return Event(
        postings=entry(run.check_date, source, f"run-{run.uuid}", *run_lines(run).items())
        + entry(day, "bank", f"pulls-{run.uuid}", *pull_lines(run).items()),
        movements=pulls,
    )


def contractor_event(paid: ContractorPayment, *, agent: str = "Gusto", source: str = "payroll") -> Event:
    amount, key = paid.amount_minor, f"contractor-{paid.uuid}"
    lines = entry(paid.paid_on, source, key, ("Contractors", amount), ("Payroll Clearing", -amount))
    cash = entry(paid.debit_date, "bank", f"{key}-pull", ("Payroll Clearing", amount), ("Checking", -amount))
    text = f"{agent.upper()} CONTRACTOR PAY"
    movement = Movement(f"{key}-pull", "Checking", paid.debit_date, paid.debit_date, -amount, text, agent)
    return Event(postings=lines + cash, movements=(movement,))


def payroll_events(payroll: Payroll, *, agent: str = "Gusto", source: str = "payroll") -> list[Event]:
    """Every run and contractor payment with its cash; `agent` is who pulls it, `source` who books it."""
    runs = [run_event(run, agent=agent, source=source) for run in payroll.runs]
    return runs + [contractor_event(paid, agent=agent, source=source) for paid in payroll.contractor_payments]


def bank_event(movement: Movement, account: str) -> Event:
    lines = ((movement.account, movement.amount_minor), (account, -movement.amount_minor))
    return Event(postings=entry(movement.posted_on, "bank", movement.key, *lines), movements=(movement,))


def books_until(cast: Cast) -> str:
    """First ISO day from which nobody but the portal writes what the systems did."""
    return "2026-01-01" if cast.runs_cut_over else "2026-04-01"
