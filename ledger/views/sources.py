"""Where figures open to: the lines of an account in a month, and one source record with everything it touched."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from clients.access import Right, classified, client_or_404
from clients.templatetags.portal import day, moment
from integrations.models import Fact, SourceDocument
from ledger import queries, reaching, tracing
from ledger.core.comparing import Span, span_of_days
from ledger.core.period import Month, first_day, last_day
from ledger.models import Account, BankItem, LedgerException
from ledger.reports import OF_PAY
from ledger.views import framing
from ledger.views.framing import may, month_or_404, page_of, plain, spreadsheet

if TYPE_CHECKING:
    from clients.models import Client
    from ledger.core.period import Point

#: Whole numbers of a fact that count something.
COUNTS = {"ordinal", "fiscal_year_start_month"}


@classified(Right.VIEW_DRAFTS)
def account(request: HttpRequest, slug: str, pk: int, month: str) -> HttpResponse:
    """An account's lines with the running balance. ``from`` and ``to`` (a month or a day) choose another period, ``klass`` or
    ``department`` only such lines; ``format=csv`` gives all of them. A fixed number of queries, however many lines.
    """
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    of = month_or_404(request, month)
    chosen = Account.objects.filter(client=client, pk=pk).first()
    if chosen is None:
        raise Http404
    span = _span(request, of)
    first, last = first_day(span.first), last_day(span.last)
    tag = next(((name, request.GET[name]) for name in ("klass", "department") if name in request.GET), None)
    sign = 1 if chosen.debit_is_positive else -1
    lines = queries.account_lines(client, chosen, first, last)
    if tag:
        lines = lines.filter(**dict([tag]))
    if request.GET.get("format") == "csv":
        return _csv(client, chosen, of, lines)
    opening = 0 if tag else sign * queries.balance_before(client, chosen, first)
    page = page_of(request, lines)
    before = page.start_index() - 1
    starts_at = opening + (sign * queries.net(lines[:before]) if before > 0 else 0)
    balance, rows = starts_at, []
    for line in page:
        balance += sign * line.net_minor
        rows.append((line, balance))
    moved = sign * queries.net(lines)
    context = {
        "client": client,
        "account": chosen,
        "month": of,
        "span": span,
        "first": first,
        "last": last,
        "tag": tag,
        "page": page,
        "rows": rows,
        "closing": opening + moved,
        "moved": moved,
        "starts_at": starts_at,
        "period": framing.period(client, of, "ledger:account", pk=pk),
        "earlier": of.previous.previous,
    }
    return render(request, "ledger/account.html", context)


@classified(Right.VIEW_DRAFTS)
def source(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One fact: the stored payload and its versions, what was read from it, and every statement line it touched."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    fact = Fact.objects.filter(client=client, pk=pk).select_related("connection", "document").first()
    if fact is None:
        raise Http404
    month = Month.of(fact.booked_on) if fact.booked_on else framing.current_month(client)
    request.__dict__["month"] = month
    hides = tracing.is_payroll(fact) and not may(request, Right.VIEW_PAYROLL)
    entries = tracing.entries_of(client, fact)
    versions = (
        SourceDocument.objects.filter(
            client=client, connection=fact.connection, stream=fact.stream, external_id=fact.document.external_id
        )
        .order_by("-version")
        .defer("payload")
    )
    page = {
        "client": client,
        "fact": fact,
        "month": month,
        "entries": entries,
        "hides": hides,
        "payload": "" if hides else tracing.pretty(fact.document),
        "fields": [] if hides else _fields(fact.data),
        "versions": versions[:20],
        "reached": [row for row in reaching.reached(client, entries) if not (hides and row.slug in OF_PAY)],
        "siblings": Fact.objects.filter(client=client, document=fact.document).exclude(pk=fact.pk).order_by("pk")[:50],
        "held": LedgerException.objects.filter(client=client, fact_id=fact.pk, state__in=["open", "snoozed"]).first(),
        "item": BankItem.objects.filter(client=client, fact_id=fact.pk).select_related("feed").first(),
    }
    return render(request, "ledger/source.html", page)


def _span(request: HttpRequest, of: Month) -> Span:
    """From ``from`` to ``to``, each a month or a day; the month of the address where they say none, or one out of order."""
    first = _point(request.GET.get("from", "")) or of
    last = _point(request.GET.get("to", "")) or of
    try:
        return span_of_days(first_day(first), last_day(last))
    except ValueError:
        return Span(of, of)


def _point(text: str) -> Point | None:
    try:
        return Month.parse(text)
    except ValueError:
        return framing.day_of(text)


def _fields(data: dict[str, Any]) -> list[tuple[str, Any, bool]]:
    """(name, value, is an amount) of what was read; lists by their length. A fact's whole numbers are amounts."""
    return [
        (name.replace("_", " "), _written(value), type(value) is int and name not in COUNTS)
        for name, value in data.items()
        if value not in (None, "", 0, [], {}, False)
    ]


def _written(value: Any) -> Any:
    """A value as people write it: days and moments out of their ISO form, lists by their length."""
    if isinstance(value, list):
        return f"{len(value)} of them"
    if isinstance(value, bool):
        return "yes"
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return day(date.fromisoformat(value))
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d)", value):
        return moment(datetime.fromisoformat(value))
    return value


def _csv(client: Client, chosen: Account, of: Month, lines: Any) -> HttpResponse:
    head = ("date", "entry", "memo", "party", "debit", "credit")
    rows = [
        (
            line.booked_on.isoformat(),
            line.entry_id,
            line.memo or line.entry.memo,
            line.party,
            plain(line.debit_minor, client.home_currency),
            plain(line.credit_minor, client.home_currency),
        )
        for line in lines
    ]
    return spreadsheet(f"account-{client.slug}-{chosen.number or chosen.pk}-{of}", head, rows)
