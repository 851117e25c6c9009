"""The forms, one a kind of system, and which form a system of the inventory is captured with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations.byhand import Field, Form, Sum, reading

if TYPE_CHECKING:
    from clients.catalogue import System

_HELD = "What it still holds for the company at the end of the day; nil if all was paid out."
_LINES = "One row a category; leave the others empty. Negative for what lowers it."
_SETTLED = (
    Field("fees", "Fees kept", help="Positive for a cost."),
    Field("paid_out", "Paid out to the bank", help="Positive for money that left for the bank."),
    Field("held", "Still held", help=_HELD, required=True, signed=True),
)

CASH = Form(
    "cash", "Cash count", "Place", "Counted on",
    (
        Field("counted", "Cash counted", required=True),
        Field("expected", "Expected by the till", help="Leave empty where no till says; then nothing is over or short."),
    ),
    reading.cash, "The count sheet, signed",
)  # fmt: skip
HOLDING = Form(
    "holding", "Statement balance", "Account", "Statement ends on",
    (Field("closing", "Closing balance", help="Positive for money held, negative for money owed.", required=True, signed=True),),
    reading.holding, "The statement",
)  # fmt: skip
CARD = Form(
    "card", "Card statement", "Card", "Statement ends on",
    (
        Field("opening", "Owed at the beginning", required=True, signed=True),
        Field("charges", "Purchases and fees", help="Positive raises what is owed.", required=True),
        Field("credits", "Refunds and credits", help="Positive lowers what is owed."),
        Field("payments", "Payments", help="Positive lowers what is owed; the bank's lines book them."),
        Field("closing", "Owed at the end", required=True, signed=True),
        Field("purchases", "Purchases by category, less refunds", "lines", _LINES, required=True),
    ),
    reading.card, "The statement, with its receipts",
    (
        Sum("Beginning + purchases − refunds − payments = end", "closing", ("opening", "charges"), ("credits", "payments")),
        Sum("Categories + refunds = purchases", "charges", ("purchases", "credits")),
    ),
)  # fmt: skip
LOAN = Form(
    "loan", "Loan statement", "Lender", "Statement ends on",
    (
        Field("opening", "Owed at the beginning", required=True),
        Field("advanced", "Newly advanced", help="Positive raises what is owed; the bank's lines book it."),
        Field("interest", "Interest", help="Positive raises what is owed.", required=True),
        Field("fees", "Fees", help="Positive raises what is owed."),
        Field("payments", "Payments", help="Interest and principal together, positive; the bank's lines book them.", required=True),
        Field("closing", "Owed at the end", required=True),
    ),
    reading.loan, "The lender's statement",
    (
        Sum(
            "Beginning + advanced + interest + fees − payments = end",
            "closing", ("opening", "advanced", "interest", "fees"), ("payments",),
        ),
    ),
)  # fmt: skip
PAYROLL = Form(
    "payroll", "Payroll run", "Payroll of", "Pay date",
    (
        Field("number", "Run", "text", "What tells it from another run of the same day, such as bonus."),
        Field("period_start", "Period from", "day", required=True),
        Field("period_end", "Period to", "day", required=True),
        Field("gross", "Gross wages", required=True),
        Field("employee_taxes", "Taxes withheld from employees", required=True),
        Field("benefits", "Benefits withheld"),
        Field("deductions", "Other deductions"),
        Field("reimbursements", "Reimbursements paid with it"),
        Field("net_pay", "Net pay", required=True),
        Field("employer_taxes", "Employer taxes", help="Positive for a cost.", required=True),
        Field("contributions", "Employer's part of benefits"),
        Field("debit_on", "Taken from the bank on", "day"),
        Field("net_pull", "Taken for net pay", help="Positive leaves the bank; nil if paid by cheque."),
        Field("tax_pull", "Taken for taxes", help="Positive leaves the bank."),
    ),
    reading.payroll, "The payroll register or summary",
    (
        Sum(
            "Gross + reimbursements − taxes − deductions = net pay",
            "net_pay", ("gross", "reimbursements"), ("employee_taxes", "benefits", "deductions"),
        ),
    ),
    number="number",
)  # fmt: skip
SALES = Form(
    "sales", "Sales summary", "Shop or till", "Period ends on",
    (
        Field("goods", "Sales by category, before discounts, less returns", "lines", _LINES, required=True),
        Field("discounts", "Discounts", help="Positive lowers the sales."),
        Field("shipping", "Shipping charged"),
        Field("tax", "Sales tax that the company owes"),
        Field("marketplace_tax", "Tax the marketplace remits itself", help="For the record; never owed by the company."),
        Field("tips", "Tips"),
        Field("gift_cards_sold", "Gift cards sold"),
        Field("collected", "Collected in all", required=True),
        Field("by_card", "Of it by card or into the system's balance"),
        Field("by_cash", "Of it in cash"),
        Field("by_gift_card", "Of it by gift cards redeemed"),
        *_SETTLED,
    ),
    reading.sales, "The sales summary and the deposit report",
    (
        Sum(
            "Sales − discounts + shipping + tax + tips + gift cards = collected",
            "collected", ("goods", "shipping", "tax", "tips", "gift_cards_sold"), ("discounts",),
        ),
        Sum("Card + cash + gift cards redeemed = collected", "collected", ("by_card", "by_cash", "by_gift_card")),
    ),
)  # fmt: skip
SETTLEMENT = Form(
    "settlement", "Settlement totals", "Merchant account", "Period ends on",
    (
        Field("gross", "Payments taken", help="Before fees and refunds.", required=True),
        Field("tax", "Of it sales tax that the company owes"),
        Field("refunds", "Refunds", help="Positive for money given back."),
        *_SETTLED,
    ),
    reading.settlement, "The settlement report",
)  # fmt: skip
BILL = Form(
    "bill", "Supplier's bill", "Supplier", "Bill date",
    (
        Field("number", "Bill number", "text", required=True),
        Field("due_on", "Due", "day"),
        Field("lines", "Cost by category", "lines", _LINES, required=True),
        Field("total", "Total", required=True),
    ),
    reading.bill, "The bill", (Sum("Categories = total", "total", ("lines",)),), is_monthly=False, number="number",
)  # fmt: skip
CLAIM = Form(
    "claim", "Expense claim", "Employee", "Approved on",
    (
        Field("number", "Claim number", "text", required=True),
        Field("lines", "Cost by category", "lines", _LINES, required=True),
        Field("total", "Total to be paid back", required=True),
    ),
    reading.claim, "The claim and its receipts", (Sum("Categories = total", "total", ("lines",)),),
    is_monthly=False, number="number",
)  # fmt: skip
INVOICE = Form(
    "invoice", "Customer invoice", "Customer", "Invoice date",
    (
        Field("number", "Invoice number", "text", required=True),
        Field("due_on", "Due", "day"),
        Field("lines", "Price by product, without tax", "lines", _LINES, required=True),
        Field("tax", "Sales tax"),
        Field("total", "Total", required=True),
    ),
    reading.invoice, "The invoice", (Sum("Products + tax = total", "total", ("lines", "tax")),), is_monthly=False, number="number",
)  # fmt: skip
SALES_TAX = Form(
    "sales-tax", "Sales tax return", "Jurisdiction", "Period ends on",
    (Field("owed", "Owed at the end of the period", help="Tax due by the return, before its payment.", required=True),),
    reading.sales_tax, "The return and its confirmation",
)  # fmt: skip
PAYROLL_TAX = Form(
    "payroll-tax", "Payroll taxes owed", "Agency", "Period ends on",
    (
        Field("employee_owed", "Withheld from employees and not yet deposited", required=True),
        Field("employer_owed", "Employer's part not yet deposited", required=True),
    ),
    reading.payroll_tax, "Deposit confirmations or the return",
)  # fmt: skip
TIME = Form(
    "unpaid-time", "Hours not yet paid", "Team", "Month ends on",
    (Field("owed", "Wages earned and not yet paid", help="Hours times rate, with nothing withheld.", required=True),),
    reading.unpaid_time, "The time report",
)  # fmt: skip

FORMS = {
    form.key: form
    for form in (CASH, HOLDING, CARD, LOAN, PAYROLL, SALES, SETTLEMENT, BILL, CLAIM, INVOICE, SALES_TAX, PAYROLL_TAX, TIME)
}  # fmt: skip
#: The form of each category; systems that differ from their category stand below.
_OF_CATEGORY = {
    "payroll": PAYROLL,
    "time": TIME,
    "processor": SETTLEMENT,
    "pos": SALES,
    "commerce": SALES,
    "payables": BILL,
    "expenses": CARD,
    "bank": HOLDING,
    "lending": LOAN,
    "crm": INVOICE,
    "tax": SALES_TAX,
}
_OF_SYSTEM = {
    "cash-drawer": CASH,
    "card-statement": CARD,
    "expenses-by-hand": CLAIM,
    "concur": CLAIM,
    "expensify": CLAIM,
    "payroll-tax-deposits": PAYROLL_TAX,
}


def form_of(system: System) -> Form | None:
    """The form a system is captured with; None for one that nothing is typed of (its opening balances are another page)."""
    return _OF_SYSTEM.get(system.slug) or _OF_CATEGORY.get(system.category)
