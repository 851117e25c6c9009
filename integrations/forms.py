"""What people type on the pages of this app."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from integrations.bankfiles import CsvLayout
from integrations.bankfiles.layout import DATE_FORMATS
from integrations.models import StreamState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from integrations.provider import Ask

DATES = {"DMY": "31/01/2026, day first", "MDY": "01/31/2026, month first", "YMD": "2026-01-31, year first"}
MARKS = ((".", "1,234.50, a point"), (",", "1.234,50, a comma"))
SIGNS = (
    ("printed", "Money out has a minus sign"),
    ("columns", "One column for money out, one for money in"),
    ("flag", "A column says debit or credit"),
)
OPTIONAL = (
    ("amount", "Amount"),
    ("debit", "Money out"),
    ("credit", "Money in"),
    ("flag", "Debit or credit flag"),
    ("fee", "Fee on top"),
    ("counterparty", "Other party"),
    ("reference", "Reference"),
    ("balance", "Balance after the line"),
)
#: Words under which flags of money out are printed.
OUT = "D, DR, DEBIT"


class LinkForm(forms.Form):
    email = forms.EmailField(
        label="Send to", max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    )


class AccessForm(forms.Form):
    """What a provider asks before its sign-in, and the keys of a scheme; built from its declaration.

    ``known`` are answers given before. With ``may_stay`` keys that are left empty stay as they are in the vault.
    """

    def __init__(
        self,
        *args: Any,
        asks: Sequence[Ask],
        keys: Sequence[Ask] = (),
        known: Mapping[str, str] | None = None,
        may_stay: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.asks, self.may_stay = (*asks, *keys), may_stay
        for ask in asks:
            self.fields[ask.name] = _field(ask, required=ask.required)
        for key in keys:
            self.fields[key.name] = _field(key, required=key.required and not may_stay)
        self.initial.update(known or {})

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        for ask in self.asks:
            text = str(given.get(ask.name) or "")
            if not text and (ask.name in self.errors or self.may_stay):
                continue
            given[ask.name], wrong = ask.read(text)
            if wrong:
                self.add_error(ask.name, wrong)
        return given

    def values(self) -> dict[str, str]:
        """The tidied answers."""
        return {ask.name: str(self.cleaned_data.get(ask.name) or "") for ask in self.asks}


class SecretText(forms.Textarea):
    """Several lines that are never given back."""

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:  # noqa: ARG002
        return super().get_context(name, None, attrs)


def _field(ask: Ask, *, required: bool) -> forms.Field:
    """A declared field as the form's own; nothing typed into a secret one is ever shown again."""
    parts = [
        "" if ask.required else "Optional.",
        ask.help,
        f"Shown at {ask.where}." if ask.where else "",
        f"Like {ask.example}." if ask.example else "",
    ]
    told: dict[str, Any] = {"label": ask.label, "required": required, "help_text": " ".join(filter(None, parts))}
    plain = {"autocomplete": "off", "spellcheck": "false"}
    if ask.choices:
        return forms.ChoiceField(choices=ask.choices, **told)
    if ask.several_lines:
        kind = SecretText if ask.secret else forms.Textarea
        return forms.CharField(widget=kind(attrs={**plain, "rows": 4}), strip=False, max_length=20_000, **told)
    if ask.secret:
        widget = forms.PasswordInput(attrs={**plain, "autocomplete": "new-password"}, render_value=False)
        return forms.CharField(widget=widget, max_length=2_000, **told)
    return forms.CharField(widget=forms.TextInput(attrs=plain), max_length=2_000, **told)


class DutyForm(forms.Form):
    duty = forms.ChoiceField(choices=StreamState.Duty.choices)
    from_day = forms.DateField(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))


class UploadForm(forms.Form):
    """A file, and the account it is of where that is known already."""

    file = forms.FileField(
        label="File",
        help_text="A bank's OFX, QFX, CAMT.053, MT940, QIF or CSV, or a system's own export as CSV or XLSX, up to 10 MiB.",
        widget=forms.FileInput(attrs={"accept": ".ofx,.qfx,.xml,.camt,.sta,.mt940,.940,.qif,.csv,.txt,.tsv,.xlsx"}),
    )
    account = forms.ChoiceField(
        label="Account", required=False, help_text="Needed only where the file does not say whose it is."
    )

    def __init__(self, *args: Any, accounts: Sequence[tuple[str, str]] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = self.fields["account"]
        assert isinstance(choices, forms.ChoiceField)
        choices.choices = [("", "As the file says"), *accounts]


class LayoutForm(forms.Form):
    """Which column of a CSV is what; the answer is remembered for the account."""

    date = forms.TypedChoiceField(coerce=int, label="Date")
    date_format = forms.ChoiceField(
        choices=[(value, DATES[value]) for value in DATE_FORMATS], label="Dates are written"
    )
    decimal_mark = forms.ChoiceField(choices=MARKS, label="Amounts are written")
    signs = forms.ChoiceField(choices=SIGNS, label="Direction")
    flag_out = forms.CharField(
        required=False, max_length=100, label="Flags of money out", help_text=f"Separated by commas, such as {OUT}."
    )
    inverted = forms.BooleanField(required=False, label="Purchases are printed as positive (card files)")
    currency = forms.RegexField(r"^[A-Za-z]{3}$", label="Currency", help_text="Three letters, such as USD.")
    description = forms.TypedMultipleChoiceField(
        coerce=int, required=False, label="Description", widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, proposal: Mapping[str, Any], rows: Sequence[Sequence[str]], **kwargs: Any) -> None:
        self.proposal = dict(proposal)
        super().__init__(*args, **{"initial": self._initial(), **kwargs})
        names = columns(self.proposal, rows)
        for name in ("date", "description"):
            field = self.fields[name]
            assert isinstance(field, forms.TypedChoiceField | forms.TypedMultipleChoiceField)
            field.choices = names
        for name, label in OPTIONAL:
            self.fields[name] = forms.TypedChoiceField(
                coerce=int, empty_value=None, required=False, label=label, choices=[("", "none"), *names]
            )

    def _initial(self) -> dict[str, Any]:
        given = dict(self.proposal)
        given["flag_out"] = ", ".join(given.get("flag_out") or ())
        return given

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("signs") == "columns" and (given.get("debit") is None or given.get("credit") is None):
            raise forms.ValidationError("Choose the columns of money out and of money in.")
        if given.get("signs") == "flag" and given.get("flag") is None:
            raise forms.ValidationError("Choose the column that says debit or credit.")
        if given.get("signs") in {"printed", "flag"} and given.get("amount") is None and given.get("debit") is None:
            raise forms.ValidationError("Choose the column of the amount.")
        return given

    def layout(self) -> dict[str, Any]:
        """The proposal with the answers put in, as ``CsvLayout.from_json`` reads it."""
        answers = dict(self.cleaned_data)
        flags = [flag.strip() for flag in str(answers.pop("flag_out")).split(",")]
        answers |= {"flag_out": [flag for flag in flags if flag], "currency": str(answers["currency"]).upper()}
        return {**CsvLayout.from_json(self.proposal).to_json(), **answers}


def columns(proposal: Mapping[str, Any], rows: Sequence[Sequence[str]]) -> list[tuple[int, str]]:
    """The columns by number with the name printed above them, or their first value."""
    header = list(proposal.get("header") or ())
    first = list(rows[1] if header and len(rows) > 1 else rows[0]) if rows else []
    count = max(len(header), *(len(row) for row in rows), 0) if rows else len(header)

    def name(number: int) -> str:
        printed = header[number].strip() if number < len(header) else ""
        example = first[number].strip()[:24] if number < len(first) else ""
        return " ".join(part for part in (f"{number + 1}.", printed, f"({example})" if example else "") if part)

    return [(number, name(number)) for number in range(count)]
