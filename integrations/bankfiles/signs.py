"""Where the direction of a CSV's money stands: in the amount, in a flag, in which column is filled, or nowhere."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

from integrations.bankfiles import balances, numbers, words
from integrations.errors import PayloadError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from integrations.bankfiles.columns import Table
    from integrations.bankfiles.csvrows import Row

_ASK_SIGN = (
    "Are these amounts money in or money out? Nothing in the file tells (card files print purchases as positive)."
)


@dataclass(frozen=True, slots=True)
class Money:
    """Either one amount column, or debit and credit; balance where there is one."""

    amount: int | None = None
    debit: int | None = None
    credit: int | None = None
    balance: int | None = None

    @property
    def columns(self) -> tuple[int, ...]:
        return tuple(c for c in (self.amount, self.debit, self.credit, self.balance) if c is not None)


@dataclass(frozen=True, slots=True)
class Way:
    """How lines get their sign, as in CsvLayout."""

    signs: Literal["printed", "flag", "columns"] = "printed"
    flag_out: tuple[str, ...] = ()
    inverted: bool = False


def is_negative(text: str) -> bool:
    found = numbers.split_sign(text)
    return found is not None and bool(found[0]) and any(digit in "123456789" for digit in found[1])


def value(text: str, mark: str) -> Decimal | None:
    """The amount, None when the cell is blank or no amount in this notation."""
    try:
        return numbers.amount(text, mark, path="") if text else None
    except PayloadError:
        return None


def decide(table: Table, money: Money, flag: int | None, fee: int | None, mark: str, *, one_account: bool) -> Way:
    """The way that the content proves, else the ordinary one; doubt becomes a question of the table."""
    rows = table.body
    after = [value(row.cell(money.balance), mark) for row in rows] if one_account and money.balance is not None else []
    if money.amount is None:
        return _of_columns(table, money, mark, after)
    amounts = [value(row.cell(money.amount), mark) or Decimal(0) for row in rows]
    if fee is not None:
        return Way()
    if flag is not None:
        return _of_flag(table, amounts, [row.cell(flag).casefold() for row in rows], after)
    if _proves(amounts, after):
        return Way()
    if _proves([-amount for amount in amounts], after):
        return Way(inverted=True)
    return _unproved(table, amounts, rows)


def is_proved(table: Table, amount: int, balance: int | None, fee: int | None = None) -> bool:
    """The running balance follows from this amount column, less the fee column where one is given."""
    mark, _ = numbers.decimal_mark(table.every(amount))
    after = [value(row.cell(balance), mark) for row in table.body] if balance is not None else []
    moved = [value(row.cell(amount), mark) or Decimal(0) for row in table.body]
    taken = [abs(value(row.cell(fee), mark) or Decimal(0)) if fee is not None else Decimal(0) for row in table.body]
    return _proves([amount - less for amount, less in zip(moved, taken, strict=True)], after)


def fee(table: Table, money: Money, mark: str) -> int | None:
    """The column of fees taken on top of the amounts, where the balance proves it; filled without proof, it is asked about."""
    filled = [c for c in table.with_role("fee") if any(value(cell, mark) for cell in table.values(c))]
    if money.amount is None or not filled or is_proved(table, money.amount, money.balance):
        return None
    if not is_proved(table, money.amount, money.balance, filled[0]):
        table.questions.append("Are the fees taken on top of the amounts?")
    return filled[0]


def _proves(amounts: Sequence[Decimal], after: Sequence[Decimal | None]) -> bool:
    return bool(after) and any(amounts) and bool(balances.direction(list(zip(amounts, after, strict=True))))


def _of_flag(table: Table, amounts: list[Decimal], flags: list[str], after: list[Decimal | None]) -> Way:
    out = tuple(sorted({flag for flag in flags if flag in words.FLAG_OUT}))
    by_flag = Way("flag", out)
    if all(amount >= 0 for amount in amounts):
        return by_flag
    if all((amount < 0) == (flag in out) for amount, flag in zip(amounts, flags, strict=True) if amount):
        return Way()
    flagged = [-abs(amount) if flag in out else abs(amount) for amount, flag in zip(amounts, flags, strict=True)]
    if _proves(amounts, after):
        return Way()
    if not _proves(flagged, after):
        table.questions.append(
            "Some amounts and their debit or credit flag disagree. Does the flag give the direction?"
        )
    return by_flag


def _of_columns(table: Table, money: Money, mark: str, after: list[Decimal | None]) -> Way:
    """Unsigned columns: credit − debit. A debit column with a minus of its own: the two are added."""
    debits = [value(row.cell(money.debit), mark) or Decimal(0) for row in table.body]
    credits_ = [value(row.cell(money.credit), mark) or Decimal(0) for row in table.body]
    pairs = list(zip(debits, credits_, strict=True))
    if _proves([credit - debit for debit, credit in pairs], after):
        return Way("columns")
    if _proves([credit + debit for debit, credit in pairs], after):
        return Way("printed")
    negative, positive = any(debit < 0 for debit in debits), any(debit > 0 for debit in debits)
    if (negative and positive) or any(credit < 0 for credit in credits_):
        table.questions.append("Debit and credit columns hold both signs. Is a debit with a minus money in?")
    return Way("printed") if negative and not positive else Way("columns")


def _unproved(table: Table, amounts: list[Decimal], rows: list[Row]) -> Way:
    """A lone signed column is as printed, unless it looks like a card file that prints purchases as positive."""
    money_in = sum(amount > 0 for amount in amounts)
    money_out = sum(amount < 0 for amount in amounts)
    paid = [
        amount
        for amount, row in zip(amounts, rows, strict=True)
        if amount and words.PAYMENT.search(" ".join(row.cells))
    ]
    hints = " ".join(
        [table.hint.replace("_", " "), *table.header, *(cell for row in table.preamble for cell in row.cells)]
    )
    is_card = bool(words.CARD.search(hints))
    looks_inverted = bool(paid) and all(amount < 0 for amount in paid) and money_in > money_out
    if (money_in and not money_out) or looks_inverted or (is_card and money_in >= money_out and money_in):
        table.questions.append(_ASK_SIGN)
        return Way(inverted=looks_inverted or is_card)
    return Way()


def money_by_content(table: Table, numeric: list[int]) -> Money:
    """The money columns when no heading names them: one amount, an amount proved by a balance, or a question."""
    if len(numeric) == 1:
        if table.header:
            table.questions.append("Is this the column of the amounts?")
        return Money(amount=numeric[0])
    mark, _ = numbers.decimal_mark(cell for column in numeric for cell in table.every(column))
    for amount in numeric[:5]:
        for balance in numeric[:5]:
            after = [value(cell, mark) for cell in table.every(balance)]
            moved = [value(cell, mark) or Decimal(0) for cell in table.every(amount)]
            if amount != balance and (_proves(moved, after) or _proves([-each for each in moved], after)):
                return Money(amount=amount, balance=balance)
    table.questions.append("Which columns are the amount, debit, credit and balance?")
    if len(numeric) == 2 and not any(row.cell(numeric[0]) and row.cell(numeric[1]) for row in table.sample):
        fuller, other = sorted(numeric, key=lambda column: -len(table.values(column)))
        return Money(debit=fuller, credit=other)
    return Money(amount=numeric[0] if numeric else None)
