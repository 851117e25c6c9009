"""Statements and books to take away: CSV and Excel of a statement, the whole books as text for plain-text accounting tools."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse

from clients.templatetags.portal import DECIMALS
from ledger import exports, spreadsheets
from ledger.core import plaintext
from ledger.core.period import last_day
from ledger.models import Account
from ledger.views.framing import plain, spreadsheet

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from clients.models import Client
    from ledger.core.comparing import Span
    from ledger.core.sheets import Cell, Sheet
    from ledger.groups import Combined
    from ledger.reports import Asked

SHEETS = ("csv", "xlsx")
BOOKS = {"beancount": (plaintext.beancount, "beancount"), "hledger": (plaintext.hledger, "journal")}
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def sheet(client: Client, asked: Asked, made: Sheet, form: str) -> HttpResponse:
    """The statement as it is shown; of the general ledger every line too."""
    if form == "xlsx":
        return _xlsx(client, asked, made)
    if asked.slug == "gl":
        head = [head.lower() for head, _kind, _width in spreadsheets.LINE_HEADS]
        return spreadsheet(_name(client, asked), head, _written(client, exports.lines(client, asked.span)))
    heads = [
        head.label if head.kind != "figure" or asked.slug != "tb" else _side(made, at)
        for at, head in enumerate(made.heads)
    ]
    return _csv(_name(client, asked), made, heads, client.home_currency, _numbers(client))


def combined(made: Combined, titles: Sequence[str], name: str, form: str) -> HttpResponse:
    """A group's combined statement as it is shown, what it leaves out said below the lines."""
    currency = made.companies[0].home_currency
    sheet, numbers = replace(made.combination.sheet, notes=made.notes), made.combination.numbers
    if form == "xlsx":
        content = spreadsheets.workbook(sheet, titles=titles, currency=currency, numbers=numbers)
        return _file(content, f"{name}.xlsx", XLSX)
    heads = [f"{head.label}, {head.currency or currency}" for head in sheet.heads]
    return _csv(name, sheet, heads, currency, numbers, notes=made.notes)


def _csv(
    name: str,
    made: Sheet,
    heads: Sequence[str],
    currency: str,
    numbers: Mapping[str, str],
    *,
    notes: Sequence[str] = (),
) -> HttpResponse:
    currencies = [head.currency or currency for head in made.heads]
    rows = [
        [numbers.get(line.key, ""), line.label, *(_cell(*one) for one in zip(line.cells, currencies, strict=False))]
        for line in made.lines
    ]
    rows += [["", note] for note in notes]
    return spreadsheet(name, ["no.", made.first_head.lower() or "line", *heads], rows)


def _side(made: Sheet, at: int) -> str:
    """A trial balance's head with its day and side."""
    return f"{made.columns[made.heads[at].of].label} {'credit' if at % 2 else 'debit'}"


def _cell(cell: Cell, currency: str) -> str:
    if cell.amount is None:
        return ""
    return plain(cell.amount, "USD" if cell.kind in {"share", "percent"} else currency)


def _written(client: Client, lines: Iterable[tuple[Any, ...]]) -> Iterator[list[object]]:
    for line in lines:
        amounts = [plain(amount, client.home_currency) if amount else "" for amount in line[8:10]]
        yield [line[0].isoformat(), *line[1:8], *amounts]


def _xlsx(client: Client, asked: Asked, made: Sheet) -> HttpResponse:
    basis = "Cash basis" if asked.on_cash else "Accrual basis"
    titles = [client.name, f"{made.title}, {asked.span.label}", f"{basis}. {client.home_currency}."]
    lines = None
    if asked.slug == "gl":
        lines = list(exports.lines(client, asked.span, most=spreadsheets.MOST_LINES + 1))
        if len(lines) > spreadsheets.MOST_LINES:
            text = f"More than {spreadsheets.MOST_LINES:,} lines: take a shorter period, or the CSV."
            return HttpResponse(text, status=413, content_type="text/plain; charset=utf-8")
    content = spreadsheets.workbook(
        made, titles=titles, currency=client.home_currency, numbers=_numbers(client), lines=lines
    )
    return _file(content, f"{_name(client, asked)}.xlsx", XLSX)


def books(client: Client, span: Span, form: str) -> HttpResponse:
    """Every entry through the period's end, in the format of a plain-text accounting tool."""
    write, ending = BOOKS[form]
    through = last_day(span.last)
    heading = plaintext.Heading(
        client.name, through, client.home_currency, DECIMALS.get(client.home_currency.upper(), 2)
    )
    text = "\n".join(write(heading, exports.accounts(client), exports.entries(client, through))) + "\n"
    return _file(text.encode(), f"{client.slug}-{through}.{ending}", "text/plain; charset=utf-8")


def _numbers(client: Client) -> dict[str, str]:
    rows = Account.objects.filter(client=client).exclude(number="").values_list("pk", "number")
    return {str(pk): number for pk, number in rows}


def _name(client: Client, asked: Asked) -> str:
    span = asked.span
    first, last = str(span.first), str(span.last)
    return f"{asked.slug}-{client.slug}-{last if first == last else f'{first}-{last}'}"


def _file(content: bytes, name: str, kind: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(content, content_type=kind, headers=headers)
