"""Forms of the ledger's pages. They read what was typed; the use cases decide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms

from clients import catalogue
from integrations.models import Connection
from integrations.registry import all_providers
from ledger import queries
from ledger.core import roles
from ledger.core.placing import CONDITIONS
from ledger.models import EntryTemplate, MappingVersion, Rollback
from ledger.rollback import Batch

if TYPE_CHECKING:
    from clients.models import Client
    from ledger.models import Account


class DayField(forms.DateField):
    """A date with the browser's own picker."""

    widget = forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")


class RuleForm(forms.Form):
    """One mapping rule; blanks match everything."""

    role = forms.ChoiceField(label="Category")
    account = forms.CharField(
        label="Account", max_length=240, widget=forms.TextInput(attrs={"list": "accounts", "autocomplete": "off"})
    )
    key = forms.CharField(
        label="Item",
        required=False,
        max_length=120,
        help_text="A product or channel, a tax, a pay item, an expense category, a processor; blank is the default for all.",
    )
    party = forms.CharField(label=CONDITIONS["party"], required=False, max_length=120)
    product = forms.CharField(label=CONDITIONS["product"], required=False, max_length=120)
    jurisdiction = forms.CharField(label=CONDITIONS["jurisdiction"], required=False, max_length=120)
    tender = forms.CharField(label=CONDITIONS["tender"], required=False, max_length=120)
    department = forms.CharField(label=CONDITIONS["department"], required=False, max_length=120)
    location = forms.CharField(label=CONDITIONS["location"], required=False, max_length=120)
    channel = forms.CharField(label=CONDITIONS["channel"], required=False, max_length=120)
    provider = forms.ChoiceField(label=CONDITIONS["provider"], required=False)
    to_class = forms.CharField(label="Put class", required=False, max_length=120)
    to_department = forms.CharField(label="Put department or location", required=False, max_length=120)
    to_party = forms.CharField(label="Put vendor or customer", required=False, max_length=120)
    reason = forms.CharField(label="Why", required=False, max_length=200)

    def __init__(self, data: Any = None, *, client: Client) -> None:
        super().__init__(data)
        self.client = client
        choices = self.fields["role"]
        assert isinstance(choices, forms.ChoiceField)
        choices.choices = [(slug, role.label) for slug, role in roles.ROLES.items()]
        systems = self.fields["provider"]
        assert isinstance(systems, forms.ChoiceField)
        names = {system.slug: system.name for system in catalogue.SYSTEMS}
        names |= {slug: provider.name for slug, provider in all_providers().items()}
        systems.choices = [("", "Any"), *sorted(names.items(), key=lambda one: one[1].casefold())]

    def groups(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The fields as the dialog shows them."""
        asks = ("key", *(name for name in CONDITIONS if name != "key"))
        return [
            ("", [self["role"], self["account"]]),
            ("Only for", [self[name] for name in asks]),
            ("Put on its lines", [self["to_class"], self["to_department"], self["to_party"]]),
            ("", [self["reason"]]),
        ]

    def clean_account(self) -> Account:
        account = queries.account_named(self.client, self.cleaned_data["account"])
        if account is None:
            raise forms.ValidationError("Choose an account from the list.")
        return account


class SubmitForm(forms.Form):
    """What a draft mapping changes, from when, and what becomes of months that are closed already."""

    note = forms.CharField(label="What changes", max_length=300)
    effective_from = DayField(label="Effective from")
    locked_months = forms.ChoiceField(
        label="Closed months", choices=MappingVersion.LockedMonths.choices, initial=MappingVersion.LockedMonths.STAY
    )


class TemplateForm(forms.Form):
    """A name to keep a mapping under, as a template."""

    name = forms.CharField(label="Name of the template", max_length=80)


class EntryForm(forms.Form):
    """The head of an entry made by hand; its lines are read by ``typed_lines``."""

    booked_on = DayField(label="Date")
    reverses_on = DayField(
        label="Reverses on", required=False, help_text="For an accrual: the day on which it is taken back by itself."
    )
    memo = forms.CharField(label="Memo", max_length=500)
    reason = forms.CharField(label="Why it is needed", max_length=500)
    support = forms.CharField(
        label="What supports it",
        max_length=500,
        required=False,
        help_text="An invoice number, a link to a paper, a person.",
    )
    file = forms.FileField(label="Support file", required=False, help_text="Needed above the limit. Up to 10 MiB.")

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        booked_on, reverses_on = given.get("booked_on"), given.get("reverses_on")
        if booked_on and reverses_on and reverses_on <= booked_on:
            self.add_error("reverses_on", "On a later day than it is booked.")
        return given


class RateForm(forms.Form):
    """The rate of a month's last day."""

    currency = forms.CharField(label="Currency", max_length=3, min_length=3)
    rate = forms.DecimalField(
        label="Rate", max_digits=24, decimal_places=12, help_text="Home currency for one unit, like 1.0823."
    )
    source = forms.CharField(label="Source", max_length=120, help_text="A central bank, the accounting system, a bank.")


class InvoiceForm(forms.Form):
    """The head of an invoice that is written from a won deal; its lines are read by ``invoice_rows``."""

    customer = forms.CharField(label="Customer", max_length=200, help_text="As the accounting system shall know them.")
    number = forms.CharField(
        label="Number", max_length=21, required=False, help_text="Blank: one is given when it is sent."
    )
    invoiced_on = DayField(label="Date")
    terms = forms.TypedChoiceField(
        label="Terms",
        coerce=int,
        choices=[(0, "Due on receipt"), *((days, f"Net {days}") for days in (7, 10, 14, 15, 30, 45, 60, 90))],
        initial=30,
    )


def invoice_rows(data: Any) -> list[dict[str, Any]]:
    """The lines typed into an invoice, without those left empty."""
    return _rows(data, ("product", "amount", "department", "from", "to"))


class BatchForm(forms.Form):
    """Which entries are taken back at once. ``batch`` is what a valid form means."""

    kind = forms.ChoiceField(label="Take back", choices=Rollback.Kind.choices)
    connection = forms.ModelChoiceField(label="Of", queryset=Connection.objects.none(), required=False)
    first = DayField(label="From", required=False)
    last = DayField(label="To", required=False, help_text="Blank for one day.")
    version = forms.ModelChoiceField(label="Mapping version", queryset=MappingVersion.objects.none(), required=False)

    def __init__(self, data: Any = None, *, client: Client) -> None:
        super().__init__(data)
        named = {
            "connection": Connection.objects.filter(client=client).exclude(state="pending").order_by("provider", "pk"),
            "version": MappingVersion.objects.filter(client=client).exclude(state="draft"),
        }
        for name, rows in named.items():
            field = self.fields[name]
            assert isinstance(field, forms.ModelChoiceField)
            field.queryset = rows

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if given.get("kind") == Rollback.Kind.MAPPING:
            if not given.get("version") and "version" not in self.errors:
                self.add_error("version", "Choose the version whose entries are taken back.")
            return given
        for name, said in (("connection", "Choose the system."), ("first", "Give the first day.")):
            if not given.get(name) and name not in self.errors:
                self.add_error(name, said)
        if given.get("first") and given.get("last") and given["last"] < given["first"]:
            self.add_error("last", "The last day is before the first.")
        return given

    @property
    def batch(self) -> Batch:
        given = self.cleaned_data
        kind = Rollback.Kind(given["kind"])
        if kind == Rollback.Kind.MAPPING:
            return Batch(kind, version=given["version"])
        return Batch(kind, given["connection"], given["first"], given.get("last") or given["first"])


def _rows(data: Any, names: tuple[str, ...]) -> list[dict[str, Any]]:
    columns = [[value.strip() for value in data.getlist(f"line-{name}")] for name in names]
    rows = [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=False)]
    return [row for row in rows if any(row.values())][:200]


class RecurringForm(forms.Form):
    """An entry that comes again; its lines are read by ``typed_lines``."""

    name = forms.CharField(label="Name", max_length=160, help_text="What it is called in the list.")
    memo = forms.CharField(label="Memo", max_length=500)
    reason = forms.CharField(label="Why it is needed", max_length=500)
    every = forms.ChoiceField(label="Every", choices=EntryTemplate.Every.choices)
    first_on = DayField(label="First on", help_text="The others fall on the same day of their month.")
    last_on = DayField(label="Last on", required=False)
    reverses = forms.BooleanField(label="Take each back on the first of the next month", required=False)
    posts_itself = forms.BooleanField(
        label="Post it without asking",
        required=False,
        help_text="Otherwise each one is proposed. Above the limit each one is proposed in any case.",
    )


class ImportForm(forms.Form):
    """A file of entries."""

    file = forms.FileField(label="File", help_text="CSV or XLSX with Date, Account, Debit and Credit. Up to 1 MiB.")
