"""The form of a schedule: one for each kind, reading what was typed into ``Asked``."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from django import forms

from clients.templatetags.portal import day
from integrations.figureforms import MinorField
from integrations.money import minor_of
from ledger import typed_lines
from ledger.core.schedules import KINDS, Terms
from ledger.core.schedules.terms import MILLION, Step
from ledger.forms import DayField
from ledger.models import Schedule
from ledger.schedule_drawing import Asked
from ledger.views.framing import day_of, plain

if TYPE_CHECKING:
    from clients.models import Client
    from ledger.models import JournalLine

Kind = Schedule.Kind
#: What each account is called on the form of a kind.
ACCOUNTS = {
    Kind.PREPAID: ("Prepaid account", "Expensed to", ""),
    Kind.ASSET: ("Asset account", "Depreciation expense", "Accumulated depreciation"),
    Kind.LOAN: ("Loan account", "Interest expense", "Paid from"),
    Kind.DEFERRED: ("Deferred revenue account", "Earned as", ""),
    Kind.ACCRUAL: ("Accrued liability", "Expensed to", ""),
}
AMOUNTS = {
    Kind.PREPAID: "Amount paid",
    Kind.ASSET: "Cost",
    Kind.LOAN: "Principal",
    Kind.DEFERRED: "Amount billed",
    Kind.ACCRUAL: "Amount",
}
STARTS = {
    Kind.PREPAID: "Covers from",
    Kind.ASSET: "In service from",
    Kind.LOAN: "First payment on",
    Kind.DEFERRED: "Service from",
    Kind.ACCRUAL: "Accrued on",
}
STEPS = {
    Kind.ASSET: "Units used: one line for each month, a date and a number, like 2026-03-31 1200.",
    Kind.LOAN: "Lender's statements: one line each, the day, principal and interest, like 2026-03-31 1,796.37 92.12.",
    Kind.DEFERRED: "Milestones: one line each, a date and an amount, like 2026-03-31 4,000.00.",
}


class ScheduleForm(forms.Form):
    """The fields that a kind of schedule has; ``asked()`` is what they come to."""

    def __init__(self, *given: Any, client: Client, kind: str, is_new: bool = True, **options: Any) -> None:
        self.is_new = is_new
        self.client, self.kind, self.chart = client, Kind(kind), typed_lines.Chart(client)
        super().__init__(*given, **options)
        self._who()
        self._accounts()
        self._how()
        self._when()

    def _who(self) -> None:
        put, currency = self.fields, self.client.home_currency
        put["name"] = forms.CharField(label="Name", max_length=160, help_text="What it is called in the list.")
        put["party"] = forms.CharField(label=_party(self.kind), max_length=120, required=False)
        put["amount"] = MinorField(currency=currency, signed=False, label=AMOUNTS[self.kind])
        put["support"] = forms.CharField(
            label="What supports it",
            max_length=300,
            required=self.kind == Kind.ACCRUAL,
            help_text="An invoice number, a contract, a person.",
        )

    def _accounts(self) -> None:
        carries, counter, contra = ACCOUNTS[self.kind]
        self.fields["account"] = _account(carries)
        self.fields["counter_account"] = _account(counter)
        if contra:
            self.fields["contra_account"] = _account(contra)
        if self.kind in {Kind.PREPAID, Kind.ASSET, Kind.DEFERRED}:
            self.fields["moved_from"] = _account(
                "Booked so far on",
                required=False,
                help_text="Where the bill was booked, if not on the account above: it is moved from there.",
            )

    def _how(self) -> None:
        put, currency = self.fields, self.client.home_currency
        methods = [(name, Schedule.Method(name).label) for name in KINDS[self.kind]]
        if len(methods) > 1:
            put["method"] = forms.ChoiceField(label="Method", choices=methods)
        if self.kind == Kind.ASSET:
            put["months"] = forms.IntegerField(label="Life in months", required=False, min_value=1, max_value=1200)
            put["residual"] = MinorField(currency=currency, signed=False, label="Salvage value", required=False)
            put["convention"] = forms.ChoiceField(
                label="Begins with",
                choices=Schedule.Convention.choices,
                help_text="Half of a year: six months of the life in the first fiscal year and six in that of a sale.",
            )
            put["rate"] = forms.CharField(
                label="Times straight line",
                required=False,
                max_length=12,
                help_text="For a declining balance; 2 is double declining.",
            )
            put["switches"] = forms.BooleanField(label="Change to straight line when that is more", required=False)
            put["units"] = forms.IntegerField(label="Units in its life", required=False, min_value=1)
        if self.kind == Kind.LOAN:
            put["months"] = forms.IntegerField(label="Monthly payments", min_value=1, max_value=1200)
            put["rate"] = forms.CharField(label="Yearly rate, %", max_length=12)
            put["payment"] = MinorField(
                currency=currency,
                signed=False,
                label="Payment",
                required=False,
                help_text="Principal and interest as the contract says; blank to compute it.",
            )
            put["residual"] = MinorField(
                currency=currency, signed=False, label="Balloon with the last payment", required=False
            )

    def _when(self) -> None:
        put = self.fields
        put["starts_on"] = DayField(label=STARTS[self.kind])
        if self.kind in {Kind.PREPAID, Kind.DEFERRED}:
            put["ends_on"] = DayField(label="To", required=self.kind == Kind.PREPAID)
        if self.kind == Kind.ACCRUAL:
            put["ends_on"] = DayField(label="Reversed on", help_text="Usually the first of the next month.")
            put["expected_on"] = DayField(label="Paper expected on")
        else:
            put["added_on"] = DayField(
                label="In the books since",
                required=False,
                help_text="The day of the bill; blank for the day it begins.",
            )
        if self.is_new and self.kind != Kind.ACCRUAL and self.client.cut_over_on:
            put["before"] = MinorField(
                currency=self.client.home_currency,
                signed=False,
                label=f"Amortised before {day(self.client.cut_over_on)}",
                required=False,
                help_text="As the books took it over; blank for what the terms say.",
            )
        if self.kind in STEPS:
            put["steps"] = forms.CharField(
                label="By date",
                required=False,
                max_length=8000,
                widget=forms.Textarea(attrs={"rows": 3}),
                help_text=STEPS[self.kind],
            )
        put["department"] = forms.CharField(label="Department", required=False, max_length=120)
        put["klass"] = forms.CharField(label="Class", required=False, max_length=120)
        put["duty"] = forms.ChoiceField(label="Who books it", choices=Schedule.Duty.choices)
        if self.kind != Kind.ACCRUAL:
            put["change"] = forms.ChoiceField(
                label="A difference lands",
                choices=Schedule.Change.choices,
                help_text="What closed months missed or held too much, after a change.",
            )

    # ---- reading -----------------------------------------------------------------------------------------------------

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        for name in ("account", "counter_account", "contra_account", "moved_from"):
            if given.get(name):
                found = self.chart.named(given[name])
                if found is None:
                    self.add_error(name, "Choose an account from the list.")
                given[name] = found
        if given.get("rate"):
            given["rate"] = self._rate(given["rate"])
        if given.get("steps"):
            given["steps"] = self._steps(given["steps"])
        return given

    def _rate(self, said: str) -> int:
        """Millionths of a factor, or of a percentage a year."""
        try:
            number = Decimal(said.replace("%", "").strip())
        except InvalidOperation:
            self.add_error("rate", "A number like 6.25.")
            return 0
        if not number.is_finite() or not 0 <= number <= 1000:
            self.add_error("rate", "A number like 6.25.")
            return 0
        scaled = number * (MILLION // 100 if self.kind == Kind.LOAN else MILLION)
        return int(scaled.to_integral_value(rounding=ROUND_HALF_UP))

    def _steps(self, said: str) -> tuple[Step, ...]:
        steps = []
        for number, line in enumerate(said.splitlines(), 1):
            parts = line.split()
            if not parts:
                continue
            on = day_of(parts[0])
            figures = [self._figure(part) for part in parts[1:]]
            if on is None or None in figures or len(figures) != (2 if self.kind == Kind.LOAN else 1):
                self.add_error("steps", f"Line {number}: {line.strip()[:60]!r} is not as the hint says.")
                continue
            steps.append(Step(on, *[figure for figure in figures if figure is not None]))
        return tuple(sorted(steps))

    def _figure(self, said: str) -> int | None:
        if self.kind == Kind.ASSET:
            return int(said.replace(",", "")) if said.replace(",", "").isdecimal() and len(said) < 15 else None
        return minor_of(said, self.client.home_currency)

    def asked(self, source: tuple[int, int] | None = None) -> Asked:
        """What was typed, once the form is valid."""
        given = self.cleaned_data
        method = given.get("method") or KINDS[self.kind][0]
        by_life = method != "units"
        terms = Terms(
            kind=self.kind.value,
            method=method,
            amount=given["amount"] or 0,
            starts_on=given["starts_on"],
            ends_on=given.get("ends_on") if method != "milestones" else None,
            months=(given.get("months") or 0) if by_life else 0,
            residual=given.get("residual") or 0,
            rate_millionths=given.get("rate") or 0 if method != "straight-line" else 0,
            payment=given.get("payment") or 0,
            units=(given.get("units") or 0) if not by_life else 0,
            convention=given.get("convention") or "full-month",
            switches=bool(given.get("switches")) and method == "declining",
            fiscal_year_start=self.client.fiscal_year_start_month,
            steps=given.get("steps") or () if method in {"units", "milestones"} or self.kind == Kind.LOAN else (),
        )
        return Asked(
            terms=terms,
            name=given["name"],
            party=given["party"],
            support=given["support"],
            department=given["department"],
            klass=given["klass"],
            account=given["account"],
            counter_account=given["counter_account"],
            contra_account=given.get("contra_account") or None,
            moved_from=given.get("moved_from") or None,
            added_on=given.get("added_on") or given["starts_on"],
            duty=given["duty"],
            change=given.get("change") or Schedule.Change.CATCH_UP,
            expected_on=given.get("expected_on"),
            source=source,
            before=given.get("before"),
        )


def initial(of: Schedule, currency: str) -> dict[str, Any]:
    """A kept schedule as the form is filled with it again."""
    scale = Decimal(MILLION // 100 if of.kind == Kind.LOAN else MILLION)
    steps = [
        " ".join(
            [
                str(step.on),
                str(step.amount) if of.kind == Kind.ASSET else plain(step.amount, currency),
                *([plain(step.interest_minor, currency)] if of.kind == Kind.LOAN else []),
            ]
        )
        for step in of.steps.all()
    ]
    plainly = ("name", "party", "support", "method", "convention", "switches", "starts_on", "ends_on", "expected_on")
    return {
        **{name: getattr(of, name) for name in (*plainly, "added_on", "department", "klass", "duty", "change")},
        "amount": of.amount_minor,
        "residual": of.residual_minor or None,
        "payment": of.payment_minor or None,
        "months": of.months or None,
        "units": of.units or None,
        "rate": f"{(Decimal(of.rate_millionths) / scale).normalize():f}" if of.rate_millionths else "",
        "steps": "\n".join(steps),
        **{
            name: str(getattr(of, name) or "")
            for name in ("account", "counter_account", "contra_account", "moved_from")
        },
    }


def proposed(line: JournalLine, kind: str) -> dict[str, Any]:
    """The form filled from a line of the books that is to be spread: its amount, day and account."""
    account, filled = (
        line.account,
        {
            "name": (line.memo or line.entry.memo)[:160],
            "party": line.party,
            "amount": abs(line.net_minor),
            "support": f"JE-{line.entry_id}",
            "added_on": line.booked_on,
            "starts_on": line.booked_on,
            "department": line.department,
            "klass": line.klass,
        },
    )
    if account.type in {"asset", "liability"}:
        return filled | {"account": str(account)}
    spread = {"counter_account": str(account)} if kind in {Kind.PREPAID, Kind.DEFERRED} else {}
    return filled | {"moved_from": str(account)} | spread


def kind_for(line: JournalLine) -> str:
    """The kind that a line of the books most likely asks for, by its account."""
    account = line.account
    if account.type == "asset":
        return Kind.ASSET if account.group == "fixed-assets" else Kind.PREPAID
    if account.type == "liability":
        return Kind.LOAN if account.group == "long-term-liabilities" else Kind.DEFERRED
    return Kind.DEFERRED if account.type == "income" else Kind.PREPAID


def _account(label: str, **options: Any) -> forms.CharField:
    widget = forms.TextInput(attrs={"list": "accounts", "autocomplete": "off"})
    return forms.CharField(label=label, max_length=240, widget=widget, **options)


def _party(kind: str) -> str:
    return "Customer" if kind == Kind.DEFERRED else "Lender" if kind == Kind.LOAN else "Vendor"
