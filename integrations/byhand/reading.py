"""Typed figures as facts: each form's reading. Booking and proving are the ledger's, as with any other source."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from integrations.records import (
    CardPurchase,
    CardStatement,
    CashCount,
    CustomerInvoice,
    ExpenseReport,
    ExpenseSplit,
    Goods,
    InvoiceLine,
    LoanMovement,
    Order,
    PayItem,
    Payout,
    PayrollRun,
    Payslip,
    ProcessorFee,
    Record,
    Refund,
    ReportLine,
    Sale,
    SystemBalance,
    Tax,
    Tender,
    VendorBill,
)

if TYPE_CHECKING:
    from integrations.byhand import Typed


def _base(typed: Typed, part: str = "", memo: str = "") -> dict[str, Any]:
    identity = f"{typed.identity}:{part}" if part else typed.identity
    return {"external_id": identity, "booked_on": typed.booked_on, "currency": typed.currency, "memo": memo}


def _held(typed: Typed, role: str, amount: int, key: str = "") -> SystemBalance:
    """What is held or owed at the end of the day, for the proof against the books."""
    return SystemBalance(**_base(typed, role), role=role, amount=amount, key=key, account=typed.account)


def _day(typed: Typed, name: str) -> date:
    said = typed.text(name)
    return date.fromisoformat(said) if said else typed.booked_on


def cash(typed: Typed) -> tuple[Record, ...]:
    """What was counted; over or short against what was expected, where that is known."""
    count = typed.money("counted")
    made: list[Record] = [_held(typed, "cash-drawer", count, typed.account)]
    if "expected" in typed.values:
        expected = typed.money("expected")
        made.append(CashCount(**_base(typed), location=typed.account, expected=expected, counted=count))
    return tuple(made)


def holding(typed: Typed) -> tuple[Record, ...]:
    """An account's balance."""
    return (_held(typed, "bank", typed.money("closing"), typed.account),)


def card(typed: Typed) -> tuple[Record, ...]:
    """Purchases of the statement by category, and what is owed at its end. The payment is the bank's line."""
    splits = tuple(ExpenseSplit(amount=amount, category=name) for name, amount in typed.lines("purchases"))
    spent = typed.money("charges") - typed.money("credits")
    return (
        CardPurchase(
            **_base(typed, memo=f"Statement of {typed.account}"), program=typed.account, amount=spent, splits=splits
        ),
        CardStatement(
            **_base(typed, "statement"),
            program=typed.account,
            opening=typed.money("opening"),
            charges=typed.money("charges"),
            credits=typed.money("credits"),
            payments=typed.money("payments"),
            closing=typed.money("closing"),
        ),
        _held(typed, "card", typed.money("closing"), typed.account),
    )


def loan(typed: Typed) -> tuple[Record, ...]:
    """Interest and fees that the lender added to the debt, and what is owed at the end. Payments are the bank's lines."""
    memo = f"Interest and fees of {typed.account}"
    return (
        LoanMovement(**_base(typed, memo=memo), amount=0, fee=typed.money("interest") + typed.money("fees")),
        _held(typed, "loan-payable", typed.money("closing"), typed.system),
    )


def payroll(typed: Typed) -> tuple[Record, ...]:
    """One run as a payslip of all employees together."""

    def items(name: str, label: str, kind: str = "") -> tuple[PayItem, ...]:
        amount = typed.money(name)
        return (PayItem(name=label, amount=amount, kind=kind),) if amount else ()

    slip = Payslip(
        employee_id="all",
        employee="All employees",
        department="",
        net_pay=typed.money("net_pay"),
        earnings=items("gross", "Wages"),
        employee_taxes=items("employee_taxes", "Employee taxes"),
        employer_taxes=items("employer_taxes", "Employer taxes"),
        deductions=(*items("benefits", "Benefits", "benefit"), *items("deductions", "Other deductions")),
        contributions=items("contributions", "Employer benefits"),
        reimbursements=items("reimbursements", "Reimbursements"),
    )
    run = PayrollRun(
        **_base(typed),
        period_start=_day(typed, "period_start"),
        period_end=_day(typed, "period_end"),
        kind="regular",
        payslips=(slip,),
        debit_on=_day(typed, "debit_on"),
        net_pay_pull=typed.money("net_pull"),
        tax_pull=typed.money("tax_pull"),
    )
    return (run,)


def sales(typed: Typed) -> tuple[Record, ...]:
    """The period's sales by category with what they were paid by, what was paid out, and what the system still holds."""
    goods = tuple(Goods(amount=amount, product=name) for name, amount in typed.lines("goods"))
    taxes = (
        Tax(amount=typed.money("tax")),
        Tax(amount=typed.money("marketplace_tax"), collected_by_marketplace=True),
    )
    tenders = (
        Tender(kind="processor", amount=typed.money("by_card")),
        Tender(kind="cash", amount=typed.money("by_cash"), location=typed.account),
        Tender(kind="gift_card", amount=typed.money("by_gift_card")),
    )
    order = Order(
        **_base(typed, memo=f"Sales of {typed.account}"),
        amount=typed.money("collected"),
        goods=goods,
        discount=typed.money("discounts"),
        shipping=typed.money("shipping"),
        tip=typed.money("tips"),
        taxes=tuple(tax for tax in taxes if tax.amount),
        gift_cards_sold=typed.money("gift_cards_sold"),
        tenders=tuple(tender for tender in tenders if tender.amount),
        location=typed.account,
    )
    return (order, *_settled(typed, "sales"))


def settlement(typed: Typed) -> tuple[Record, ...]:
    """The month's payments, refunds and fees in one figure each, what was paid out, and what is still held."""
    made: list[Record] = [
        Sale(**_base(typed, memo=f"Payments of {typed.account}"), amount=typed.money("gross"), tax=typed.money("tax"))
    ]
    if typed.money("refunds"):
        made.append(Refund(**_base(typed, "refunds"), amount=typed.money("refunds")))
    return (*made, *_settled(typed, "payments"))


def _settled(typed: Typed, what: str) -> tuple[Record, ...]:
    """Fees, the money sent to the bank and the balance: of any system that keeps a balance."""
    made: list[Record] = []
    if typed.money("fees"):
        made.append(ProcessorFee(**_base(typed, "fees", f"Fees on {what}"), amount=typed.money("fees")))
    if typed.money("paid_out"):
        sent = typed.money("paid_out")
        made.append(Payout(**_base(typed, "payouts"), amount=sent, arrives_on=typed.booked_on, automatic=False))
    return (*made, _held(typed, "clearing", typed.money("held"), typed.system))


def bill(typed: Typed) -> tuple[Record, ...]:
    lines = typed.lines("lines")
    splits = [ExpenseSplit(amount=amount, category=name) for name, amount in lines]
    made = VendorBill(
        **_base(typed),
        vendor=typed.account,
        amount=typed.money("total"),
        splits=tuple(splits),
        number=typed.text("number"),
        due_on=_day(typed, "due_on"),
    )
    return (made,)


def claim(typed: Typed) -> tuple[Record, ...]:
    lines = tuple(ReportLine(amount=amount, category=name) for name, amount in typed.lines("lines"))
    return (ExpenseReport(**_base(typed), employee=typed.account, lines=lines, number=typed.text("number")),)


def invoice(typed: Typed) -> tuple[Record, ...]:
    tax = typed.money("tax")
    made = CustomerInvoice(
        **_base(typed),
        customer=typed.account,
        amount=typed.money("total"),
        lines=tuple(InvoiceLine(amount=amount, product=name) for name, amount in typed.lines("lines")),
        taxes=(Tax(amount=tax),) if tax else (),
        number=typed.text("number"),
        due_on=_day(typed, "due_on"),
    )
    return (made,)


def sales_tax(typed: Typed) -> tuple[Record, ...]:
    """What the return says is owed for all time up to its day and not yet paid."""
    return (_held(typed, "sales-tax-payable", typed.money("owed"), typed.account),)


def payroll_tax(typed: Typed) -> tuple[Record, ...]:
    return (
        _held(typed, "ee-tax-payable", typed.money("employee_owed")),
        _held(typed, "er-tax-payable", typed.money("employer_owed")),
    )


def unpaid_time(typed: Typed) -> tuple[Record, ...]:
    return (_held(typed, "accrued-payroll", typed.money("owed")),)
