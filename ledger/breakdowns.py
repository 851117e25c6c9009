"""The books by who, where and what: receivables and payables by age, sales by channel, sales tax by jurisdiction, payroll cost.

Each is made from the lines and proven against the balances that the statements read.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from django.db import connection

from ledger import subledgers
from ledger.core import openitems, roles
from ledger.core.period import first_day, last_day
from ledger.core.sheets import Cell, Head, Line, Proof, Sheet
from ledger.models import Account, MappingRule

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from clients.models import Client
    from ledger.core.openitems import Side
    from ledger.core.statements import Books, Column

#: Columns of sales by channel: heading, and the roles in it; what no role names is "Other".
SALES = (
    ("Sales", ("sales",)),
    ("Discounts", ("discounts",)),
    ("Refunds", ("returns",)),
    ("Shipping", ("shipping-income",)),
)
OTHER = "Other"
TAX_ROLES = ("sales-tax-payable", "marketplace-tax")
PAY_ROLES = ("wages", "er-tax-expense", "benefit-expense", "contractor-expense", "payroll-fees")
#: Lines of a period on some accounts, by role, key, tag (class or department) and account.
SUMS = """
SELECT role, key, {tag}, account_id, sum(debit_minor - credit_minor) FROM ledger_journalline
WHERE client_id = %(client)s AND account_id = ANY(%(accounts)s) AND booked_on BETWEEN %(first)s AND %(last)s
GROUP BY 1, 2, 3, 4
"""
#: Accounts' lines by role and key: credit balance before a day; credits and debits from it through another.
ROLLING = """
SELECT account_id, role, key,
    coalesce(sum(credit_minor - debit_minor) FILTER (WHERE booked_on < %(first)s), 0),
    coalesce(sum(credit_minor) FILTER (WHERE booked_on >= %(first)s), 0),
    coalesce(sum(debit_minor) FILTER (WHERE booked_on >= %(first)s), 0)
FROM ledger_journalline
WHERE client_id = %(client)s AND account_id = ANY(%(accounts)s) AND booked_on <= %(last)s
GROUP BY 1, 2, 3
"""


def _rows(query: str, client: Client, accounts: Iterable[int], column: Column) -> list[tuple[Any, ...]]:
    asked: dict[str, Any] = {"client": client.pk, "accounts": list(accounts)}
    asked |= {"first": first_day(column.first), "last": last_day(column.last)}
    with connection.cursor() as cursor:
        cursor.execute(query, asked)
        return list(cursor.fetchall())


def mapped(client: Client, wanted: Sequence[str]) -> set[int]:
    """Every account that an approved version of the mapping gives to one of these roles."""
    rules = MappingRule.objects.filter(client=client, version__state="approved", role__in=wanted)
    return set(rules.values_list("account_id", flat=True))


def _line(
    label: str, key: str, figures: Sequence[int], *, style: Any = "", adds: Any = (), places: Sequence[int] = ()
) -> Line:
    """``places``: the column each figure opens to, −1 for none; the first where nothing is said."""
    at = (places or (0,) * len(figures)) if key else (-1,) * len(figures)
    cells = (Cell("figure", figure, place) for figure, place in zip(figures, at, strict=True))
    return Line(style, label, key, tuple(cells), tuple(adds))


class _Groups:
    """Groups of lines with their totals, and the total of all; ``places`` as ``_line`` has them."""

    def __init__(self, places: Sequence[int] = ()) -> None:
        self.opens = places
        self.lines: list[Line] = []
        self.places: list[int] = []

    def group(self, title: str, rows: Sequence[tuple[str, str, Sequence[int]]]) -> None:
        """``rows``: label, key and figures; nothing is added for a group without any."""
        if not rows:
            return
        self.lines.append(Line("grp", title, ""))
        first = len(self.lines)
        self.lines += [_line(label, key, figures, places=self.opens) for label, key, figures in rows]
        sums = [sum(column) for column in zip(*[figures for _l, _k, figures in rows], strict=True)]
        adds = [(1, place) for place in range(first, len(self.lines))]
        self.places.append(len(self.lines))
        self.lines.append(_line(f"Total {title[0].lower()}{title[1:]}", "", sums, style="sub", adds=adds))

    def total(self, label: str, width: int) -> list[int]:
        """Append the total of all groups; gives it."""
        sums = [sum(self.lines[place].cells[at].amount or 0 for place in self.places) for at in range(width)]
        self.lines.append(_line(label, "", sums, style="tot", adds=[(1, place) for place in self.places]))
        return sums


# ---- receivables and payables ----------------------------------------------------------------------------------------------


def _ageing(client: Client, books: Books, column: Column, side: Side) -> Sheet:
    """Open items at the period's end by party and days past due; proven against the control accounts."""
    day = last_day(column.last)
    known = subledgers.controls(client)
    items = subledgers.settlement(client, day, sides=(side,)).items
    rows = openitems.aged(items, day)
    lines = [_line(row.party or "No name", f"party:{row.party}", (*row.by_age, row.total)) for row in rows]
    totals = [sum(line.cells[at].amount or 0 for line in lines) for at in range(len(openitems.AGE_NAMES) + 1)]
    lines.append(_line("Total", "", totals, style="tot", adds=[(1, place) for place in range(len(lines))]))
    raw = sum(books.net(str(pk), None, column.last) for pk in known.of(side))
    balance = raw if side == "receivable" else -raw
    title = "Receivables by age" if side == "receivable" else "Payables by age"
    heads = [Head(name) for name in openitems.AGE_NAMES]
    return Sheet(
        slug="ar" if side == "receivable" else "ap",
        title=title,
        columns=(column,),
        heads=(*heads, Head("Total", starts=True)),
        lines=tuple(lines),
        proof=Proof("Ties to the control account", "Does not tie to the control account", totals[-1] - balance),
        first_head="Customer" if side == "receivable" else "Vendor",
        notes=() if known.of(side) else (f"The chart of accounts has no account of {side}s.",),
    )


def receivables(client: Client, books: Books, column: Column) -> Sheet:
    return _ageing(client, books, column, "receivable")


def payables(client: Client, books: Books, column: Column) -> Sheet:
    return _ageing(client, books, column, "payable")


# ---- sales by channel --------------------------------------------------------------------------------------------------------


def channels_by(client: Client, books: Books, column: Column, *, by: str, tag: str) -> Sheet:
    """Income by channel, a column for each class or department (``tag`` is its field, ``by`` its word) and one for all of it."""
    names = {account.key: account.name for account in books.accounts if account.type == "income"}
    found = _rows(SUMS.format(tag=tag), client, map(int, names), column)
    tags = [*sorted({said for _r, _k, said, _a, _s in found if said}, key=str.casefold), ""]
    told: dict[str, list[int]] = defaultdict(lambda: [0] * len(tags))
    silent: dict[str, list[int]] = defaultdict(lambda: [0] * len(tags))
    named = {role for _head, own in SALES for role in own}
    for role, key, said, account, raw in found:
        row = told[key] if role in named and key else silent[str(account)]
        row[tags.index(said)] -= int(raw)
    groups = _Groups(range(len(tags) + 1))
    groups.group("By channel", [(key, f"key:{key}", (*row, sum(row))) for key, row in sorted(told.items()) if any(row)])
    groups.group(
        "Without a channel", sorted((names[key], key, (*row, sum(row))) for key, row in silent.items() if any(row))
    )
    total = groups.total("All income", len(tags) + 1)
    booked = -sum(books.net(key, column.first, column.last) for key in names)
    labels = [said or f"No {by}" for said in tags]
    return Sheet(
        slug="ch",
        title="Sales by channel",
        columns=(*(column._replace(label=label, books=books) for label in labels), column),
        heads=(*(Head(label, of=at) for at, label in enumerate(labels)), Head("Net", starts=True, of=len(labels))),
        lines=tuple(groups.lines),
        proof=Proof("Ties to income", "Does not tie to income", total[-1] - booked),
        first_head="Channel",
    )


def channels(client: Client, books: Books, column: Column) -> Sheet:
    """Income by channel as systems name it, and what was booked without one by account; proven against total income."""
    income = [account for account in books.accounts if account.type == "income"]
    names = {account.key: account.name for account in income}
    places = {role: at for at, (_head, own) in enumerate(SALES) for role in own}
    told: dict[str, list[int]] = defaultdict(lambda: [0] * (len(SALES) + 1))
    silent: dict[str, list[int]] = defaultdict(lambda: [0] * (len(SALES) + 1))
    for role, key, _department, account, raw in _rows(SUMS.format(tag="department"), client, map(int, names), column):
        figures = told[key] if role in places and key else silent[str(account)]
        figures[places.get(role, len(SALES))] -= int(raw)
    groups = _Groups((*range(1, len(SALES) + 2), 0))
    groups.group("By channel", [(key, f"key:{key}", (*row, sum(row))) for key, row in sorted(told.items()) if any(row)])
    rest = [(names[key], key, (*row, sum(row))) for key, row in silent.items() if any(row)]
    groups.group("Without a channel", sorted(rest))
    total = groups.total("All income", len(SALES) + 2)
    booked = -sum(books.net(account.key, column.first, column.last) for account in income)
    heads = [Head(head) for head, _roles in SALES]
    return Sheet(
        slug="ch",
        title="Sales by channel",
        columns=(column, *(column._replace(label=head, books=books) for head in (*dict(SALES), OTHER))),
        heads=(*heads, Head(OTHER), Head("Net", starts=True)),
        lines=tuple(groups.lines),
        proof=Proof("Ties to income", "Does not tie to income", total[-1] - booked),
        first_head="Channel",
    )


# ---- sales tax ---------------------------------------------------------------------------------------------------------------


def sales_tax(client: Client, books: Books, column: Column) -> Sheet:
    """Each tax account by jurisdiction: owed before, collected, given back, paid, owed at the end."""
    accounts = mapped(client, TAX_ROLES) | _told_tax(client)
    names = {account.key: account.name for account in books.accounts if int_or_none(account.key) in accounts}
    rows: dict[str, list[tuple[str, str, Sequence[int]]]] = defaultdict(list)
    for account, role, key, before, credited, debited in sorted(_rows(ROLLING, client, map(int, names), column)):
        is_tax = role in TAX_ROLES
        back, paid = (-int(debited), 0) if is_tax else (0, -int(debited))
        collected = int(credited)
        figures = (int(before), collected, back, paid, int(before) + collected + back + paid)
        if any(figures):
            label = key or "No jurisdiction" if is_tax else "Returns paid, and entries without a jurisdiction"
            rows[str(account)].append((label, f"tax:{account}:{key}" if is_tax else str(account), figures))
    groups = _Groups((-1, -1, -1, -1, 0))
    for key, found in rows.items():
        groups.group(names[key], _joined(found))
    total = groups.total("All sales tax", 5)
    owed = -sum(books.net(key, None, column.last) for key in names)
    return Sheet(
        slug="st",
        title="Sales tax",
        columns=(column,),
        heads=(
            Head("Owed before"),
            Head("Collected", starts=True),
            Head("Given back"),
            Head("Paid"),
            Head("Owed", starts=True),
        ),
        lines=tuple(groups.lines),
        proof=Proof("Ties to the liability", "Does not tie to the liability", total[-1] - owed),
        first_head="Jurisdiction",
        notes=() if names else ("No account takes sales tax yet.",),
    )


def _joined(rows: Iterable[tuple[str, str, Sequence[int]]]) -> list[tuple[str, str, Sequence[int]]]:
    """Rows of one label together, in the order of their first."""
    sums: dict[tuple[str, str], list[int]] = {}
    for label, key, figures in rows:
        so_far = sums.setdefault((label, key), [0] * len(figures))
        sums[label, key] = [one + other for one, other in zip(so_far, figures, strict=True)]
    return [(label, key, figures) for (label, key), figures in sums.items()]


def int_or_none(text: str) -> int | None:
    return int(text) if text.isdecimal() else None


def _told_tax(client: Client) -> set[int]:
    """Accounts that the accounting system itself calls sales tax."""
    rows = Account.objects.filter(client=client, type="liability").values_list("pk", "subtype")
    words = ("salestaxpayable", "globaltaxpayable")
    return {pk for pk, subtype in rows if subtype.replace(" ", "").lower() in words}


# ---- payroll cost ------------------------------------------------------------------------------------------------------------


def payroll(client: Client, books: Books, column: Column) -> Sheet:
    """Wages, employer taxes, benefits and contractors by department; what came without a register by account."""
    accounts = mapped(client, PAY_ROLES)
    names = {a.key: a.name for a in books.accounts if a.type == "expense" and int_or_none(a.key) in accounts}
    found = _rows(SUMS.format(tag="department"), client, map(int, names), column)
    departments = [*sorted({department for _r, _k, department, _a, _s in found if department}), ""]
    by_row: dict[tuple[int, str, str], list[int]] = defaultdict(lambda: [0] * len(departments))
    account_of: dict[str, str] = {}
    for role, key, department, account, raw in found:
        place = (
            (PAY_ROLES.index(role), roles.label(role, key), pay_key(account, role, key))
            if role in PAY_ROLES
            else (99, names[str(account)], str(account))
        )
        account_of[place[2]] = names[str(account)]
        by_row[place][departments.index(department)] += int(raw)
    groups = _Groups((*range(1, len(departments) + 1), 0))
    for at, role in enumerate((*PAY_ROLES, "")):
        own = [(place, row) for place, row in sorted(by_row.items()) if place[0] == (at if role else 99) and any(row)]
        title = roles.ROLES[role].label if role else "Booked without a register"
        said = Counter(place[1] for place, _row in own)
        groups.group(
            title,
            [
                (place[1] if said[place[1]] == 1 else f"{place[1]}, {account_of[place[2]]}", place[2], (*row, sum(row)))
                for place, row in own
            ],
        )
    total = groups.total("Payroll cost", len(departments) + 1)
    booked = sum(books.net(key, column.first, column.last) for key in names)
    labels = [department or "No department" for department in departments]
    return Sheet(
        slug="pr",
        title="Payroll cost",
        columns=(column, *(column._replace(label=label, books=books) for label in labels)),
        heads=(*map(Head, labels), Head("Total", starts=True)),
        lines=tuple(groups.lines),
        proof=Proof("Ties to the accounts", "Does not tie to the accounts", total[-1] - booked),
        first_head="Cost",
    )


def pay_key(account: int, role: str, key: str) -> str:
    """Under which a line of payroll cost opens."""
    return f"pay:{account}:{role}:{key}"


MAKERS: dict[str, Callable[[Client, Books, Column], Sheet]] = {
    "ar": receivables,
    "ap": payables,
    "ch": channels,
    "st": sales_tax,
    "pr": payroll,
}
