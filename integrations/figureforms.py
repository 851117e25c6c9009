"""The form a person fills in with figures, made from its declaration in ``integrations.byhand``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from integrations.capturing import EVIDENCE_TYPES, LONGEST_ACCOUNT, LONGEST_NUMBER
from integrations.money import exponent, minor_of, to_major

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrations.byhand import Field, Form

ROWS = 8


class MinorField(forms.CharField):
    """An amount as people type it, kept in minor units; None where nothing was typed."""

    def __init__(self, *, currency: str, signed: bool, **options: Any) -> None:
        self.currency, self.signed = currency, signed
        super().__init__(max_length=30, **options)
        self.widget.attrs |= {"inputmode": "decimal", "autocomplete": "off"}

    def prepare_value(self, value: Any) -> Any:
        return str(to_major(value, self.currency)) if isinstance(value, int) else value

    def clean(self, value: Any) -> Any:
        typed = super().clean(value)
        if not typed:
            return None
        minor = minor_of(typed, self.currency)
        if minor is None:
            raise forms.ValidationError(f"An amount with at most {exponent(self.currency)} decimals.")
        if minor < 0 and not self.signed:
            raise forms.ValidationError("Not below nil here; see the hint for what is positive.")
        return minor


class CaptureForm(forms.Form):
    """Account, day, the form's figures and the evidence. ``values()`` are the figures as they are kept."""

    def __init__(self, *given: Any, form: Form, currency: str, **options: Any) -> None:
        self.declared, self.currency = form, currency
        super().__init__(*given, **options)
        self.fields["account"] = forms.CharField(label=form.account, max_length=LONGEST_ACCOUNT)
        self.fields["account"].widget.attrs |= {"list": "known-accounts", "autocomplete": "off"}
        self.fields["booked_on"] = forms.DateField(label=form.day, widget=_day_input())
        for each in form.fields:
            self._add(each)
        self.fields["evidence"] = forms.FileField(
            label="Evidence",
            help_text=f"{form.evidence}, as {', '.join(EVIDENCE_TYPES)}, up to 10 MiB.",
            widget=forms.FileInput(attrs={"accept": ",".join(EVIDENCE_TYPES)}),
        )

    def _add(self, each: Field) -> None:
        said: dict[str, Any] = {"label": each.label, "help_text": each.help, "required": each.required}
        if each.kind == "day":
            self.fields[each.name] = forms.DateField(widget=_day_input(), **said)
        elif each.kind == "text":
            self.fields[each.name] = forms.CharField(max_length=LONGEST_NUMBER, **said)
        elif each.kind == "money":
            self.fields[each.name] = MinorField(currency=self.currency, signed=each.signed, **said)
        else:
            for number in range(ROWS):
                what, amount = _names(each, number)
                self.fields[what] = forms.CharField(label=f"Category {number + 1}", max_length=80, required=False)
                self.fields[amount] = MinorField(
                    currency=self.currency, signed=True, label=f"Amount {number + 1}", required=False
                )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        for each in self.declared.fields:
            if each.kind == "lines":
                self._check_lines(each, given)
        return given

    def _check_lines(self, each: Field, given: Mapping[str, Any]) -> None:
        rows = [(given.get(what), given.get(amount), amount) for what, amount in _rows(each)]
        for what, amount, name in rows:
            if bool(what) != (amount is not None):
                self.add_error(name, "A category and its amount go together.")
        if each.required and not any(what for what, _amount, _name in rows):
            self.add_error(_names(each, 0)[0], f"{each.label}: at least one row.")

    def values(self) -> dict[str, Any]:
        """What was typed, by field: minor units, texts, ISO days, [category, amount] rows. What was left empty is left out."""
        kept: dict[str, Any] = {}
        for each in self.declared.fields:
            if each.kind == "lines":
                rows = [(self.cleaned_data[what], self.cleaned_data[amount]) for what, amount in _rows(each)]
                kept[each.name] = [[what, amount] for what, amount in rows if what]
            elif (value := self.cleaned_data[each.name]) not in (None, ""):
                kept[each.name] = str(value) if each.kind == "day" else value
        return kept

    @property
    def plain(self) -> list[Any]:
        """The fields of one figure each, account and day first."""
        names = [each.name for each in self.declared.fields if each.kind != "lines"]
        return [self[name] for name in ("account", "booked_on", *names)]

    @property
    def proof(self) -> Any:
        """The field of the evidence."""
        return self["evidence"]

    @property
    def tables(self) -> list[tuple[Field, list[tuple[Any, Any]]]]:
        """The fields of many rows, each row as its two bound fields."""
        return [
            (each, [(self[what], self[amount]) for what, amount in _rows(each)])
            for each in self.declared.fields
            if each.kind == "lines"
        ]


def initial(form: Form, values: Mapping[str, Any]) -> dict[str, Any]:
    """Kept figures as the form is filled with them again, to be corrected."""
    shown = dict(values)
    for each in form.fields:
        if each.kind == "lines":
            for (what, amount), row in zip(_rows(each), shown.pop(each.name, []), strict=False):
                shown[what], shown[amount] = row
    return shown


def _names(each: Field, number: int) -> tuple[str, str]:
    return f"{each.name}-{number}-what", f"{each.name}-{number}-amount"


def _rows(each: Field) -> list[tuple[str, str]]:
    return [_names(each, number) for number in range(ROWS)]


def _day_input() -> forms.DateInput:
    return forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
