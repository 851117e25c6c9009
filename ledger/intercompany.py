"""Pairs of accounts of two clients of one practice: what one is due or earned, the other owes or spent, month by month."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Sum

from clients import audit
from clients.tenancy import client_context
from ledger.models import Account, IntercompanyPair, MonthlyBalance

if TYPE_CHECKING:
    from collections.abc import Sequence

    from clients.models import Client, User
    from ledger.core.period import Month

MONTHS = 12
#: Balances are paired with balances, income with expense.
OWED = (Account.Type.ASSET, Account.Type.LIABILITY)
EARNED = (Account.Type.INCOME, Account.Type.EXPENSE)
PAIRED = (*OWED, *EARNED)


class PairError(ValueError):
    """Accounts that cannot be a pair."""


@dataclass(frozen=True, slots=True)
class MonthOfPair:
    """One month: what moved on either side (debit − credit of each). They mirror each other where ``difference`` is 0."""

    month: Month
    ours: int
    theirs: int

    @property
    def difference(self) -> int:
        return self.ours + self.theirs


@dataclass(frozen=True, slots=True)
class PairProof:
    """A pair at a month's end: both balances (debit − credit) and the last twelve months' movements.

    Of income and expense the balances are the sums of those twelve months.
    """

    pair: IntercompanyPair
    partner: Client
    partner_account: str
    ours: int
    theirs: int
    months: Sequence[MonthOfPair]

    @property
    def difference(self) -> int:
        """0 where what one is due the other owes, or what one earned the other spent."""
        return self.ours + self.theirs

    @property
    def is_earned(self) -> bool:
        """Whether the pair is of income and expense."""
        return self.pair.account.type in EARNED

    @property
    def off_months(self) -> list[MonthOfPair]:
        return [one for one in self.months if one.difference]


def prove(client: Client, month: Month) -> list[PairProof]:
    """Every pair of the client at a month's end. Opens the partner's books for reading only, in its own context."""
    pairs = list(IntercompanyPair.objects.filter(client=client).select_related("account", "partner"))
    proofs = []
    for pair in pairs:
        ours = _movements(client, pair.account_id, month)
        with client_context(pair.partner_id):
            theirs = _movements(pair.partner, pair.partner_account_id, month)
            name = str(Account.objects.get(client_id=pair.partner_id, pk=pair.partner_account_id))
        shown = [month.shift(step) for step in range(1 - MONTHS, 1)]
        months = [MonthOfPair(one, ours.get(one.first, 0), theirs.get(one.first, 0)) for one in shown]
        sides = (sum(ours.values()), sum(theirs.values()))
        if pair.account.type in EARNED:
            sides = (sum(one.ours for one in months), sum(one.theirs for one in months))
        proofs.append(PairProof(pair, pair.partner, name, *sides, months))
    return proofs


def _movements(client: Client, account_id: int, month: Month) -> dict[object, int]:
    """Debit − credit of an account by month, all months to this one."""
    rows = MonthlyBalance.objects.filter(client=client, account_id=account_id, month__lte=month.first)
    sums = rows.values("month").annotate(debit=Sum("debit_minor"), credit=Sum("credit_minor"))
    return {row["month"]: row["debit"] - row["credit"] for row in sums}


@transaction.atomic
def pair(
    client: Client, account: Account | None, partner: Client, partner_account_id: int, *, by: User
) -> IntercompanyPair:
    """Pair two accounts, written on either side. The caller has seen to it that ``by`` may prepare both clients' books.

    Raises PairError for one client, two practices, another currency, an account of another type, or one that is paired.
    """
    if client.pk == partner.pk or client.practice_id != partner.practice_id:
        raise PairError("Choose another client of the practice.")
    if client.home_currency != partner.home_currency:
        raise PairError("The two keep their books in different currencies.")
    with client_context(partner.pk):
        other = Account.objects.filter(client=partner, pk=partner_account_id, type__in=PAIRED).first()
        taken = IntercompanyPair.objects.filter(client=partner, account_id=partner_account_id).exists()
    if other is None or account is None or account.client_id != client.pk or account.type not in PAIRED:
        raise PairError("A pair is of two asset or liability accounts, or of income and expense.")
    if not (account.type in OWED and other.type in OWED) and {account.type, other.type} != set(EARNED):
        raise PairError("A balance is paired with a balance, income with expense.")
    if taken or IntercompanyPair.objects.filter(client=client, account=account).exists():
        raise PairError("One of the accounts is in a pair already.")
    made = IntercompanyPair.objects.create(
        client=client, account=account, partner=partner, partner_account_id=other.pk, made_by=by
    )
    audit.record(client, by, "intercompany.paired", str(account), {"partner": partner.name, "account": str(other)})
    with client_context(partner.pk):
        IntercompanyPair.objects.create(
            client=partner, account=other, partner=client, partner_account=account, made_by=by
        )
        audit.record(partner, by, "intercompany.paired", str(other), {"partner": client.name, "account": str(account)})
    return made


@transaction.atomic
def part(pair_: IntercompanyPair, *, by: User) -> None:
    """Take a pair apart on either side."""
    partner, other = pair_.partner, pair_.partner_account_id
    audit.record(pair_.client, by, "intercompany.parted", str(pair_.account), {"partner": partner.name})
    pair_.delete()
    with client_context(partner.pk):
        IntercompanyPair.objects.filter(client=partner, account_id=other).delete()
        audit.record(partner, by, "intercompany.parted", str(other), {"partner": pair_.client.name})
