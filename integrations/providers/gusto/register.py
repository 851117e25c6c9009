"""The register of one Gusto payroll: totals, payslips, and the identities both must keep.

All amounts are US cents; Gusto writes money as decimal text, in some lists as numbers. ``net_pay`` of Gusto is without
reimbursements, ours is with them. Tips the guests paid in cash never pass through the employer: they are in Gusto's gross
pay and taken off again from its net, and are left out of the earnings here. Imputed pay is taxed and not paid: left out too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from integrations.money import to_major
from integrations.records import PayItem, Payslip

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from integrations.payload import Payload

CURRENCY = "USD"
CASH_TIPS = "Cash Tips"
REIMBURSEMENT = "Reimbursement"
GROSS_PAY = "Gross pay"
OWNERS_DRAW = "Owner's Draw"
_GARNISHED = ("child support", "garnish", "levy", "lien")
_METHODS = {"Direct Deposit": False, "Check": True, "Historical": False}


class BrokenIdentity(Exception):  # noqa: N818
    """The payroll contradicts itself or says what we do not know; the message names which figure and by how much."""


def usd(payload: Payload, name: str, *, required: bool = True) -> int:
    return payload.minor(name, CURRENCY) if required or payload.has(name) else 0


def money(minor: int) -> str:
    return f"{to_major(minor, CURRENCY):,}"


def must_equal(told: int, worked_out: int, identity: str) -> None:
    if told != worked_out:
        difference = money(worked_out - told)
        raise BrokenIdentity(f"{identity}: {money(worked_out)} against {money(told)}, difference {difference}")


@dataclass(frozen=True, slots=True)
class Totals:
    """A payroll's totals."""

    gross_pay: int
    net_pay: int
    employee_taxes: int
    employer_taxes: int
    reimbursements: int
    benefits: int
    benefit_deductions: int
    other_deductions: int
    cash_tips: int
    owners_draw: int
    check_amount: int
    net_pay_debit: int
    tax_debit: int
    reimbursement_debit: int
    child_support_debit: int
    company_debit: int
    deferred_taxes: int

    @property
    def is_nil(self) -> bool:
        return not any(getattr(self, name) for name in self.__slots__)


def read_totals(totals: Payload) -> Totals:
    """Raises PayloadError for a missing total."""
    return Totals(
        gross_pay=usd(totals, "gross_pay"),
        net_pay=usd(totals, "net_pay"),
        employee_taxes=usd(totals, "employee_taxes"),
        employer_taxes=usd(totals, "employer_taxes"),
        reimbursements=usd(totals, "reimbursements"),
        benefits=usd(totals, "benefits", required=False),
        benefit_deductions=usd(totals, "employee_benefits_deductions", required=False),
        other_deductions=usd(totals, "other_deductions", required=False),
        cash_tips=usd(totals, "employee_cash_tips", required=False),
        owners_draw=usd(totals, "owners_draw", required=False),
        check_amount=usd(totals, "check_amount", required=False),
        net_pay_debit=usd(totals, "net_pay_debit"),
        tax_debit=usd(totals, "tax_debit"),
        reimbursement_debit=usd(totals, "reimbursement_debit", required=False),
        child_support_debit=usd(totals, "child_support_debit", required=False),
        company_debit=usd(totals, "company_debit"),
        deferred_taxes=usd(totals, "deferred_payroll_taxes", required=False),
    )


def must_be_debited(read: Totals) -> None:
    """What Gusto takes from the bank is what the run owes. Raises BrokenIdentity."""
    pulls = read.net_pay_debit + read.tax_debit + read.reimbursement_debit + read.child_support_debit
    must_equal(
        read.tax_debit,
        read.employee_taxes + read.employer_taxes - read.deferred_taxes,
        "employee_taxes + employer_taxes = tax_debit",
    )
    must_equal(
        read.company_debit,
        pulls,
        "net_pay_debit + tax_debit + reimbursement_debit + child_support_debit = company_debit",
    )


def totals_slips(totals: Totals) -> tuple[Payslip, ...]:
    """The whole run without employees, where the answer does not split taxes by employee. Raises BrokenIdentity.

    What went out by cheque stands as a slip of its own, so that both kinds of net pay keep their sums.
    """
    off = totals.employee_taxes + totals.benefit_deductions + totals.other_deductions + totals.cash_tips
    identity = "gross_pay − employee taxes and deductions = net_pay"
    _must_pay(totals.net_pay, totals.gross_pay - off, totals.owners_draw, identity)
    paid, cheques = totals.net_pay + totals.reimbursements, totals.check_amount
    if abs(cheques) > abs(paid):
        raise BrokenIdentity(f"{money(cheques)} by cheque is more than the net pay {money(paid)}")
    transferred = Payslip(
        employee_id="",
        employee="",
        department="",
        net_pay=paid - cheques,
        earnings=_items((GROSS_PAY, totals.gross_pay - totals.cash_tips - cheques)),
        employee_taxes=_items(("Employee taxes", totals.employee_taxes)),
        employer_taxes=_items(("Employer taxes", totals.employer_taxes)),
        deductions=(
            *_items(("Benefit deductions", totals.benefit_deductions), kind="benefit"),
            *_items(("Other deductions", totals.other_deductions), kind="other"),
        ),
        contributions=_items(("Company benefits", totals.benefits)),
        reimbursements=_items((REIMBURSEMENT, totals.reimbursements)),
        owners_draw=totals.owners_draw,
    )
    if not cheques:
        return (transferred,)
    by_cheque = Payslip(
        employee_id="",
        employee="",
        department="",
        net_pay=cheques,
        by_check=True,
        earnings=_items((GROSS_PAY, cheques)),
    )
    return (transferred, by_cheque)


def _items(*named: tuple[str, int], kind: str = "") -> tuple[PayItem, ...]:
    return tuple(PayItem(name=name, amount=amount, kind=kind) for name, amount in named if amount)


def _must_pay(net: int, worked_out: int, draw: int, identity: str) -> None:
    """An owner's draw is either beside the net pay or inside it."""
    if not draw or net - worked_out != draw:
        must_equal(net, worked_out, identity)


def _sum(items: Iterable[PayItem]) -> int:
    return sum(item.amount for item in items)


# ---- payslip by payslip --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Line:
    """A payslip with what Gusto's totals are compared against: gross with cash tips, net without reimbursements."""

    slip: Payslip
    gross: int
    net: int


def has_details(payload: Payload) -> bool:
    """Whether pay and taxes came employee by employee (``include=taxes``; older answers have neither)."""
    paid = [one for one in payload.objects("employee_compensations") if not one.flag("excluded", False)]
    return bool(paid) and all("taxes" in one.data and one.has("gross_pay") and one.has("net_pay") for one in paid)


def payslips(payload: Payload, totals: Totals) -> tuple[Payslip, ...]:
    """Every paid employee's slip, and one for taxes of the company as such. Raises BrokenIdentity, PayloadError."""
    people = {one.text("uuid"): one for one in payload.objects("employees")}
    paid = (one for one in payload.objects("employee_compensations") if not one.flag("excluded", False))
    lines = [_line(one, people.get(one.text("employee_uuid"))) for one in paid]
    slips = tuple(line.slip for line in lines)
    if sum(_sum(slip.employer_taxes) for slip in slips) != totals.employer_taxes:
        slips = (*slips, *_company_slip(payload))
    deductions = [item for slip in slips for item in slip.deductions]
    benefits = _sum(item for item in deductions if item.kind == "benefit")
    told = (
        ("gross_pay", totals.gross_pay, sum(line.gross for line in lines)),
        ("net_pay", totals.net_pay, sum(line.net for line in lines)),
        ("employee_taxes", totals.employee_taxes, sum(_sum(slip.employee_taxes) for slip in slips)),
        ("employer_taxes", totals.employer_taxes, sum(_sum(slip.employer_taxes) for slip in slips)),
        ("benefits", totals.benefits, sum(_sum(slip.contributions) for slip in slips)),
        ("employee_benefits_deductions", totals.benefit_deductions, benefits),
        ("other_deductions", totals.other_deductions, _sum(deductions) - benefits),
        ("reimbursements", totals.reimbursements, sum(_sum(slip.reimbursements) for slip in slips)),
    )
    for name, total, worked_out in told:
        must_equal(total, worked_out, f"sum of payslips = totals.{name}")
    return slips


def _company_slip(payload: Payload) -> tuple[Payslip, ...]:
    """``company_taxes``: in addition to the employees' by the contract; where those come to the total, a repetition."""
    taxes = tuple(_tax(one) for one in payload.objects("company_taxes") if one.flag("employer"))
    taxes = tuple(tax for tax in taxes if tax.amount)
    if not taxes:
        return ()
    return (Payslip(employee_id="", employee="Company", department="", net_pay=0, employer_taxes=taxes),)


def _line(one: Payload, person: Payload | None) -> Line:
    gross, net = usd(one, "gross_pay"), usd(one, "net_pay")
    method = one.text("payment_method", "Direct Deposit")
    if method not in _METHODS:
        raise BrokenIdentity(f"payment method {method!r}")
    fixed = list(one.objects("fixed_compensations"))
    cash_tips = sum(usd(item, "amount") for item in fixed if item.text("name") == CASH_TIPS)
    draw = sum(usd(item, "amount") for item in fixed if item.text("name") == OWNERS_DRAW)
    taxes = [(item.flag("employer"), _tax(item)) for item in one.objects("taxes")]
    reimbursements = tuple(_reimbursements(one, fixed))
    slip = Payslip(
        employee_id=one.text("employee_uuid"),
        employee=_name(one) or (_name(person) if person else ""),
        department=person.text("department", "") if person else "",
        net_pay=net + _sum(reimbursements),
        by_check=_METHODS[method],
        earnings=_earnings(one, fixed, gross - cash_tips),
        employee_taxes=tuple(tax for employer, tax in taxes if not employer and tax.amount),
        employer_taxes=tuple(tax for employer, tax in taxes if employer and tax.amount),
        deductions=tuple(_deductions(one, person)),
        contributions=tuple(_contributions(one)),
        reimbursements=reimbursements,
        owners_draw=draw,
    )
    off = _sum(slip.employee_taxes) + _sum(slip.deductions) + cash_tips
    who = f"employee {slip.employee_id}: gross_pay − taxes − deductions = net_pay"
    _must_pay(net, gross - off, draw, who)
    return Line(slip=slip, gross=gross, net=net)


def _name(one: Payload) -> str:
    return f"{one.text('first_name', '')} {one.text('last_name', '')}".strip()


def _tax(item: Payload) -> PayItem:
    return PayItem(name=item.text("name"), amount=usd(item, "amount"))


def _earnings(one: Payload, fixed: list[Payload], wages: int) -> tuple[PayItem, ...]:
    """Earnings by name where they come to the gross pay, with or without paid leave beside them; else one line of it all.

    Older answers give hours without amounts, and leave is inside the hours for some and beside them for others.
    """
    not_wages = (CASH_TIPS, REIMBURSEMENT, OWNERS_DRAW)
    worked = [item for item in (*one.objects("hourly_compensations"), *fixed) if item.text("name") not in not_wages]
    leave = list(one.objects("paid_time_off"))
    for items in ((*worked, *leave), worked):
        named = _by_name((item.text("name"), usd(item, "amount", required=False)) for item in items)
        if _sum(named) == wages:
            return named
    return _items((GROSS_PAY, wages))


def _by_name(named: Iterable[tuple[str, int]]) -> tuple[PayItem, ...]:
    """One item a name: two jobs give two lines of regular hours."""
    sums: dict[str, int] = {}
    for name, amount in named:
        sums[name] = sums.get(name, 0) + amount
    return _items(*sums.items())


def _reimbursements(one: Payload, fixed: list[Payload]) -> Iterator[PayItem]:
    """In a list of their own; before that existed, a fixed compensation of this name."""
    own = [(item.text("description", REIMBURSEMENT), usd(item, "amount")) for item in one.objects("reimbursements")]
    older = [(REIMBURSEMENT, usd(item, "amount")) for item in fixed if item.text("name") == REIMBURSEMENT]
    yield from _items(*(own or older))


def _contributions(one: Payload) -> Iterator[PayItem]:
    for item in one.objects("benefits"):
        amount = usd(item, "company_contribution", required=False)
        if amount and not item.flag("imputed", False):
            yield PayItem(name=item.text("name"), amount=amount)


def _deductions(one: Payload, person: Payload | None) -> Iterator[PayItem]:
    """Benefits, then what Gusto calls deductions: garnishments by court order, and the company's own."""
    for item in one.objects("benefits"):
        amount = usd(item, "employee_deduction", required=False)
        if amount:
            yield PayItem(name=item.text("name"), amount=amount, kind="benefit")
    ordered = {item.text("description", ""): item for item in person.objects("garnishments")} if person else {}
    for item in one.objects("deductions"):
        name, amount = item.text("name"), usd(item, "amount")
        if amount:
            yield PayItem(name=name, amount=amount, kind="garnishment" if _is_garnishment(name, ordered) else "other")


def _is_garnishment(name: str, ordered: dict[str, Payload]) -> bool:
    known = ordered.get(name)
    if known is not None:
        return known.flag("court_ordered", False) or known.has("garnishment_type")
    return any(word in name.lower() for word in _GARNISHED)
