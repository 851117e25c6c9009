"""Loans: each payment's principal and interest, corrected by what the lender's statements say."""

from __future__ import annotations

from calendar import monthrange
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import TYPE_CHECKING

from ledger.core.period import Month
from ledger.core.schedules.terms import MILLION, Row, ScheduleError, Terms

if TYPE_CHECKING:
    from collections.abc import Iterable

_EXACT = Context(prec=60)
_YEAR = 12


def repaid(terms: Terms) -> list[Row]:
    """One payment a month from ``starts_on``, interest of a twelfth of the yearly rate on what is owed; the last pays the rest.

    A statement in ``steps`` stands for its month as it is, and the payments after it follow from what it leaves owed.
    Raises ScheduleError (field ``payment``) where the payment does not cover the interest.
    """
    said = {Month.of(step.on): step for step in terms.steps}
    usual = terms.payment or usual_payment(terms)
    left, rows = terms.amount, []
    for number in range(terms.months):
        on = _payment_day(terms.starts_on, number)
        step = said.get(Month.of(on))
        if step is not None:
            principal, interest, on = step.amount, step.interest, step.on
        else:
            interest = _interest(left, terms.rate_millionths)
            principal = _principal(terms, left, interest, usual, is_last=number == terms.months - 1)
        if principal > left:
            raise ScheduleError(f"{Month.of(on).label}: more principal than is owed.", field="steps")
        left -= principal
        rows.append(Row(on, principal, interest, left))
        if not left:
            break
    if left:
        # The last payment was taken from a statement: what it left owed is due with it.
        raise ScheduleError("After the last payment something is still owed; give it more months.", field="months")
    return rows


def _principal(terms: Terms, left: int, interest: int, usual: int, *, is_last: bool) -> int:
    if is_last:
        return left
    if terms.method == "interest-only":
        return 0
    if terms.method == "fixed-principal":
        return min(left, (terms.amount - terms.residual) // terms.months)
    if usual <= interest:
        raise ScheduleError("The payment does not cover the interest.", field="payment")
    return min(left, usual - interest)


def usual_payment(terms: Terms) -> int:
    """The equal payment that leaves the last, larger payment (``residual``) at the end; minor units, half up. 0 for other methods.

    P = (A − R ÷ (1 + i)ⁿ) × i ÷ (1 − (1 + i)⁻ⁿ)
    """
    if terms.method != "annuity":
        return 0
    if not terms.rate_millionths:
        return (terms.amount - terms.residual) // terms.months
    rate = _EXACT.divide(Decimal(terms.rate_millionths), Decimal(MILLION * _YEAR))
    growth = _EXACT.power(1 + rate, terms.months)
    present = Decimal(terms.amount) - _EXACT.divide(Decimal(terms.residual), growth)
    payment = _EXACT.divide(_EXACT.multiply(_EXACT.multiply(present, rate), growth), growth - 1)
    return int(payment.to_integral_value(rounding=ROUND_HALF_UP))


def _interest(left: int, rate_millionths: int) -> int:
    by = MILLION * _YEAR
    return (2 * left * rate_millionths + by) // (2 * by)


def _payment_day(first: date, months: int) -> date:
    """The same day months later, the month's last where it is shorter."""
    month = Month.of(first).shift(months)
    return date(month.year, month.month, min(first.day, monthrange(month.year, month.month)[1]))


def current_portion(rows: Iterable[Row], on: date) -> int:
    """Principal due within twelve months after a day."""
    until = _payment_day(on, _YEAR)
    return sum(row.amount for row in rows if on < row.on <= until)
