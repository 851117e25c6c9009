"""Bank rules of a client: the list, a new one with its preview, and who lets it book by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from clients.access import Right, classified, client_or_404, membership_of
from integrations.money import minor_of
from ledger import bank_rules, queries
from ledger.bank_rules import BankRuleError
from ledger.core import roles
from ledger.models import BankFeed, BankRule
from ledger.views.framing import may

if TYPE_CHECKING:
    from clients.models import Client
    from ledger.models import Account


class BankRuleForm(forms.Form):
    """A rule as typed."""

    words = forms.CharField(
        label="The bank's words contain", max_length=120, help_text="As the statement prints them, upper or lower case."
    )
    direction = forms.ChoiceField(label="Direction", choices=BankRule.Direction.choices)
    least = forms.CharField(label="Smallest amount", required=False, max_length=30)
    most = forms.CharField(label="Largest amount", required=False, max_length=30)
    feed = forms.ModelChoiceField(
        BankFeed.objects.none(), label="Only on", required=False, empty_label="Any bank account"
    )
    account = forms.CharField(
        label="Account", max_length=240, widget=forms.TextInput(attrs={"list": "accounts", "autocomplete": "off"})
    )
    party = forms.CharField(label="Party", required=False, max_length=120)
    role = forms.ChoiceField(label="Category", required=False)

    def __init__(self, *args: Any, client: Client, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.client = client
        feed = self.fields["feed"]
        assert isinstance(feed, forms.ModelChoiceField)
        role = self.fields["role"]
        assert isinstance(role, forms.ChoiceField)
        known = [(slug, one.label) for slug, one in roles.ROLES.items() if slug not in bank_rules.OWN_SIDES]
        role.choices = [("", "By its account"), *known]
        feed.queryset = BankFeed.objects.filter(client=client, account__isnull=False)

    def clean_account(self) -> Account:
        account = queries.account_named(self.client, self.cleaned_data["account"])
        if account is None:
            raise forms.ValidationError("Choose an account from the list.")
        return account

    def clean_least(self) -> int | None:
        return self._amount("least")

    def clean_most(self) -> int | None:
        return self._amount("most")

    def _amount(self, name: str) -> int | None:
        text = self.cleaned_data[name].strip()
        amount = minor_of(text, self.client.home_currency) if text else None
        if text and (amount is None or amount < 0):
            raise forms.ValidationError("That is no amount; give it without a sign.")
        return amount

    def rule(self) -> BankRule:
        """The rule it says, not kept yet."""
        given = self.cleaned_data
        return BankRule(
            client=self.client,
            words=given["words"],
            direction=given["direction"],
            least_minor=given["least"],
            most_minor=given["most"],
            feed=given["feed"],
            account=given["account"],
            party=given["party"],
            role=given["role"],
        )


@classified(Right.VIEW_DRAFTS)
def index(request: HttpRequest, slug: str) -> HttpResponse:
    """The rules in force, and a form for another; ``words`` and ``account`` of the address fill it."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    start = {name: request.GET.get(name, "") for name in ("words", "account", "party")}
    return _page(request, client, BankRuleForm(initial=start, client=client))


@classified(Right.PREPARE, methods=("POST",))
def make(request: HttpRequest, slug: str) -> HttpResponse:
    """Show what a rule would meet; with ``keep``, put it into force."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    form = BankRuleForm(request.POST, client=client)
    tried = None
    if form.is_valid():
        rule = form.rule()
        try:
            if "keep" in request.POST:
                bank_rules.make(rule, by=membership_of(request).user)
                messages.success(request, f"Rule {rule} offers from the next matching on.")
                return redirect("ledger:bank_rules", slug=slug)
            bank_rules.check(rule)
            count, lines = bank_rules.preview(rule)
            tried = {"rule": rule, "count": count, "lines": lines}
        except BankRuleError as refusal:
            form.add_error(refusal.field, str(refusal))
    return _page(request, client, form, tried=tried)


@classified(Right.APPROVE, methods=("POST",))
def let_book(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Let a rule that somebody else made book by itself, or only offer again."""
    client = client_or_404(request, slug, right=Right.APPROVE)
    rule, by = _rule_or_404(client, pk), membership_of(request).user
    try:
        if rule.is_automatic:
            bank_rules.only_offer(rule, by=by)
            messages.success(request, f"Rule {rule} only offers again.")
        else:
            bank_rules.let_book(rule, by=by)
            messages.success(request, f"Rule {rule} books by itself from the next matching on.")
    except BankRuleError as refusal:
        messages.error(request, str(refusal))
    return redirect("ledger:bank_rules", slug=slug)


@classified(Right.PREPARE, methods=("POST",))
def stop(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """End a rule; what it booked stays."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    rule = _rule_or_404(client, pk)
    bank_rules.stop(rule, by=membership_of(request).user)
    messages.success(request, f"Rule {rule} was stopped. What it booked stays.")
    return redirect("ledger:bank_rules", slug=slug)


def _page(
    request: HttpRequest, client: Client, form: BankRuleForm, *, tried: dict[str, Any] | None = None
) -> HttpResponse:
    page = {
        "client": client,
        "rules": bank_rules.active(client),
        "form": form,
        "tried": tried,
        "accounts": queries.accounts(client),
        "may_prepare": may(request, Right.PREPARE),
        "may_approve": may(request, Right.APPROVE),
        "me": membership_of(request).user,
    }
    return render(request, "ledger/bank_rules.html", page, status=422 if form.errors else 200)


def _rule_or_404(client: Client, pk: int) -> BankRule:
    rule = BankRule.objects.filter(client=client, pk=pk, is_active=True).select_related("account", "client").first()
    if rule is None:
        raise Http404
    return rule
