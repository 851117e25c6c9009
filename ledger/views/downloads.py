"""Statements and books to take away: CSV and Excel of a statement, the whole books as text for plain-text accounting tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpResponse

from clients.templatetags.portal import DECIMALS
from ledger import exports, spreadsheets
from ledger.core import plaintext
from ledger.core.period import last_day
from ledger.models import Account
from ledger.views.framing import plain, spreadsheet

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from clients.models import Client
    from ledger.core.comparing import Span
    from ledger.core.sheets import Sheet
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
    numbers = _numbers(client)
    heads = [
        head.label if head.kind != "figure" or asked.slug != "tb" else _side(made, at)
        for at, head in enumerate(made.heads)
    ]
    rows = (
        [numbers.get(line.key, ""), line.label, *(_cell(client, cell.kind, cell.amount) for cell in line.cells)]
        for line in made.lines
    )
    return spreadsheet(_name(client, asked), ["no.", made.first_head.lower() or "line", *heads], rows)


def _side(made: Sheet, at: int) -> str:
    """A trial balance's head with its day and side."""
    return f"{made.columns[made.heads[at].of].label} {'credit' if at % 2 else 'debit'}"


def _cell(client: Client, kind: str, amount: int | None) -> str:
    if amount is None:
        return ""
    return plain(amount, "USD") if kind in {"share", "percent"} else plain(amount, client.home_currency)


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
