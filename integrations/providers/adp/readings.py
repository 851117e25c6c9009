"""ADP's payroll outputs and registers read as pay runs: only what has the final status is one.

Money is ``{amountValue, currencyCode}``, exact numbers. What the employee gets is checked against ADP's own net pay, and the
split over cost centres against the summary, before anything is booked. A void is a payment with negative amounts in a run.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from integrations import payregister
from integrations.money import split
from integrations.payload import Payload
from integrations.payregister import BrokenRegister, must_equal, total
from integrations.providers.adp.codes import FINAL, NAME, NOT_FINAL, PARTS, SLUG, is_reimbursement
from integrations.records import PayItem, PayrollRun, Payslip, Record, Skipped, Unknown

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from integrations.provider import Context


def is_output(raw: Mapping[str, Any]) -> bool:
    named = "itemID" in raw or "payrollScheduleReference" in raw or "payDate" in raw
    return ("payrollProcessingStatusCode" in raw and named) or payregister.is_run(raw, SLUG)


def status(payload: Payload) -> str:
    return payload.object("payrollProcessingStatusCode").text("codeValue")


def output_id(payload: Payload) -> str:
    """A final run is called as the register calls it, so that both roads lead to one run; a preview by its own id."""
    if payregister.is_run(payload.data, SLUG):
        return payload.text("runId")
    if status(payload) != FINAL:
        return f"{payload.text('itemID')}:{status(payload)}"
    period = payload.object("payPeriod")
    days = payload.day("payDate").isoformat(), period.day("endDate").isoformat()
    return payregister.run_id(group(payload), *days, _number(payload))


def group(payload: Payload) -> str:
    """The company code a run is of."""
    found = payload.object_or_none("payrollGroupCode")
    return found.text("codeValue", "") if found else ""


def _number(payload: Payload) -> str:
    schedule = payload.object_or_none("payrollScheduleReference")
    return (schedule.text("payrollRunNumber", "") if schedule else "").lstrip("0") or "1"


def read_output(payload: Payload, context: Context) -> Iterator[Record]:
    """A final run by cost centre; a preview is passed over, a status ADP does not document is put before a person.

    https://developers.adp.com/build/api-explorer/hcm-offrg-wfn/hcm-offrg-wfn-payroll-payroll-output-v2-payroll-output
    """
    if payregister.is_run(payload.data, SLUG):
        read = payregister.read_run(payload, context.home_currency, system=NAME)
        yield read
        return
    common: dict[str, Any] = {
        "external_id": output_id(payload),
        "booked_on": payload.day("payDate") if payload.has("payDate") else context.as_of,
    }
    found = status(payload)
    if found in NOT_FINAL:
        reason = f"{NAME} status {found}: {NOT_FINAL[found]}"
        yield Skipped(**common, currency=context.home_currency, reason=reason)
    elif found != FINAL:
        yield Unknown(**common, currency=context.home_currency, what=f"{NAME} payroll with status {found!r}")
    else:
        yield _run(payload, common, context.home_currency)


def _run(payload: Payload, common: dict[str, Any], home: str) -> Record:
    register = Register()
    try:
        slips = register.slips(payload)
    except BrokenRegister as broken:
        what = f"the {NAME} run does not tie: {broken}"
        return Unknown(**common, currency=register.currency or home, what=what)
    if not slips:
        return Skipped(**common, currency=home, reason="a run that pays nobody")
    period = payload.object("payPeriod")
    kept = [item for slip in slips for item in slip.deductions if item.kind == "garnishment"]
    taxes = sum(total(slip.employee_taxes) + total(slip.employer_taxes) for slip in slips)
    return PayrollRun(
        **common,
        currency=register.currency or home,
        period_start=period.day("startDate"),
        period_end=period.day("endDate"),
        kind="regular" if _number(payload) == "1" else "off_cycle",
        payslips=slips,
        # An output tells no debits: ADP takes net pay, taxes and garnishments apart, each as the register owes it.
        net_pay_pull=sum(slip.net_pay for slip in slips),
        tax_pull=taxes,
        garnishment_pull=total(kept),
    )


# ---- the register inside an output ---------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Pay:
    """One associate in one cost centre."""

    items: dict[str, list[PayItem]] = field(default_factory=lambda: defaultdict(list))

    def add(self, name: str, item: PayItem) -> None:
        if item.amount:
            self.items[name].append(item)

    def of(self, name: str) -> tuple[PayItem, ...]:
        return tuple(self.items[name])

    @property
    def net(self) -> int:
        """What the associate gets, reimbursements included."""
        paid = total(self.of("earnings")) + total(self.of("reimbursements"))
        return paid - total(self.of("taxes")) - total(self.of("deductions"))


class Register:
    """Reads an output's payments; ``currency`` is the one all its money is in."""

    def __init__(self) -> None:
        self.currency = ""

    def slips(self, payload: Payload) -> tuple[Payslip, ...]:
        """A slip for each associate and cost centre. Raises BrokenRegister, PayloadError."""
        summary, split_up = _parts(payload, "summary"), _parts(payload, "allocations")
        whole: dict[str, _Pay] = {}
        for part, payments in summary.items():
            for payment in payments:
                self._take(part, payment, [("", 1)], whole, by_centre=False)
        pays: dict[str, _Pay] = {}
        for part, payments in (split_up if any(split_up.values()) else summary).items():
            for payment in payments:
                self._take(part, payment, _centres(payment), pays, by_centre=True)
        self._prove(summary, whole, pays)
        return tuple(_slip(key, pay) for key, pay in pays.items() if any(pay.items.values()))

    def _take(
        self, part: str, payment: Payload, centres: list[tuple[str, int]], pays: dict[str, _Pay], *, by_centre: bool
    ) -> None:
        listed, coded, own, employers = PARTS[part]
        who = _who(payment)
        for line in payment.objects(listed):
            name = _name(line.object(coded))
            for side, amount in (("own", own), ("employer", employers)):
                if not amount or not line.has(amount):
                    continue
                shares = split(self.money(line.object(amount)), [weight for _, weight in centres])
                for (centre, _), share in zip(centres, shares, strict=True):
                    pay = pays.setdefault(f"{who}|{centre}" if by_centre else who, _Pay())
                    kind = (
                        payregister.deduction_kind(name) if (part, side) == ("non-statutory-deductions", "own") else ""
                    )
                    pay.add(_list_of(part, side, name), PayItem(name=name, amount=share, kind=kind))

    def money(self, amount: Payload) -> int:
        """Minor units. Raises BrokenRegister for a second currency in one run."""
        told = amount.text("currencyCode", self.currency or "USD")
        if self.currency and told != self.currency:
            raise BrokenRegister(f"amounts in {self.currency} and in {told}")
        self.currency = told
        return amount.minor("amountValue", told)

    def _prove(self, summary: Mapping[str, list[Payload]], whole: dict[str, _Pay], pays: dict[str, _Pay]) -> None:
        """The cost centres come to the summary, and both to the gross and net pay that ADP tells of each associate."""
        for who in dict.fromkeys([*whole, *(key.partition("|")[0] for key in pays)]):
            mine = [pay for key, pay in pays.items() if key.partition("|")[0] == who]
            told = whole.get(who, _Pay())
            for name in ("earnings", "reimbursements", "taxes", "employer-taxes", "deductions", "contributions"):
                shares = sum(total(pay.of(name)) for pay in mine)
                must_equal(total(told.of(name)), shares, f"associate {who}: {name} by cost centre", self.currency)
        for payment in (payment for payments in summary.values() for payment in payments):
            pay = whole.get(_who(payment), _Pay())
            wages, spent = total(pay.of("earnings")), total(pay.of("reimbursements"))
            if payment.has("grossPayAmount"):
                gross = self.money(payment.object("grossPayAmount"))
                if gross != wages + spent:  # not settled by ADP's pages: with what was spent, or without
                    must_equal(gross, wages, f"associate {_who(payment)}: earnings = gross pay", self.currency)
            net = self.money(payment.object("netPayAmount"))
            identity = f"associate {_who(payment)}: gross + reimbursements − taxes − deductions = net pay"
            must_equal(net, pay.net, identity, self.currency)


def _parts(payload: Payload, where: str) -> dict[str, list[Payload]]:
    """Payments by part: under the key the pull writes, else for the summary those of the output itself."""
    kept = payload.object_or_none(where)
    if kept is not None:
        return {part: list(kept.objects(part)) for part in PARTS}
    return {part: list(payload.objects("associatePayments")) if where == "summary" else [] for part in PARTS}


def _who(payment: Payload) -> str:
    return payment.text("payrollFileNumber", "") or payment.text("associateOID")


def _name(code: Payload) -> str:
    return code.text("longName", "") or code.text("shortName", "") or code.text("codeValue")


def _list_of(part: str, side: str, name: str) -> str:
    if part == "earnings":
        return "reimbursements" if is_reimbursement(name) else "earnings"
    if part == "statutory-deductions":
        return "taxes" if side == "own" else "employer-taxes"
    return "deductions" if side == "own" else "contributions"


def _centres(payment: Payload) -> list[tuple[str, int]]:
    """(department, weight): its cost centres by their names in the payment's list of departments, else its department."""
    names = {one.text("codeValue"): _name(one) for one in payment.objects("departments")}
    found = list(payment.objects("costCenters"))
    if not found:
        return [(next(iter(names.values()), ""), 1)]
    ids = [centre.text("costCenterID") for centre in found]
    if len(found) == 1:
        return [(names.get(ids[0], ids[0]), 1)]
    weights = [int(centre.decimal("costCenterPercentage") * 10_000) for centre in found]
    if sum(weights) != 1_000_000 or min(weights) < 0:
        raise BrokenRegister(f"associate {_who(payment)}: the cost centres are not 100 percent")
    return [(names.get(name, name), weight) for name, weight in zip(ids, weights, strict=True)]


def _slip(key: str, pay: _Pay) -> Payslip:
    who, _, centre = key.partition("|")
    return Payslip(
        employee_id=who,
        employee=who,
        department=centre,
        net_pay=pay.net,
        earnings=pay.of("earnings"),
        employee_taxes=pay.of("taxes"),
        employer_taxes=pay.of("employer-taxes"),
        deductions=pay.of("deductions"),
        contributions=pay.of("contributions"),
        reimbursements=pay.of("reimbursements"),
    )


# ---- events --------------------------------------------------------------------------------------------------------------


def is_message(raw: Mapping[str, Any]) -> bool:
    return "messageID" in raw and "events" in raw


def message_id(payload: Payload) -> str:
    return payload.text("messageID")


def read_message(payload: Payload, context: Context) -> Iterator[Record]:
    """That something happened there; the run itself is read by its own list.

    https://developers.adp.com/learn/articles/event-notification
    """
    for index, event in enumerate(payload.objects("events")):
        at = event.instant("creationDateTime") if event.has("creationDateTime") else None
        name = event.object_or_none("eventNameCode")
        yield Skipped(
            external_id=f"{message_id(payload)}:{index}",
            booked_on=at.astimezone(context.timezone).date() if at else context.as_of,
            currency=context.home_currency,
            occurred_at=at,
            reason=f"a notice of {NAME}: {name.text('codeValue', '') if name else ''}".rstrip(": "),
        )
