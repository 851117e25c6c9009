"""Every balance-sheet account beside what else is said of it: the list, one account's proof, and who looks after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse

from clients.access import Right, allows, classified, client_or_404, membership_of
from clients.models import Membership, User
from integrations.money import minor_of
from ledger import standing
from ledger.matches import ReconcilingError
from ledger.models import Account, BankFeed, StatedBalance
from ledger.views import framing
from ledger.views.framing import may, month_or_404

if TYPE_CHECKING:
    from clients.models import Client
    from ledger.core.period import Month
    from ledger.standing import Standing

WORDS = {"pass": "Ties", "fail": "Off", "unknown": "No statement", "idle": "Nothing to prove"}


class BalanceForm(forms.Form):
    """A balance as its paper says it."""

    amount = forms.CharField(label="Balance on the statement", max_length=30)
    ends_on = forms.DateField(label="As of", widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"))
    support = forms.CharField(
        label="What proves it", max_length=300, help_text="The statement, confirmation or count, and where it is kept."
    )

    def __init__(self, *args: Any, currency: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency

    def clean_amount(self) -> int:
        amount = minor_of(self.cleaned_data["amount"], self.currency)
        if amount is None:
            raise forms.ValidationError("That is no amount.")
        return amount


class DutyForm(forms.Form):
    """Who reconciles an account, by when, and how near."""

    owner = forms.ModelChoiceField(
        User.objects.none(), label="Reconciled by", required=False, empty_label="The preparer"
    )
    due_days = forms.IntegerField(
        label="Due, business days after month end", required=False, min_value=0, max_value=90,
        help_text="Blank: with the close.",
    )  # fmt: skip
    tolerance = forms.CharField(
        label="Tolerance", max_length=30, required=False, help_text="A difference up to it passes, and is named."
    )

    def __init__(self, *args: Any, client: Client, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.client = client
        owner = self.fields["owner"]
        assert isinstance(owner, forms.ModelChoiceField)
        owner.queryset = owners(client)

    def clean_tolerance(self) -> int:
        text = self.cleaned_data["tolerance"].strip()
        amount = minor_of(text, self.client.home_currency) if text else 0
        if amount is None or amount < 0:
            raise forms.ValidationError("That is no amount.")
        return amount


def owners(client: Client) -> Any:
    """The people of the practice who may reconcile."""
    members = Membership.objects.filter(practice_id=client.practice_id, is_active=True)
    return User.objects.filter(pk__in=[one.user_id for one in members if allows(one, Right.PREPARE)]).order_by("name")


@classified(Right.VIEW_DRAFTS)
def index(request: HttpRequest, slug: str, month: str) -> HttpResponse:
    """Every balance-sheet account with its statement, books and difference; ``show=open`` leaves out what ties."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    of = month_or_404(request, month)
    rows = standing.accounts(client, of)
    counted = [row for row in rows if row.state != "idle"]
    only = request.GET.get("show") == "open"
    page = {
        "client": client,
        "groups": [group for group in _groups(client, of, rows, only=only) if group["rows"]],
        "only": only,
        "count": len(counted),
        "proven": sum(row.state == "pass" for row in counted),
        "unlinked": list(BankFeed.objects.filter(client=client, account__isnull=True)),
        "period": framing.period(client, of, "ledger:reconciliation"),
        "month": of,
        "today": framing.today(client),
    }
    return render(request, "ledger/reconciliation.html", page)


def _groups(client: Client, of: Month, rows: list[Standing], *, only: bool) -> list[dict[str, Any]]:
    made = []
    for title, with_bank in (("Bank and cards", True), ("Other accounts", False)):
        own = [row for row in rows if (row.position is not None) == with_bank]
        made.append(
            {
                "title": title,
                "rows": [shown(client, of, row) for row in own if not only or row.state in {"fail", "unknown"}],
                "proven": sum(row.state == "pass" for row in own),
                "count": sum(row.state != "idle" for row in own),
            }
        )
    return made


def shown(client: Client, of: Month, row: Standing) -> dict[str, Any]:
    """A row with its word and the page that proves it."""
    word = WORDS[row.state]
    position = row.position
    if position is not None and row.state != "unknown":
        if position.statement and position.statement.finished_at and row.state == "pass":
            word = "Prepared"
        elif position.bank_only and not position.is_off:
            word = "To decide"
    page = reverse("ledger:reconciliation_account", args=[client.slug, str(of), row.account.pk])
    if row.said and row.said.page:
        more = [row.said.at] if row.said.at is not None else []
        page = reverse(row.said.page, args=[client.slug, str(of), *more])
    name = str(position.feed if position else row.account)
    return {
        "row": row,
        "name": name,
        "account": row.account,
        "state": row.state,
        "word": word,
        "page": page,
        "position": position,
    }


@classified(Right.VIEW_DRAFTS)
def account(request: HttpRequest, slug: str, month: str, pk: int) -> HttpResponse:
    """One account: what its books and its paper say, and who looks after it."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    return _page(request, client, month_or_404(request, month), _account_or_404(client, pk))


@classified(Right.PREPARE, methods=("POST",))
def balance(request: HttpRequest, slug: str, month: str, pk: int) -> HttpResponse:
    """Type what a paper says of an account."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    of, chosen = month_or_404(request, month), _account_or_404(client, pk)
    form = BalanceForm(request.POST, currency=client.home_currency)
    if form.is_valid():
        try:
            standing.state_balance(chosen, of, **form.cleaned_data, by=membership_of(request).user)
        except ReconcilingError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"The balance of {chosen} is kept.")
            return redirect("ledger:reconciliation_account", slug=slug, month=month, pk=pk)
    return _page(request, client, of, chosen, balance_form=form)


@classified(Right.PREPARE, methods=("POST",))
def duty(request: HttpRequest, slug: str, month: str, pk: int) -> HttpResponse:
    """Say who reconciles an account, by when, and how near."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    of, chosen = month_or_404(request, month), _account_or_404(client, pk)
    form = DutyForm(request.POST, client=client)
    if form.is_valid():
        standing.look_after(chosen, **form.cleaned_data, by=membership_of(request).user)
        messages.success(request, f"Kept for {chosen}.")
        return redirect("ledger:reconciliation_account", slug=slug, month=month, pk=pk)
    return _page(request, client, of, chosen, duty_form=form)


def _page(
    request: HttpRequest,
    client: Client,
    of: Month,
    chosen: Account,
    *,
    balance_form: BalanceForm | None = None,
    duty_form: DutyForm | None = None,
) -> HttpResponse:
    row = next((one for one in standing.accounts(client, of) if one.account.pk == chosen.pk), None)
    typed = StatedBalance.objects.filter(client=client, account=chosen, month=of.first).first()
    held = row.duty if row else None
    given = {
        "owner": held.owner_id if held else None,
        "due_days": held.due_days if held else None,
        "tolerance": framing.plain(held.tolerance_minor, client.home_currency) if held and held.tolerance_minor else "",
    }
    start = {
        "amount": framing.plain(typed.amount_minor, client.home_currency) if typed else "",
        "ends_on": typed.ends_on if typed else of.last,
        "support": typed.support if typed else "",
    }
    is_fed = BankFeed.objects.filter(client=client, account=chosen).exists()
    page = {
        "client": client,
        "month": of,
        "account": chosen,
        "shown": shown(client, of, row) if row else None,
        "row": row,
        "typed": typed,
        "is_fed": is_fed,
        "balance_form": balance_form or BalanceForm(initial=start, currency=client.home_currency),
        "duty_form": duty_form or DutyForm(initial=given, client=client),
        "may_prepare": may(request, Right.PREPARE),
        "period": framing.period(client, of, "ledger:reconciliation_account", pk=chosen.pk),
    }
    has_errors = any(form is not None and form.errors for form in (balance_form, duty_form))
    return render(request, "ledger/reconciliation_account.html", page, status=422 if has_errors else 200)


def _account_or_404(client: Client, pk: int) -> Account:
    chosen = Account.objects.filter(client=client, pk=pk, type__in=standing.BALANCE_SHEET).first()
    if chosen is None:
        raise Http404
    return chosen
