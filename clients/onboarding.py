"""Bringing a client in: steps that save as they are filled, and proofs that say how far it is.

A step is done when its proof says so, never by a tick. Upper apps register the proofs of their steps from
``AppConfig.ready``: ``@onboarding.proof("connect")`` on a function (client) -> Progress, called in the client's context.
"""

from __future__ import annotations

import re
from calendar import month_name
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zoneinfo import available_timezones

from django import forms
from django.utils import timezone
from django.utils.text import slugify

from clients import audit, catalogue
from clients.models import Client, Membership, OnboardingStep, Practice, Role, StackItem, User
from clients.templatetags.portal import DECIMALS

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class Progress:
    """How far a step is: ``percent`` 0 to 100, done at 100; ``text`` says what is there or what is missing."""

    percent: int
    text: str

    @property
    def done(self) -> bool:
        return self.percent >= 100


@dataclass(frozen=True)
class Step:
    key: str
    title: str
    waits: str
    #: View of the page where the step's work is done, taking ``slug``; '' when it is done here.
    view: str = ""


STEPS: tuple[Step, ...] = (
    Step("facts", "Business facts", ""),
    Step("stack", "Stack inventory", ""),
    Step("connect", "Connect", "opens after the inventory", "integrations:connections"),
    Step("mapping", "Mappings", "opens after connect", "ledger:mapping"),
    Step("opening", "Opening balances", "at the cut-over date", "ledger:opening"),
    Step("rehearse", "Rehearse a month", "replay and compare", "closeout:rehearsal"),
    Step("live", "Go live", "the controller approves"),
)
KEYS = tuple(step.key for step in STEPS)
CURRENCY = re.compile(r"[A-Z]{3}")

_proofs: dict[str, Callable[[Client], Progress]] = {}


@lru_cache(maxsize=1)
def zones() -> tuple[str, ...]:
    """Every time zone by name; read from the disk once."""
    return tuple(sorted(available_timezones()))


def proof(key: str) -> Callable[[Callable[[Client], Progress]], Callable[[Client], Progress]]:
    """Register the function that says how far a step is."""
    assert key in KEYS, key

    def register(function: Callable[[Client], Progress]) -> Callable[[Client], Progress]:
        _proofs[key] = function
        return function

    return register


class AmountField(forms.DecimalField):
    """An amount not below nil, typed in units of a currency with ``decimals`` and kept in its minor units."""

    def __init__(self, *, decimals: int, **options: Any) -> None:
        self.decimals = decimals
        super().__init__(min_value=0, max_digits=15, decimal_places=decimals, **options)
        self.widget = forms.TextInput(attrs={"inputmode": "decimal"})

    def prepare_value(self, value: Any) -> Any:
        return str(Decimal(value).scaleb(-self.decimals)) if isinstance(value, int) else value

    def clean(self, value: Any) -> Any:
        typed = super().clean(str(value or "0").replace(",", ""))
        return int((typed or Decimal(0)).scaleb(self.decimals))


class FactsForm(forms.ModelForm):  # type: ignore[type-arg]
    """The facts of the business; each field is saved on its own as it changes."""

    class Meta:
        model = Client
        fields = (
            "name",
            "timezone",
            "home_currency",
            "fiscal_year_start_month",
            "books",
            "cut_over_on",
            "preparer",
            "controller",
            "close_due_days",
            "clearing_days",
            "materiality_minor",
        )
        labels = {
            "timezone": "Time zone of the books",
            "home_currency": "Home currency",
            "books": "Books are kept in",
            "cut_over_on": "Cut-over date",
            "close_due_days": "Close due, business days after month end",
            "clearing_days": "Business days a payment may be on its way",
            "materiality_minor": "Materiality",
        }
        help_texts = {
            "cut_over_on": "From this day on the entries come from here; what came before stays as it is.",
            "materiality_minor": "Differences below it are named but do not block the close.",
            "controller": "Signs the close; never the preparer.",
        }
        widgets = {
            "cut_over_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "timezone": forms.TextInput(attrs={"list": "zones", "autocomplete": "off"}),
        }

    fiscal_year_start_month = forms.TypedChoiceField(
        label="Fiscal year begins in", choices=list(enumerate(month_name))[1:], coerce=int
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        currency, plain = self.instance.home_currency, self.fields["materiality_minor"]
        self.fields["materiality_minor"] = AmountField(
            decimals=DECIMALS.get(currency, 2), label=f"{plain.label}, {currency}", help_text=plain.help_text
        )
        staff = Membership.objects.filter(practice_id=self.instance.practice_id, is_active=True).exclude(
            role=Role.CLIENT
        )
        for name, roles in (("preparer", (Role.STAFF, Role.CONTROLLER)), ("controller", (Role.CONTROLLER, Role.ADMIN))):
            choices = self.fields[name]
            assert isinstance(choices, forms.ModelChoiceField)
            choices.queryset = User.objects.filter(memberships__in=staff.filter(role__in=roles)).distinct()

    def clean_timezone(self) -> str:
        name = str(self.cleaned_data["timezone"]).strip()
        if name not in zones():
            raise forms.ValidationError("Choose a zone of the list, such as America/Chicago.")
        return name

    def clean_home_currency(self) -> str:
        code = str(self.cleaned_data["home_currency"]).strip().upper()
        if not CURRENCY.fullmatch(code):
            raise forms.ValidationError("Three letters, such as USD.")
        return code


def save_fact(client: Client, name: str, value: str, *, by: User) -> FactsForm:
    """Save one fact if it is valid; the form that comes back carries the value or its error. KeyError for an unknown fact."""
    form = FactsForm(instance=client)
    if name not in form.fields:
        raise KeyError(name)
    given = {field: form[field].value() for field in form.fields} | {name: value}
    stored = getattr(client, name)
    form = FactsForm(given, instance=client)
    form.full_clean()
    whole = form.non_field_errors()
    if whole:
        form.add_error(name, whole)
    if name in form.errors:
        client.refresh_from_db()
        return form
    client.save(update_fields=[name])
    if stored != getattr(client, name):
        audit.record(client, by, "client.fact_changed", name, {"from": stored, "to": getattr(client, name)})
    _note_done(client, "facts", by)
    return form


def choose(client: Client, slug: str, *, chosen: bool, by: User) -> None:
    """Put a system into the stack, or set it aside; its notes are kept. KeyError for a system that is not in the catalogue."""
    system = catalogue.BY_SLUG[slug]
    item, made = StackItem.objects.get_or_create(
        client=client,
        system=slug,
        defaults={"category": system.category, "route": system.route, "dismissed": not chosen},
    )
    if not made and item.dismissed == chosen:
        item.dismissed = not chosen
        item.save(update_fields=["dismissed"])
    audit.record(client, by, "stack.chosen" if chosen else "stack.dismissed", slug)
    _note_done(client, "stack", by)


def readiness(client: Client) -> list[tuple[Step, Progress]]:
    """Every step with how far it is; in the client's context."""
    return [(step, _proofs[step.key](client) if step.key in _proofs else Progress(0, step.waits)) for step in STEPS]


def percent(steps: list[tuple[Step, Progress]]) -> int:
    return sum(progress.percent for _step, progress in steps) // len(steps)


def first_open(steps: list[tuple[Step, Progress]]) -> str:
    return next((step.key for step, progress in steps if not progress.done), KEYS[-1])


def go_live(client: Client, *, by: User) -> list[str]:
    """Open the client for its first close if every proof holds; gives back what still stands against it ('' list: live)."""
    against = [step.title for step, progress in readiness(client) if step.key != "live" and not progress.done]
    if client.preparer_id == by.pk:
        against.append("The preparer does not approve their own onboarding")
    if against:
        return against
    client.stage = Client.Stage.LIVE
    client.save(update_fields=["stage"])
    _note_done(client, "live", by)
    audit.record(client, by, "client.went_live", client.slug)
    return []


def add_client(practice: Practice, name: str, *, by: User) -> Client:
    """A new client in onboarding, with a slug of its own; the caller opens its context for what follows."""
    from clients.tenancy import client_context

    base = slugify(name)[:50] or "client"
    taken = set(Client.objects.filter(practice=practice, slug__startswith=base).values_list("slug", flat=True))
    slug = next(
        slug
        for number in range(1, len(taken) + 2)
        if (slug := base if number == 1 else f"{base}-{number}") not in taken
    )
    client = Client.objects.create(practice=practice, name=name.strip(), slug=slug)
    with client_context(client.pk):
        audit.record(client, by, "client.added", slug)
    return client


def _note_done(client: Client, key: str, by: User) -> None:
    """Remember who finished a step and when; a step that is open again is open again."""
    done = key == "live" or (key in _proofs and _proofs[key](client).done)
    step, _made = OnboardingStep.objects.get_or_create(client=client, key=key)
    if done != (step.done_at is not None):
        step.done_at, step.done_by = (timezone.now(), by) if done else (None, None)
        step.save(update_fields=["done_at", "done_by"])


@proof("facts")
def _facts(client: Client) -> Progress:
    asked = {
        "a cut-over date": client.cut_over_on,
        "a preparer": client.preparer_id,
        "a controller": client.controller_id,
        "a time zone": client.timezone != "UTC" or None,
    }
    missing = [what for what, there in asked.items() if not there]
    if missing:
        return Progress((len(asked) - len(missing)) * 100 // len(asked), "Missing: " + ", ".join(missing))
    return Progress(100, f"{client.home_currency}, {client.timezone}, cut-over {client.cut_over_on:%b %d, %Y}")


@proof("stack")
def _stack(client: Client) -> Progress:
    chosen = set(StackItem.objects.filter(client=client, dismissed=False).values_list("system", flat=True))
    if not chosen:
        return Progress(0, "No system chosen yet")
    doubles = len(catalogue.overlaps(chosen))
    settled = OnboardingStep.objects.filter(client=client, key="stack").first()
    open_ones = doubles - len((settled.data if settled else {}).get("posts", {}))
    if open_ones > 0:
        return Progress(60, f"{len(chosen)} chosen, {open_ones} overlap{'s' if open_ones > 1 else ''} to settle")
    return Progress(100, f"{len(chosen)} chosen")


@proof("live")
def _live(client: Client) -> Progress:
    if client.stage == Client.Stage.LIVE:
        return Progress(100, "Live")
    return Progress(0, f"{client.controller} approves" if client.controller else "A controller approves")
