"""The budget of a fiscal year: shown, taken away as a sheet, replaced from one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from clients.access import Right, classified, client_or_404, membership_of
from ledger import budgets
from ledger.core.period import FiscalYear
from ledger.views import framing
from ledger.views.framing import may, month_or_404, plain, spreadsheet

if TYPE_CHECKING:
    from clients.models import Client
    from ledger.core.period import Month

#: Problems of a sheet that are listed at once.
PROBLEMS = 50


@classified(Right.VIEW_DRAFTS)
def index(request: HttpRequest, slug: str, month: str) -> HttpResponse:
    """The budget of the fiscal year the month lies in; ``format=csv`` gives it as a sheet, with every account that may have one."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    of = month_or_404(request, month)
    year = FiscalYear.of(of, client.fiscal_year_start_month)
    if request.GET.get("format") == "csv":
        return _csv(client, year)
    return render(request, "ledger/budget.html", _page(request, client, of, year))


def _page(request: HttpRequest, client: Client, of: Month, year: FiscalYear, **more: Any) -> dict[str, Any]:
    rows = [(account, figures, sum(figures)) for account, figures in budgets.table(client, year)]
    sums = {}
    for kind in budgets.TYPES:
        own = [figures for account, figures, _sum in rows if account.type == kind]
        sums[str(kind)] = [sum(column) for column in zip(*own, strict=True)] or [0] * 12
    net = [earned - spent for earned, spent in zip(sums["income"], sums["expense"], strict=True)]
    return {
        "client": client,
        "month": of,
        "year": year,
        "months": year.months(),
        "rows": rows,
        "totals": [
            ("Total income", sums["income"], sum(sums["income"])),
            ("Total expenses", sums["expense"], sum(sums["expense"])),
            ("Net income", net, sum(net)),
        ],
        "may_prepare": may(request, Right.PREPARE),
        "period": framing.period(client, of, "ledger:budget"),
        "problems": [],
        "text": "",
        **more,
    }


@classified(Right.PREPARE, methods=("POST",))
def keep(request: HttpRequest, slug: str, month: str) -> HttpResponse:
    """Replace the year's budget by a pasted or chosen sheet, or take it away (``act=clear``). A sheet with a problem changes
    nothing: each is told with its line, and what was typed stays.
    """
    client = client_or_404(request, slug, right=Right.PREPARE)
    of = month_or_404(request, month)
    year = FiscalYear.of(of, client.fiscal_year_start_month)
    person = membership_of(request).user
    if request.POST.get("act") == "clear":
        budgets.replace(client, year, {}, by=person)
        messages.success(request, f"The budget of {year.label} is taken away.")
        return redirect("ledger:budget", slug=slug, month=month)
    text, problem = _text(request)
    found = budgets.Read(problems=[problem]) if problem else budgets.read(client, text, year)
    if not found.problems and not found.lines:
        found.problems.append("The sheet has no figure.")
    if found.problems:
        more = {"problems": found.problems[:PROBLEMS], "untold": len(found.problems[PROBLEMS:]), "text": text}
        return render(request, "ledger/budget.html", _page(request, client, of, year, **more), status=422)
    budgets.replace(client, year, found.lines, by=person)
    accounts = len({account for account, _month in found.lines})
    messages.success(request, f"Budget of {year.label} kept: {accounts} account{'s' if accounts != 1 else ''}.")
    return redirect("ledger:budget", slug=slug, month=month)


def _text(request: HttpRequest) -> tuple[str, str]:
    """The sheet's text, from the file if one was chosen, and what is wrong with it."""
    given = request.FILES.get("file")
    if given is None:
        text = request.POST.get("text", "")
        return text, "" if text.strip() else "Paste a sheet or choose a file first."
    content = given.read(settings.UPLOAD_LIMIT_BYTES + 1)
    if len(content) > settings.UPLOAD_LIMIT_BYTES:
        return "", "The file is too large."
    try:
        return content.decode("utf-8-sig"), ""
    except UnicodeDecodeError:
        return "", "The file is not a text. Save the sheet as CSV (UTF-8) first."


def _csv(client: Client, year: FiscalYear) -> HttpResponse:
    """Every account that may have a budget, with the figures it has: to be filled in and brought back."""
    kept = {account.pk: figures for account, figures in budgets.table(client, year)}
    head = ["account", *(str(month) for month in year.months())]
    rows = [
        [
            str(account),
            *(plain(amount, client.home_currency) if amount else "" for amount in kept.get(account.pk, [0] * 12)),
        ]
        for account in budgets.blank(client)
    ]
    return spreadsheet(f"budget-{client.slug}-{year.label}", head, rows)
