"""Lines of an entry as people type them, on a page or in a file: read against the chart, each with what is wrong with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from clients.templatetags.portal import money
from integrations.money import minor_of
from ledger import posting
from ledger.models import Account

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from clients.models import Client

#: What is typed of a line, in the order of the page's table.
COLUMNS = ("account", "memo", "department", "klass", "debit", "credit")
MOST_LINES = 200


class Chart:
    """The client's active accounts by what people call them: number and name, number, or name. One query."""

    def __init__(self, client: Client) -> None:
        self.by_text: dict[str, list[Account]] = {}
        self.whole: dict[str, Account] = {}
        for account in Account.objects.filter(client=client, is_active=True):
            self.whole[str(account).casefold()] = account
            for said in {account.number.casefold(), account.name.casefold()} - {""}:
                self.by_text.setdefault(said, []).append(account)

    def named(self, text: str) -> Account | None:
        """The one account that is meant; None where that is not one."""
        said = " ".join(text.split()).casefold()
        found = self.by_text.get(said, [])
        return self.whole.get(said) or (found[0] if len(found) == 1 else None)


def rows_of(data: Any) -> list[dict[str, Any]]:
    """The lines typed into the page's table, without those left empty."""
    columns = [[value.strip() for value in data.getlist(f"line-{name}")] for name in COLUMNS]
    length = max(map(len, columns), default=0)
    padded = [[*column, *[""] * (length - len(column))] for column in columns]
    rows = [dict(zip(COLUMNS, values, strict=True)) for values in zip(*padded, strict=True)]
    return [row for row in rows if any(row.values())][:MOST_LINES]


def rows_from(lines: Iterable[Any], show: Any) -> list[dict[str, Any]]:
    """Kept lines as the table is filled with them again; ``show`` prints minor units as they are typed."""
    return [
        {
            "account": str(line.account),
            "memo": line.memo,
            "department": line.department,
            "klass": line.klass,
            "debit": show(line.debit_minor) if line.debit_minor else "",
            "credit": show(line.credit_minor) if line.credit_minor else "",
            "debit_minor": line.debit_minor,
            "credit_minor": line.credit_minor,
        }
        for line in lines
    ]


def read(chart: Chart, rows: Iterable[dict[str, Any]], currency: str) -> list[posting.Line]:
    """The lines typed; what is wrong with one is written into its row as ``error``, '' for nothing."""
    lines = []
    for row in rows:
        account = chart.named(row["account"])
        debit, credit = (minor_of(row[side], currency) if row[side] else 0 for side in ("debit", "credit"))
        row["error"] = _wrong(account is not None, debit, credit)
        row["debit_minor"], row["credit_minor"] = debit or 0, credit or 0
        if not row["error"] and account is not None:
            lines.append(
                posting.Line(
                    account.pk,
                    debit or 0,
                    credit or 0,
                    memo=row["memo"][:300],
                    department=row["department"][:120],
                    klass=row["klass"][:120],
                )
            )
    return lines


def _wrong(has_account: bool, debit: int | None, credit: int | None) -> str:
    if not has_account:
        return "Choose an account from the list."
    if debit is None or credit is None:
        return "That is no amount."
    if debit < 0 or credit < 0:
        return "Amounts are positive; use the other side."
    if bool(debit) == bool(credit):
        return "A line is either a debit or a credit."
    return ""


def whole(rows: Sequence[dict[str, Any]], lines: Sequence[posting.Line]) -> str:
    """What is wrong with the entry as a whole; '' for nothing."""
    if any(row["error"] for row in rows):
        return "Some lines are not right yet."
    if len(lines) < 2:
        return "An entry has two lines at least."
    off = sum(line.debit - line.credit for line in lines)
    return f"Debits and credits differ by {money(abs(off))}." if off else ""
