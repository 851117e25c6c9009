"""Reading the books for pages and the API. Every function expects its context (client or board) to be open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import Case, Count, F, Min, Q, Sum, Value, When

from ledger.models import Account, JournalLine, LedgerException, MonthlyBalance

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from django.db.models import QuerySet

    from clients.models import Client, User

#: Kinds in the order of the inbox: what stops most first.
KINDS = (
    "login",
    "missing",
    "unmapped",
    "duplicate",
    "overlap",
    "closed",
    "held",
    "unknown",
    "payload",
    "refused",
    "uncertain",
    "mirror",
    "stale",
    "slowed",
    "expiring",
)
#: Each of these is a question of its own; the others are answered for all alike at once.
ONE_BY_ONE = ("login", "stale", "expiring", "missing", "duplicate", "overlap", "held", "refused", "uncertain", "mirror")
RETRYABLE = ("unmapped", "unknown", "payload", "overlap", "closed", "held", "refused", "uncertain", "slowed", "stale")


# ---- exceptions ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ExceptionFilter:
    """What the inbox shows. ``who``: '' for everyone, 'none' for nobody's, else a user's id. ``tab``: open, mine, snoozed."""

    tab: str = "open"
    clients: tuple[int, ...] = ()
    kind: str = ""
    who: str = ""
    cause: str = ""

    def apply(self, rows: QuerySet[LedgerException], me: User) -> QuerySet[LedgerException]:
        state = "snoozed" if self.tab == "snoozed" else "open"
        rows = rows.filter(state=state)
        if self.tab == "mine":
            rows = rows.filter(assigned_to=me)
        if self.clients:
            rows = rows.filter(client_id__in=self.clients)
        if self.kind:
            rows = rows.filter(kind=self.kind)
        if self.cause:
            rows = rows.filter(cause=self.cause)
        if self.who == "none":
            rows = rows.filter(assigned_to__isnull=True)
        elif self.who.isdecimal():
            rows = rows.filter(assigned_to_id=int(self.who))
        return rows


def exception_groups(rows: QuerySet[LedgerException], *, by: str = "kind") -> QuerySet[Any, Any]:
    """Rows for the inbox: exceptions alike (client, kind, cause) in one, oldest first within their group.

    Each has ``first`` (an id that stands for all), ``n``, ``amount`` in minor units, ``oldest``.
    """
    order = Case(*[When(kind=kind, then=Value(place)) for place, kind in enumerate(KINDS)], default=Value(len(KINDS)))
    alone = Case(When(kind__in=ONE_BY_ONE, then=F("pk")), default=Value(0))
    first = {"kind": ["place"], "client": ["client__name", "place"], "source": ["source", "place"]}[by]
    return (
        rows.order_by()
        .annotate(place=order, single=alone)
        .values("client_id", "client__name", "kind", "cause", "source", "place", "single")
        .annotate(first=Min("pk"), n=Count("pk"), amount=Sum("amount_minor"), oldest=Min("opened_at"))
        .order_by(*first, "oldest", "first")
    )


def exception_counts(clients: Iterable[int], me: User) -> dict[str, Any]:
    """Open exceptions of these clients by kind with money and oldest, and the counts of the tabs; one query each."""
    open_ = LedgerException.objects.filter(client_id__in=list(clients), state__in=["open", "snoozed"])
    tabs = open_.aggregate(
        open=Count("pk", filter=Q(state="open")),
        mine=Count("pk", filter=Q(state="open", assigned_to=me)),
        snoozed=Count("pk", filter=Q(state="snoozed")),
        clients=Count("client_id", distinct=True, filter=Q(state="open")),
    )
    kinds = open_.filter(state="open").order_by().values("kind")
    found = {
        row["kind"]: row for row in kinds.annotate(n=Count("pk"), amount=Sum("amount_minor"), oldest=Min("opened_at"))
    }
    return {**tabs, "kinds": [found[kind] for kind in KINDS if kind in found]}


def alike(row: LedgerException) -> list[LedgerException]:
    """The open exceptions that one answer settles together with this one, itself included."""
    if row.kind in ONE_BY_ONE:
        return [row]
    same = LedgerException.objects.filter(
        client_id=row.client_id, kind=row.kind, cause=row.cause, state__in=["open", "snoozed"]
    )
    return list(same.order_by("pk"))


# ---- accounts ------------------------------------------------------------------------------------------------------------


def accounts(client: Client, *, types: Sequence[str] = ()) -> QuerySet[Account]:
    """The accounts that take postings, the wanted types first."""
    wanted = Case(*[When(type=kind, then=Value(place)) for place, kind in enumerate(types)], default=Value(9))
    return (
        Account.objects.filter(client=client, is_active=True)
        .annotate(wanted=wanted)
        .order_by("wanted", "number", "name")
    )


def account_named(client: Client, text: str) -> Account | None:
    """The one active account a person typed: its number and name, its number, or its name; None where that is not one."""
    said = " ".join(text.split()).casefold()
    if not said:
        return None
    found = [
        account
        for account in Account.objects.filter(client=client, is_active=True)
        if said in {str(account).casefold(), account.number.casefold(), account.name.casefold()}
    ]
    exact = [account for account in found if str(account).casefold() == said]
    chosen = exact or found
    return chosen[0] if len(chosen) == 1 else None


def dimensions(client: Client) -> dict[str, list[str]]:
    """The departments and classes that lines of the last months name, as suggestions."""
    rows = JournalLine.objects.filter(client=client).order_by("-entry_id").values_list("department", "klass")[:2000]
    return {
        "departments": sorted({department for department, _klass in rows} - {""}),
        "classes": sorted({klass for _department, klass in rows} - {""}),
    }


def balance_before(client: Client, account: Account, day: date) -> int:
    """Debit − credit of an account before a day: from the monthly balances, and the lines of a month begun."""
    month = day.replace(day=1)
    sums = MonthlyBalance.objects.filter(client=client, account=account, month__lt=month).aggregate(
        net=Sum("debit_minor") - Sum("credit_minor")
    )
    begun = 0
    if day != month:
        lines = JournalLine.objects.filter(client=client, account=account, booked_on__gte=month, booked_on__lt=day)
        begun = lines.order_by().aggregate(net=Sum("debit_minor") - Sum("credit_minor"))["net"] or 0
    return (sums["net"] or 0) + begun


def net(lines: QuerySet[JournalLine]) -> int:
    """Debit − credit of some lines, summed by the database."""
    sums = lines.aggregate(debit=Sum("debit_minor"), credit=Sum("credit_minor"))
    return (sums["debit"] or 0) - (sums["credit"] or 0)


def account_lines(client: Client, account: Account, first: date, last: date) -> QuerySet[JournalLine]:
    """Every line on the account between two days, in order."""
    return (
        JournalLine.objects.filter(client=client, account=account, booked_on__range=(first, last))
        .select_related("entry")
        .order_by("booked_on", "entry_id", "no")
    )
