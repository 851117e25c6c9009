"""Statements from delimited text with a known layout: one for each account and currency in the file."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from integrations.bankfiles import balances, columns, csvrows, dates, numbers, text, words
from integrations.bankfiles.drafting import Draft, Identities, checked_currency
from integrations.bankfiles.layout import CsvLayout, LayoutNeeded
from integrations.errors import PayloadError
from integrations.records import BankLine, BankStatement

if TYPE_CHECKING:
    from datetime import date

    from integrations.bankfiles.csvrows import Row

_NAMED_LINES = 5


@dataclass(slots=True)
class _Line:
    """A row understood; its description may still grow by rows below it."""

    row: Row
    booked_on: date
    amount: Decimal
    balance: Decimal | None
    texts: list[str]


@dataclass(slots=True)
class _Reading:
    """The rows sorted out: lines, and what was passed over with the lines it stands on."""

    lines: list[_Line] = field(default_factory=list)
    passed: list[int] = field(default_factory=list)
    void: list[int] = field(default_factory=list)


def read(
    decoded: str, *, filename: str = "", layout: CsvLayout | None = None, currency: str = ""
) -> tuple[BankStatement, ...]:
    """The statements. Raises PayloadError naming line and column, LayoutNeeded when without a layout the file leaves doubt."""
    if layout is None:
        proposal = columns.propose_text(decoded, filename=filename, currency=currency)
        if not proposal.certain:
            raise LayoutNeeded(proposal.layout, proposal.rows, proposal.questions)
        layout = proposal.layout
    found = csvrows.rows(csvrows.unified(decoded), layout.delimiter or ",")
    reading = _sort_out(_body(found, layout), layout)
    if not reading.lines:
        raise PayloadError("CSV", "the file has no lines with a date and an amount")
    drafts = _drafts(reading, layout, currency)
    _tell(drafts[0], reading)
    return tuple(draft.finish() for draft in drafts)


def _trimmed(cells: tuple[str, ...]) -> tuple[str, ...]:
    end = len(cells)
    while end and not cells[end - 1]:
        end -= 1
    return cells[:end]


def _body(found: list[Row], layout: CsvLayout) -> list[Row]:
    """The rows below the header, a header repeated on later pages taken out."""
    if not layout.header:
        first = next(
            (index for index, row in enumerate(found) if dates.read(row.cell(layout.date), layout.date_format)), 0
        )
        return found[first:]
    header = _trimmed(layout.header)
    places = [index for index, row in enumerate(found) if _trimmed(row.cells) == header]
    if not places:
        raise PayloadError(
            "CSV.header", f"the file does not have the columns of the layout ({', '.join(header)[:200]})"
        )
    return [row for index, row in enumerate(found) if index > places[0] and index not in set(places)]


def _sort_out(body: list[Row], layout: CsvLayout) -> _Reading:
    """Dated amounts are lines; text below one belongs to it; the rest is passed over and told. A bad date is an error."""
    reading = _Reading()
    last = max((i for i, row in enumerate(body) if dates.read(row.cell(layout.date), layout.date_format)), default=-1)
    for index, row in enumerate(body):
        printed = row.cell(layout.date)
        booked_on = dates.read(printed, layout.date_format)
        has_amount = any(row.cell(column) for column in (layout.amount, layout.debit, layout.credit))
        if booked_on is not None and has_amount:
            if row.cell(layout.status).casefold() in words.VOID:
                reading.void.append(row.number)
                continue
            reading.lines.append(_line(row, booked_on, layout))
        elif has_amount and (index < last or any(character.isdigit() for character in printed)):
            where = f"line {row.number}, {_name(layout, layout.date)}"
            raise PayloadError(where, f"{printed[:40]!r} is not a date" if printed else "the date is missing")
        elif booked_on is None and not has_amount and not printed and index <= last + 1 and reading.lines:
            _continue(reading, row, layout)
        else:
            reading.passed.append(row.number)
    return reading


def _continue(reading: _Reading, row: Row, layout: CsvLayout) -> None:
    more = [cell for column in layout.description if (cell := row.cell(column))]
    if more and "\n" not in "".join(more):
        reading.lines[-1].texts.extend(more)
    else:
        reading.passed.append(row.number)


def _name(layout: CsvLayout, column: int | None) -> str:
    if column is not None and column < len(layout.header) and layout.header[column]:
        return layout.header[column]
    return f"column {(column or 0) + 1}"


def _line(row: Row, booked_on: date, layout: CsvLayout) -> _Line:
    amount = _amount(row, layout)
    balance = _money(row, layout.balance, layout) if layout.balance is not None and row.cell(layout.balance) else None
    texts = [cell for column in layout.description if (cell := row.cell(column))]
    return _Line(row, booked_on, -amount if layout.inverted else amount, balance, texts)


def _amount(row: Row, layout: CsvLayout) -> Decimal:
    if layout.amount is None:
        debit, credit = _money(row, layout.debit, layout), _money(row, layout.credit, layout)
        return credit + debit if layout.signs == "printed" else credit - debit
    amount = _money(row, layout.amount, layout)
    if layout.fee is not None:
        amount -= abs(_money(row, layout.fee, layout))
    if layout.signs != "flag":
        return amount
    flag = row.cell(layout.flag).casefold()
    if flag not in layout.flag_out and flag not in words.FLAG_IN:
        raise PayloadError(
            f"line {row.number}, {_name(layout, layout.flag)}", f"{flag[:40]!r} is neither money in nor money out"
        )
    return -abs(amount) if flag in layout.flag_out else abs(amount)


def _money(row: Row, column: int | None, layout: CsvLayout) -> Decimal:
    """The amount in the cell, zero where it is blank."""
    cell = row.cell(column)
    if not cell:
        return Decimal(0)
    return numbers.amount(cell, layout.decimal_mark, path=f"line {row.number}, {_name(layout, column)}")


def _drafts(reading: _Reading, layout: CsvLayout, currency: str) -> list[Draft]:
    groups: dict[tuple[str, str], list[_Line]] = {}
    for line in reading.lines:
        code = line.row.cell(layout.currency_column) or layout.currency or currency
        where = f"line {line.row.number}, {_name(layout, layout.currency_column)}"
        account = line.row.cell(layout.account_column) or layout.account
        groups.setdefault((account, checked_currency(code, path=where)), []).append(line)
    identities = Identities()
    drafts = []
    for (account, code), lines in groups.items():
        draft = Draft(account=account, currency=code, path="CSV" if len(groups) == 1 else f"CSV[{account} {code}]")
        draft.lines = [_bank_line(line, draft, layout, identities) for line in lines]
        _balance(draft, lines, layout)
        drafts.append(draft)
    return drafts


def _bank_line(line: _Line, draft: Draft, layout: CsvLayout, identities: Identities) -> BankLine:
    column = layout.amount if layout.amount is not None else layout.debit
    path = f"line {line.row.number}, {_name(layout, column)}"
    amount = numbers.minor(line.amount, draft.currency, path=path, warnings=draft.warnings)
    description = text.tidy(" ".join(line.texts))
    counterparty = text.tidy(line.row.cell(layout.counterparty))
    words_of_line = description or counterparty
    external_id, ordinal = identities.take(draft.account, line.booked_on, draft.currency, amount, words_of_line)
    return BankLine(
        external_id=external_id,
        booked_on=line.booked_on,
        currency=draft.currency,
        account=draft.account,
        amount=amount,
        description=words_of_line,
        counterparty=counterparty,
        pending=line.row.cell(layout.status).casefold() in words.PENDING,
        reference=line.row.cell(layout.reference),
        ordinal=ordinal,
    )


def _balance(draft: Draft, lines: list[_Line], layout: CsvLayout) -> None:
    """Opening and closing where the running balance proves every line; a balance that proves nothing is told, not used."""
    if layout.balance is None or not any(line.balance is not None for line in lines):
        return
    booked = [line for line, record in zip(lines, draft.lines, strict=True) if not record.pending]
    found = balances.ends([(line.amount, line.balance) for line in booked])
    if found is None:
        draft.warnings.append(f"{draft.path}: the running balance does not follow from the lines; it is not used")
        return
    path = f"{draft.path}, {_name(layout, layout.balance)}"
    draft.opening, draft.closing = (
        numbers.minor(each, draft.currency, path=path, warnings=draft.warnings) for each in found
    )


def _tell(draft: Draft, reading: _Reading) -> None:
    for numbers_of_rows, what in ((reading.passed, "without date or amount"), (reading.void, "failed or cancelled")):
        if numbers_of_rows:
            named = ", ".join(map(str, numbers_of_rows[:_NAMED_LINES]))
            more = "" if len(numbers_of_rows) <= _NAMED_LINES else f" and {len(numbers_of_rows) - _NAMED_LINES} more"
            draft.warnings.append(f"CSV: rows {what} were passed over: line {named}{more}")


def with_answers(layout: CsvLayout, **answers: object) -> CsvLayout:
    """The proposed layout with a person's answers put in. Raises PayloadError naming a field that is wrong."""
    return CsvLayout.from_json({**layout.to_json(), **answers})
