"""Gusto's payrolls, reversals and contractor payments read as facts."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from integrations.errors import PayloadError
from integrations.money import MoneyError, to_minor
from integrations.payload import Payload, render_json
from integrations.providers.gusto.register import (
    CURRENCY,
    BrokenIdentity,
    Totals,
    has_details,
    money,
    must_be_debited,
    payslips,
    read_totals,
    totals_slips,
    usd,
)
from integrations.records import ContractorPayment, PayItem, PayrollRun, Payslip, Record, Skipped, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import date

    from integrations.provider import Context

_GOOD_REQUESTS = frozenset(["calculating", "calculate_success", "submitting", "submit_success"])
_PAYROLL_SAYS = ("check_date", "processed", "totals", "employee_compensations", "company_taxes", "reverses")


# ---- payrolls ------------------------------------------------------------------------------------------------------------


def is_payroll(raw: Mapping[str, Any]) -> bool:
    named = "payroll_uuid" in raw or "uuid" in raw
    return named and "check_date" in raw and ("pay_period" in raw or "employee_compensations" in raw)


def payroll_id(payload: Payload) -> str:
    return payload.text("payroll_uuid", "") or payload.text("uuid")


def payroll_version(payload: Payload) -> str:
    """What a payroll says in money and dates; neither its passing states nor a later change of an employee's department."""
    return _digest({name: payload.data.get(name) for name in _PAYROLL_SAYS})


def _digest(said: object) -> str:
    try:
        return hashlib.sha256(render_json(said)).hexdigest()[:32]
    except TypeError as error:
        raise PayloadError("$", str(error)) from error


def read_payroll(payload: Payload, context: Context) -> Iterator[Record]:
    """A processed payroll with its payslips. One that breaks an identity of its totals goes before a person.

    The pull writes two keys of ours beside Gusto's: ``employees`` (name, department, garnishments of those paid; the payroll
    itself has no departments) and ``reverses`` (the run a reversal undoes).
    https://docs.gusto.com/embedded-payroll/reference/get-v1-companies-company_id-payrolls-payroll_id
    """
    common: dict[str, Any] = {
        "external_id": payroll_id(payload),
        "booked_on": payload.day("check_date"),
        "currency": CURRENCY,
    }
    request = payload.object_or_none("processing_request")
    status = request.text("status", "") if request else ""
    if not payload.flag("processed"):
        yield Skipped(**common, reason="not processed yet")
    elif status and status not in _GOOD_REQUESTS:
        yield Unknown(**common, what=f"Gusto payroll with processing status {status!r}")
    else:
        yield _run(payload, common, context)


def _run(payload: Payload, common: dict[str, Any], context: Context) -> Record:
    is_history, totals = payload.flag("external", False), payload.object("totals")
    period = payload.object("pay_period")
    frame: dict[str, Any] = {
        **common,
        "period_start": period.day("start_date"),
        "period_end": period.day("end_date"),
        "kind": _kind(payload),
        "history": is_history,
    }
    if is_history and not totals.has("net_pay"):
        return PayrollRun(**frame, payslips=())
    try:
        read = read_totals(totals)
        if not is_history:
            must_be_debited(read)
        slips = payslips(payload, read) if has_details(payload) else totals_slips(read)
    except BrokenIdentity as broken:
        amount = usd(totals, "company_debit", required=False)
        return Unknown(**common, what=f"Gusto payroll does not tie: {broken}", amount=amount)
    if read.is_nil:
        return Skipped(**common, reason="a run that pays nothing")
    return _as_reversal(payload, _with_pulls(payload, frame, slips, read, context))


def _kind(payload: Payload) -> str:
    if payload.flag("external", False):
        return "external"
    if not payload.flag("off_cycle", False):
        return "regular"
    reason = payload.text("off_cycle_reason", "")
    return f"off_cycle: {reason}" if reason else "off_cycle"


def _with_pulls(
    payload: Payload, frame: dict[str, Any], slips: tuple[Payslip, ...], totals: Totals, context: Context
) -> PayrollRun:
    return PayrollRun(
        **frame,
        memo="" if has_details(payload) else "By totals: taxes are not told employee by employee",
        payslips=slips,
        debit_on=_debit_on(payload, context),
        net_pay_pull=totals.net_pay_debit,
        tax_pull=totals.tax_debit,
        reimbursement_pull=totals.reimbursement_debit,
        garnishment_pull=totals.child_support_debit,
    )


def _debit_on(payload: Payload, context: Context) -> date | None:
    """The day of the pulls: as moved by a change of speed, else as expected when it was run."""
    changed = payload.object_or_none("payment_speed_changed")
    if changed and changed.has("current_debit_date"):
        return changed.day("current_debit_date")
    meta = payload.object_or_none("payroll_status_meta")
    if meta is None or not meta.has("expected_debit_time"):
        return None
    return meta.instant("expected_debit_time").astimezone(context.timezone).date()


def _as_reversal(payload: Payload, run: PayrollRun) -> Record:
    """A reversal names the run it undoes, with amounts turned positive whichever sign Gusto gave them."""
    reverses = payload.text("reverses", "")
    is_negative = usd(payload.object("totals"), "gross_pay") < 0
    if not reverses and (is_negative or payload.text("off_cycle_reason", "") == "Reversal"):
        what = "a Gusto reversal whose original payroll is not named"
        return Unknown(external_id=run.external_id, booked_on=run.booked_on, currency=CURRENCY, what=what)
    return replace(_turned(run) if is_negative else run, reverses=reverses)


def _turned(run: PayrollRun) -> PayrollRun:
    pulls = ("net_pay_pull", "tax_pull", "reimbursement_pull", "garnishment_pull")
    turned: dict[str, Any] = {name: -getattr(run, name) for name in pulls}
    return replace(run, payslips=tuple(_turned_slip(slip) for slip in run.payslips), **turned)


def _turned_slip(slip: Payslip) -> Payslip:
    lists = ("earnings", "employee_taxes", "employer_taxes", "deductions", "contributions", "reimbursements")
    turned: dict[str, Any] = {name: tuple(_turned_item(item) for item in getattr(slip, name)) for name in lists}
    return replace(slip, net_pay=-slip.net_pay, owners_draw=-slip.owners_draw, **turned)


def _turned_item(item: PayItem) -> PayItem:
    return replace(item, amount=-item.amount)


# ---- reversals -----------------------------------------------------------------------------------------------------------


def is_reversal(raw: Mapping[str, Any]) -> bool:
    return "reversed_payroll_uuid" in raw


def reversal_id(payload: Payload) -> str:
    return f"{payload.text('reversed_payroll_uuid')}:{payload.text('reversal_payroll_uuid', '')}"


def read_reversal(payload: Payload, context: Context) -> Iterator[Record]:
    """The link between a payroll and the run that undoes it; the money is in that run, which is a payroll of its own.

    https://docs.gusto.com/embedded-payroll/reference/get-v1-companies-company_id-payroll_reversals
    """
    approved = payload.instant("approved_at") if payload.has("approved_at") else None
    common: dict[str, Any] = {
        "external_id": reversal_id(payload),
        "booked_on": approved.astimezone(context.timezone).date() if approved else context.as_of,
        "currency": CURRENCY,
        "occurred_at": approved,
        "memo": payload.text("reason", ""),
    }
    undone = payload.text("reversed_payroll_uuid")
    if not payload.has("reversal_payroll_uuid"):
        yield Unknown(**common, what=f"a reversal of payroll {undone} that names no payroll of its own")
        return
    reason = f"payroll {payload.text('reversal_payroll_uuid')} undoes payroll {undone} and is booked itself"
    yield Skipped(**common, reason=reason)


# ---- contractors ---------------------------------------------------------------------------------------------------------


def is_contractor_payment(raw: Mapping[str, Any]) -> bool:
    """A payment, a group of them, or the summary of a period, by contractor or by date."""
    if "contractor_payments" in raw:
        return True
    return "contractor_uuid" in raw and ("wage_total" in raw or "wage_type" in raw or "payments" in raw)


def contractor_payment_id(payload: Payload) -> str:
    """The pull gives payments one by one; a whole summary, as a person may paste it, has no id of its own."""
    return payload.text("uuid", "") or payload.text("contractor_uuid", "") or "period"


def contractor_payment_version(payload: Payload) -> str:
    ours = ("contractor", "may_cancel")
    return _digest({name: value for name, value in payload.data.items() if name not in ours})


def read_contractor_payments(payload: Payload, context: Context) -> Iterator[Record]:
    """Payments to contractors, outside payroll. ``contractor`` (name, department) is written in by the pull.

    https://docs.gusto.com/embedded-payroll/reference/get-v1-companies-company_id-contractor_payments
    """
    del context
    for payment, check_date in _payments(payload, None):
        yield _payment(payment, check_date)


def _payments(payload: Payload, check_date: date | None) -> Iterator[tuple[Payload, date | None]]:
    day = payload.day("check_date") if payload.has("check_date") else check_date
    inner = next((name for name in ("contractor_payments", "payments") if name in payload.data), None)
    if inner is None:
        yield payload, day
        return
    for one in payload.objects(inner, required=True):
        yield from _payments(one, day)


def _payment(payment: Payload, check_date: date | None) -> Record:
    wages = usd(payment, "wage_total")
    common: dict[str, Any] = {
        "external_id": payment.text("uuid"),
        "booked_on": check_date if check_date and not payment.has("date") else payment.day("date"),
        "currency": CURRENCY,
    }
    method, status = payment.text("payment_method"), payment.text("status", "Funded")
    problem = _broken_wages(payment, wages)
    if problem or status not in ("Funded", "Unfunded"):
        return Unknown(**common, what=problem or f"contractor payment of status {status!r}", amount=wages)
    if method == "Historical Payment":
        return Skipped(**common, reason="paid outside Gusto and only recorded there", amount=wages)
    if method not in ("Direct Deposit", "Check"):
        return Unknown(**common, what=f"contractor payment by {method!r}", amount=wages)
    if method == "Direct Deposit" and status == "Unfunded":
        return Skipped(**common, reason="not funded yet", amount=wages)
    who = payment.object_or_none("contractor")
    return ContractorPayment(
        **common,
        contractor=(who.text("name", "") if who else "") or payment.text("contractor_uuid"),
        amount=wages,
        reimbursement=usd(payment, "reimbursement", required=False),
        by_check=method == "Check",
        department=who.text("department", "") if who else "",
        has_tax_number=who.flag("has_tax_number") if who and who.has("has_tax_number") else None,
    )


def _broken_wages(payment: Payload, wages: int) -> str:
    """``wage_total`` is hours × rate + wage + bonus, to the cent Gusto rounds hours to; '' if so or not told."""
    if not all(payment.has(name) for name in ("hours", "hourly_rate", "wage", "bonus")):
        return ""
    exact = (
        payment.decimal("hours") * payment.decimal("hourly_rate") + payment.decimal("wage") + payment.decimal("bonus")
    )
    try:
        difference = wages - to_minor(Decimal(exact), CURRENCY, rounding=True)
    except MoneyError as error:
        raise PayloadError(payment.at("hours"), f"times the rate, with wage and bonus: {error}") from error
    if abs(difference) <= 1:
        return ""
    return f"hours × rate + wage + bonus = wage_total: difference {money(difference)}"
