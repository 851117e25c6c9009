"""What is behind a figure of a statement: its largest lines, how many there are, how much of them traces to a source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Count, F, Q, Sum
from django.db.models.functions import Greatest

from ledger import breakdowns, queries, statements, subledgers
from ledger.core import comparing, openitems, roles
from ledger.core.accounts import INCOME_STATEMENT_TYPES
from ledger.core.period import FiscalYear, first_day, last_day, month_of
from ledger.models import Account, JournalLine
from ledger.reports import OF_PAY, TAGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import QuerySet

    from clients.models import Client
    from ledger.core.openitems import AgedParty
    from ledger.core.statements import Column
    from ledger.reports import Asked

SHOWN = 8
#: Statements whose figures are balances: what stood before the period is part of them.
OF_BALANCES = frozenset({"bs", "tb", "gl"})
CHANNEL_ROLES = tuple(role for _head, own in breakdowns.SALES for role in own)


@dataclass(frozen=True, slots=True)
class Behind:
    """Amounts as the figure reads them. ``opening`` is None where the figure is of a period; ``late`` and ``early`` are what
    the cash basis brings in from and puts off to other days, by entry.
    """

    title: str
    total: int
    entries: int
    records: int
    traced_basis_points: int
    largest: Sequence[tuple[JournalLine, int]]
    more: int
    rest: int
    opening: int | None = None
    moved: Sequence[tuple[openitems.Adjustment, int]] = ()
    moved_more: int = 0
    moved_rest: int = 0
    account: Account | None = None
    filtered: tuple[str, str] = ("", "")


def party(client: Client, asked: Asked, name: str) -> AgedParty | None:
    """One party's open items at the period's end, the oldest first."""
    day = last_day(asked.span.last)
    side: openitems.Side = "receivable" if asked.slug == "ar" else "payable"
    rows = openitems.aged(subledgers.settlement(client, day, sides=(side,)).items, day)
    return next((row for row in rows if row.party == name), None)


def behind(client: Client, asked: Asked, column: Column, key: str) -> Behind | None:
    """The figure of a line (by its key) in a column; None for a key that opens to nothing. A handful of queries."""
    within = JournalLine.objects.filter(
        client=client, booked_on__range=(first_day(column.first), last_day(column.last))
    )
    if key.isdecimal():
        account = Account.objects.filter(client=client, pk=int(key)).first() if len(key) < 18 else None
        if account is None:
            return None
        return _of_account(client, asked, column, account, within.filter(account=account))
    return _of_record(client, asked, column, key, within)


def _of_record(client: Client, asked: Asked, column: Column, key: str, within: QuerySet[JournalLine]) -> Behind | None:
    """A line of a report that is no account: ``key:`` a channel, ``tax:`` an account's jurisdiction, ``pay:`` a kind of pay."""
    kind, _, rest = key.partition(":")
    tag = _tag_of(asked, column)
    if kind == "key" and asked.slug == "ch":
        income = within.filter(account__type="income", role__in=CHANNEL_ROLES, key=rest)
        return _measured(_in_column(asked, column, income), sign=-1, title=f"Channel {rest}", filtered=tag)
    number, _, name = rest.partition(":")
    if not number.isdecimal() or len(number) > 17:
        return None
    if kind == "tax" and asked.slug == "st":
        lines = _ever(client, column, int(number)).filter(role__in=breakdowns.TAX_ROLES, key=name)
        return _measured(lines, sign=-1, title=f"Sales tax, {name or 'no jurisdiction'}")
    role, _, item = name.partition(":")
    if kind == "pay" and asked.slug == "pr" and role in breakdowns.PAY_ROLES:
        lines = within.filter(account_id=int(number), role=role, key=item)
        return _measured(_in_column(asked, column, lines), sign=1, title=roles.label(role, item), filtered=tag)
    return None


def _ever(client: Client, column: Column, account: int) -> QuerySet[JournalLine]:
    """All of an account's lines through the column's end."""
    return JournalLine.objects.filter(client=client, account_id=account, booked_on__lte=last_day(column.last))


def _in_column(asked: Asked, column: Column, lines: QuerySet[JournalLine]) -> QuerySet[JournalLine]:
    """Those lines of a report that stand in one of its columns: of a class or department, or of the roles it is headed by."""
    field, value = _tag_of(asked, column)
    if field:
        return lines.filter(**{field: value})
    if asked.slug != "ch" or column.books is None:
        return lines
    if column.label == breakdowns.OTHER:
        return lines.exclude(role__in=CHANNEL_ROLES)
    return lines.filter(role__in=dict(breakdowns.SALES)[column.label])


def _of_account(client: Client, asked: Asked, column: Column, account: Account, lines: QuerySet[JournalLine]) -> Behind:
    sign = 1 if account.debit_is_positive else -1
    opening: int | None = None
    tag: tuple[str, str] = ("", "")
    if asked.slug == "ch":
        lines = lines.exclude(~Q(key=""), role__in=CHANNEL_ROLES)
    if asked.slug == "pr":
        lines = lines.exclude(role__in=breakdowns.PAY_ROLES)
    if asked.slug == "st":
        lines = _ever(client, column, account.pk).exclude(role__in=breakdowns.TAX_ROLES)
    if asked.slug in OF_BALANCES:
        sign = 1 if asked.slug == "gl" else sign
        opening = sign * _opening(client, asked, column, account)
    elif asked.slug == "cf":
        sign = -1
    else:
        tag = _tag_of(asked, column)
        lines = _in_column(asked, column, lines)
    adjustments: list[openitems.Adjustment] = []
    if asked.on_cash:
        adjustments = _adjustments(client, asked, column, account, tag)
    return _measured(
        lines,
        sign=sign,
        title=str(account),
        opening=opening,
        adjustments=adjustments,
        account=account,
        filtered=tag,
    )


def _tag_of(asked: Asked, column: Column) -> tuple[str, str]:
    """The field and the value of the class or department whose column it is; ('', '') for all of them."""
    by = "department" if asked.slug in OF_PAY else asked.by
    if by not in TAGS or column.books is None:
        return "", ""
    return TAGS[by], "" if column.label == f"No {by}" else column.label


def _opening(client: Client, asked: Asked, column: Column, account: Account) -> int:
    """Debits − credits that a balance had when the period began: income and expenses begin anew with each fiscal year, and
    what past years earned stands with retained earnings.
    """
    first = first_day(column.first)
    year = FiscalYear.of(month_of(column.first if asked.slug == "gl" else column.last), client.fiscal_year_start_month)
    before = queries.balance_before(client, account, first)
    if account.type in INCOME_STATEMENT_TYPES:
        return before - queries.balance_before(client, account, year.first.first)
    if account.subtype == "RetainedEarnings" or account.name == "Retained Earnings":
        books = statements.load(client, through=year.first.previous.first)
        if books.retained_earnings == str(account.pk):
            return before - books.profit(None, year.first.previous)
    return before


def _adjustments(
    client: Client, asked: Asked, column: Column, account: Account, tag: tuple[str, str]
) -> list[openitems.Adjustment]:
    """What the cash basis moves on the account: within the period, of a balance since ever."""
    last = last_day(column.last)
    made = subledgers.settlement(client, last, tag=TAGS.get(asked.by, "")).adjustments
    first = None if asked.slug in OF_BALANCES else first_day(column.first)
    return [
        one
        for one in openitems.summed(made)
        if one.account == str(account.pk)
        and one.on <= last
        and (first is None or one.on >= first)
        and (not tag[0] or one.tag == tag[1])
    ]


def _measured(
    lines: QuerySet[JournalLine],
    *,
    sign: int,
    title: str,
    opening: int | None = None,
    adjustments: Sequence[openitems.Adjustment] = (),
    **more: Any,
) -> Behind:
    both = F("debit_minor") + F("credit_minor")
    traced = Q(entry__fact_id__isnull=False) | Q(entry__origin="ledger")
    sums = lines.order_by().aggregate(
        debit=Sum("debit_minor"),
        credit=Sum("credit_minor"),
        traced=Sum(both, filter=traced),
        lines=Count("no"),
        entries=Count("entry_id", distinct=True),
        records=Count("entry__fact_id", distinct=True),
    )
    debit, credit = sums["debit"] or 0, sums["credit"] or 0
    largest = [
        (line, sign * line.net_minor)
        for line in lines.select_related("entry")
        .annotate(size=Greatest("debit_minor", "credit_minor"))
        .order_by("-size", "entry_id", "no")[:SHOWN]
    ]
    moved = sorted(adjustments, key=lambda one: -abs(one.raw))
    net = sign * (debit - credit)
    changed = sign * sum(one.raw for one in moved)
    return Behind(
        title=title,
        total=net + changed + (opening or 0),
        entries=sums["entries"],
        records=sums["records"],
        traced_basis_points=10_000 * (sums["traced"] or 0) // (debit + credit) if debit + credit else 10_000,
        largest=largest,
        more=sums["lines"] - len(largest),
        rest=net - sum(amount for _line, amount in largest),
        opening=opening,
        moved=[(one, sign * one.raw) for one in moved[:SHOWN]],
        moved_more=max(len(moved) - SHOWN, 0),
        moved_rest=sign * sum(one.raw for one in moved[SHOWN:]),
        **more,
    )


def span_of(column: Column) -> str:
    """The column's period in words."""
    return comparing.Span(column.first, column.last).label
