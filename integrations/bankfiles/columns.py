"""Which column of a CSV is what: headings propose, content decides, and what neither tells becomes a question."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from integrations.bankfiles import csvrows, dates, numbers, signs, text, words
from integrations.bankfiles.layout import CsvLayout, Proposal
from integrations.errors import PayloadError

if TYPE_CHECKING:
    from collections.abc import Callable

    from integrations.bankfiles.csvrows import Row

_SAMPLE_ROWS = 400
_PREVIEW_ROWS = 12
_DECIMALS = re.compile(r"[.,][0-9]{2,3}\)?\s*[-+]?$|^[-+(]")
_ACCOUNT_LABEL = re.compile(
    r"(?i)^(?:account(?: (?:number|no|details for))?|iban|konto(?:nummer)?|rekening(?:nummer)?|compte|cuenta)\b\W*"
)
_IBAN = re.compile(r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b")


@dataclass(slots=True)
class Table:
    """A file cut into preamble, header and rows, with what is found out about its columns so far."""

    preamble: list[Row]
    header: tuple[str, ...]
    body: list[Row]
    sample: list[Row]
    hint: str
    questions: list[str] = field(default_factory=list)
    taken: set[int] = field(default_factory=set)

    @property
    def width(self) -> int:
        return max((len(row.cells) for row in self.sample), default=0)

    def role(self, column: int) -> str:
        return words.role(self.header[column]) if column < len(self.header) else ""

    def values(self, column: int) -> list[str]:
        """The filled cells of the column in the sampled rows."""
        return [cell for row in self.sample if (cell := row.cell(column))]

    def every(self, column: int) -> list[str]:
        """All cells of the column in rows of data, for what one row may give away."""
        return [row.cell(column) for row in self.body]

    def of_kind(self, test: Callable[[str], bool], *, share: float = 0.9) -> list[int]:
        """Free columns whose filled cells pass the test, but for a few bad ones."""
        found = []
        for column in range(self.width):
            values = self.values(column)
            if values and column not in self.taken and sum(map(test, values)) >= share * len(values):
                found.append(column)
        return found

    def with_role(self, *roles: str) -> list[int]:
        return [c for role in roles for c in range(self.width) if c not in self.taken and self.role(c) == role]

    def take(self, column: int | None) -> int | None:
        if column is not None:
            self.taken.add(column)
        return column


def table_of(content: str, delimiter: str, hint: str) -> Table:
    found = csvrows.rows(content, delimiter)
    index = csvrows.header_index(found)
    header = found[index].cells if index is not None else ()
    below = found[index + 1 :] if index is not None else found
    first = next((place for place, row in enumerate(below) if csvrows.is_data(row)), len(below))
    preamble = found[:index] if index is not None else found[:first]
    body = [row for row in below if csvrows.is_data(row)]
    while header and not header[-1]:
        header = header[:-1]
    return Table(preamble, header, body, body[:_SAMPLE_ROWS], hint)


def propose(content: bytes, *, filename: str = "", currency: str = "") -> Proposal:
    """The layout of the file as far as it tells. ``certain`` is False while there are questions.

    Raises PayloadError when there is no line with a date and an amount in it.
    """
    decoded, _ = text.decode(content)
    return propose_text(decoded, filename=filename, currency=currency)


def propose_text(decoded: str, *, filename: str = "", currency: str = "") -> Proposal:
    """As ``propose``, for text that is decoded already."""
    content = csvrows.unified(decoded)
    delimiter = csvrows.delimiter_of(content)
    table = table_of(content, delimiter, filename)
    if not table.body:
        where = " below its header" if table.header else ""
        raise PayloadError("CSV", f"the file has no line with a date and an amount{where}")
    date, order = _date(table)
    code, currency_column = _currency(table, currency)
    account_column = _account_column(table)
    flag = _flag(table)
    money = _money(table)
    mark, mark_certain = numbers.decimal_mark(cell for column in money.columns for cell in table.every(column))
    if not mark_certain:
        table.questions.append("Is the decimal mark a point or a comma?")
    fee = signs.fee(table, money, mark)
    way = signs.decide(table, money, flag, fee, mark, one_account=account_column is None)
    counterparty, reference, description = _texts(table, flag)
    layout = CsvLayout(
        delimiter=delimiter, header=table.header, date=date, date_format=order, decimal_mark=mark,
        amount=money.amount, fee=fee, debit=money.debit, credit=money.credit, balance=money.balance,
        flag=flag if way.signs == "flag" else None, flag_out=way.flag_out, signs=way.signs, inverted=way.inverted,
        description=description, counterparty=counterparty, reference=reference,
        currency=code, currency_column=currency_column, account_column=account_column, account=_account(table),
        status=next(iter(table.with_role("status")), None),
    )  # fmt: skip
    return Proposal(layout, not table.questions, tuple(table.questions), _preview(table))


def _preview(table: Table) -> tuple[tuple[str, ...], ...]:
    rows = [row.cells for row in table.body[:_PREVIEW_ROWS]]
    return tuple([table.header, *rows] if table.header else rows)


def _date(table: Table) -> tuple[int, str]:
    """The column of the book date (posted before transaction before value date) and the order its dates are in."""
    found = [c for c in table.of_kind(dates.is_date) if len(table.values(c)) >= 0.8 * len(table.sample)]
    if not found:
        table.questions.append("Which column is the date?")
        found = table.of_kind(dates.is_date, share=0.3) or [0]
    order, certain = dates.order_of([table.every(column) for column in found])
    if not certain:
        table.questions.append("Is the day or the month first in the dates?")
    rank = {"posted_date": 0, "date": 1, "": 2, "value_date": 3}
    best = min(found, key=lambda column: (rank.get(table.role(column), 2), column))
    if not table.header:
        best = _sorted_date(table, found, order)
    table.taken.update(found)
    return best, order


def _sorted_date(table: Table, found: list[int], order: str) -> int:
    """Without a header the book date is the one the file is sorted by."""
    days = {
        column: [d for cell in table.every(column) if (d := dates.read(cell, order)) is not None] for column in found
    }
    if len({tuple(each) for each in days.values()}) == 1:
        return found[0]
    in_order = [column for column in found if dates.is_sorted(days[column])]
    if len(in_order) != 1:
        table.questions.append("Which of the dates is the booking date?")
    return (in_order or found)[0]


def _is_code(cell: str) -> bool:
    return cell.upper() in words.CURRENCIES


def _currency(table: Table, currency: str) -> tuple[str, int | None]:
    """(currency of the account, column of the line's own currency).

    Beside a foreign amount without its own currency column, the currency column speaks of the foreign amount.
    """
    columns = table.of_kind(_is_code, share=1)
    table.taken.update(columns)
    own = [
        c
        for c in columns
        if table.role(c) not in {"original_currency", "ignored"} and len(table.values(c)) == len(table.sample)
    ]
    roles = {table.role(column) for column in range(table.width)}
    if "original_amount" in roles and "original_currency" not in roles:
        own = []
    headings = {
        words.currency_in(name) for name in table.header if words.role(name) in {"amount", "debit", "credit", "balance"}
    }
    cells = {cell for row in table.preamble for cell in row.cells if cell in words.CURRENCIES}
    told = (headings - {""}) or cells
    code = next(iter(told)) if len(told) == 1 else currency.upper()
    if own:
        return code or table.values(own[0])[0].upper(), own[0]
    if not code:
        table.questions.append("Which currency is the account in? The file does not say.")
    return code, None


def _account_column(table: Table) -> int | None:
    """The own account where each line names it: one account, or a few that come up again and again."""
    found: list[int] = []
    if _account(table):
        return None
    for column in table.with_role("account"):
        values = table.values(column)
        distinct = len(set(values))
        few = "account" in words.plain(table.header[column]) and distinct <= max(3, len(values) // 5)
        if len(values) == len(table.sample) and (distinct == 1 or few):
            found.append(column)
    found.sort(key=lambda column: (not _IBAN.search(table.values(column)[0].upper()), column))
    table.taken.update(found)
    return found[0] if found else None


def _account(table: Table) -> str:
    """The account number a preamble gives behind a label."""
    for row in table.preamble:
        for index, cell in enumerate(row.cells):
            label = _ACCOUNT_LABEL.match(cell)
            if not label:
                continue
            rest = cell[label.end() :] or next((other for other in row.cells[index + 1 :] if other), "")
            if any(character.isdigit() for character in rest) and not numbers_with_decimals(rest):
                return rest
    return ""


def numbers_with_decimals(cell: str) -> bool:
    return numbers.is_amount(cell) and bool(_DECIMALS.search(cell))


def _is_flag(cell: str) -> bool:
    return cell.casefold() in words.FLAG_OUT or cell.casefold() in words.FLAG_IN


def _flag(table: Table) -> int | None:
    """The column that says money in or out on every line; one that does so only on most of them is asked about."""
    for column in table.of_kind(_is_flag):
        named = table.role(column) in {"flag", "debit", "credit"} or not table.header
        if not named or len(table.values(column)) < len(table.sample):
            continue
        if not all(map(_is_flag, table.every(column))):
            table.questions.append("Some lines have no debit or credit flag. Are they money in or money out?")
        return column
    return None


def _money(table: Table) -> signs.Money:
    """The columns that hold money of the account."""
    numeric = table.of_kind(numbers.is_amount)
    if table.header:
        money = _money_by_heading(table, numeric)
        if money is not None:
            return money
        numeric = [c for c in numeric if table.role(c) == ""]
    decimals = [c for c in numeric if any(map(numbers_with_decimals, table.values(c)))] or numeric
    return signs.money_by_content(table, decimals)


def _money_by_heading(table: Table, numeric: list[int]) -> signs.Money | None:
    def first(role: str) -> int | None:
        blank_too = [c for c in table.with_role(role) if c in numeric or not table.values(c)]
        return next((c for c in blank_too if c in numeric), next(iter(blank_too), None))

    amounts = [c for c in table.with_role("amount") if c in numeric]
    debit, credit = first("debit"), first("credit")
    balances = [c for c in table.with_role("balance") if c in numeric]
    balance = max(balances, key=lambda c: len(table.values(c)), default=None)
    full = [c for c in amounts if len(table.values(c)) == len(table.sample)]
    has_pair = debit is not None and credit is not None and (debit in numeric or credit in numeric)
    if full and not (has_pair and not any(signs.is_negative(v) for v in table.values(full[0]))):
        proved = [column for column in full if signs.is_proved(table, column, balance)]
        if len(full) > 1 and not proved:
            table.questions.append("Which of the amount columns is the money that moved?")
        return signs.Money(amount=(proved or full)[0], balance=balance)
    if has_pair:
        return signs.Money(debit=debit, credit=credit, balance=balance)
    if amounts:
        return signs.Money(amount=amounts[0], balance=balance)
    return None


def _texts(table: Table, flag: int | None) -> tuple[int | None, int | None, tuple[int, ...]]:
    """(counterparty, reference, columns of the description)."""
    named = table.with_role("counterparty")
    strong = [
        c for c in named if re.search(r"(?i)tegen|partner|counter|payee|empf|beneficiary|merchant", table.header[c])
    ]
    counterparty = next((c for c in strong or named if table.values(c)), None)
    reference = next((c for c in table.with_role("reference") if table.values(c)), None)
    description = [c for c in table.with_role("description") if c != flag]
    if not table.header or (not description and counterparty is None):
        kept = {flag, counterparty, reference}
        description = [c for c in range(table.width) if c not in table.taken | kept and table.role(c) in {"", "flag"}]
        description = [c for c in description if not all(map(numbers.is_amount, table.values(c)))]
    return counterparty, reference, tuple(sorted(description))
