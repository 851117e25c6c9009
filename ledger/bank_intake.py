"""Bank facts become feeds, lines in reconciliation and statement balances. Nothing here touches the journal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db.models import Sum

from clients import audit
from integrations.models import Connection, Fact, StreamState
from integrations.records import BankAccount, BankLine, BankStatement
from integrations.records_json import from_json
from ledger.core.period import Month
from ledger.models import Account, BankFeed, BankItem, StatementBalance

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from clients.models import Client, User

EVIDENCE, LINES = ("BankAccount", "BankStatement"), ("BankLine", "BankLineRemoved")
BATCH = 20_000
#: LATERAL with a limit keeps to one look at each fact of the list, whatever the planner knows of it.
WAITING = """
SELECT f.* FROM integrations_waitingfact w
CROSS JOIN LATERAL (SELECT * FROM integrations_fact WHERE id = w.fact_id AND client_id = w.client_id LIMIT 1) f
WHERE w.client_id = %(client)s AND f.kind = ANY(%(kinds)s) AND f.state = 'new'
ORDER BY w.fact_id LIMIT %(batch)s
"""


def take(client: Client) -> int:
    """Take every new bank fact, in the order it came; gives how many lines are new. Running it twice adds nothing."""
    for fact in Fact.objects.filter(client=client, kind__in=EVIDENCE, state__in=["new", "proof"]).order_by("id"):
        record = from_json(fact.kind, fact.data)
        if isinstance(record, BankAccount):
            _take_account(client, fact, record)
        elif isinstance(record, BankStatement):
            _take_statement(client, fact, record)
    facts = list(Fact.objects.raw(WAITING, {"client": client.pk, "kinds": list(LINES), "batch": BATCH}))
    records = [(fact, from_json(fact.kind, fact.data)) for fact in facts]
    added = _take_lines(client, [(fact, record) for fact, record in records if isinstance(record, BankLine)])
    _remove(client, [record.external_id for fact, record in records if fact.kind == "BankLineRemoved"])
    Fact.objects.filter(client=client, pk__in=[fact.pk for fact in facts]).update(state="proof")
    return added


def _take_account(client: Client, fact: Fact, record: BankAccount) -> None:
    feed, _ = BankFeed.objects.update_or_create(
        client=client,
        connection_id=fact.connection_id,
        account_key=record.external_id,
        defaults={
            "name": record.name,
            "mask": record.mask,
            "kind": record.kind,
            "currency": record.currency,
            "balance_minor": record.balance,
            "balance_at": record.occurred_at or fact.created_at,
        },
    )
    if feed.account_id is None and (same := _account_like(client, record)):
        feed.account = same
        feed.save(update_fields=["account"])


def _account_like(client: Client, record: BankAccount) -> Account | None:
    """The one ledger account of the same name that no feed stands for yet; a person confirms or changes it."""
    subtype = "liability" if record.kind == "credit" else "asset"
    same = list(Account.objects.filter(client=client, name__iexact=record.name, type=subtype, feeds__isnull=True)[:2])
    return same[0] if len(same) == 1 else None


def link(feed: BankFeed, account: Account | None, *, by: User) -> None:
    """Say which ledger account a bank account stands for. Raises ValueError for one that cannot be it.

    A feed with matches keeps its account: undo them first.
    """
    if feed.matches.filter(state="accepted").exists() and feed.account_id != (account.pk if account else None):
        raise ValueError("Lines of this account are matched already; undo them first.")
    if account is not None:
        wanted = Account.Type.LIABILITY if feed.kind == BankFeed.Kind.CARD else Account.Type.ASSET
        if account.client_id != feed.client_id or account.type != wanted:
            raise ValueError(f"{account} cannot stand for {feed.name}.")
    feed.account = account
    feed.save(update_fields=["account"])
    audit.record(feed.client, by, "bank.linked", feed.name, {"account": str(account) if account else ""})


def _take_statement(client: Client, fact: Fact, record: BankStatement) -> None:
    feed, _ = BankFeed.objects.get_or_create(
        client=client,
        connection_id=fact.connection_id,
        account_key=record.account,
        defaults={
            "name": record.account,
            "kind": BankFeed.Kind.CARD if record.account_kind == BankFeed.Kind.CARD else BankFeed.Kind.BANK,
            "currency": record.currency,
        },
    )
    if record.closing is not None:
        _keep_balance(client, feed, Month.of(record.booked_on), record.booked_on, record.closing, "file")


def _keep_balance(
    client: Client, feed: BankFeed, month: Month, on: date, closing: int, source: str
) -> StatementBalance:
    """Keep what the bank says of a month. A finished month stands; another balance told of it later is kept beside it."""
    row = StatementBalance.objects.filter(client=client, feed=feed, month=month.first).first()
    if row is None or not row.finished_at:
        given = {"ends_on": on, "closing_minor": closing, "source": source, "told_minor": None}
        row, _ = StatementBalance.objects.update_or_create(client=client, feed=feed, month=month.first, defaults=given)
        return row
    told = closing if (on, closing) != (row.ends_on, row.closing_minor) else None
    if row.told_minor != told:
        row.told_minor = told
        row.save(update_fields=["told_minor", "read_at"])
    return row


def _take_lines(client: Client, lines: Iterable[tuple[Fact, BankLine]]) -> int:
    feeds = {(feed.connection_id, feed.account_key): feed for feed in BankFeed.objects.filter(client=client)}
    rows: dict[tuple[int, str], BankItem] = {}
    for fact, record in lines:
        if record.pending:
            continue
        feed = feeds.get((fact.connection_id, record.account))
        if feed is None:
            feed = BankFeed.objects.create(
                client=client,
                connection_id=fact.connection_id,
                account_key=record.account,
                name=record.account,
                kind=BankFeed.Kind.BANK,
                currency=record.currency,
            )
            feeds[fact.connection_id, record.account] = feed
        rows[feed.pk, record.external_id] = _item(client, feed, fact, record)
    known = set(
        BankItem.objects.filter(client=client, external_id__in=[key[1] for key in rows]).values_list(
            "feed_id", "external_id"
        )
    )
    fresh = [row for key, row in rows.items() if key not in known]
    BankItem.objects.bulk_create(fresh, batch_size=2000)
    for key in rows.keys() & known:
        _refresh(client, rows[key])
    return len(fresh)


def _item(client: Client, feed: BankFeed, fact: Fact, record: BankLine) -> BankItem:
    return BankItem(
        client=client,
        feed=feed,
        fact_id=fact.pk,
        external_id=record.external_id,
        posted_on=record.booked_on,
        amount_minor=record.amount,
        description=record.description[:300],
        counterparty=record.counterparty[:120],
        reference=record.reference[:120],
    )


def _refresh(client: Client, row: BankItem) -> None:
    """The bank changed a line it had printed: an unmatched one follows; a matched one stays and its balance will not prove."""
    BankItem.objects.filter(
        client=client, feed_id=row.feed_id, external_id=row.external_id, state__in=["open", "asked"]
    ).update(posted_on=row.posted_on, amount_minor=row.amount_minor, description=row.description, fact_id=row.fact_id)


def _remove(client: Client, external_ids: Iterable[str]) -> None:
    BankItem.objects.filter(client=client, external_id__in=list(external_ids), state__in=["open", "asked"]).update(
        state="removed"
    )


def complete_through(feed: BankFeed) -> date | None:
    """The last day of which every line is here; None if nobody can tell."""
    state = StreamState.objects.filter(client_id=feed.client_id, connection_id=feed.connection_id)
    if feed.connection.provider == "bank-file":
        last = StatementBalance.objects.filter(client_id=feed.client_id, feed=feed).order_by("-ends_on").first()
        return last.ends_on if last else None
    if feed.connection.state != Connection.State.LIVE:
        last_line = BankItem.objects.filter(client_id=feed.client_id, feed=feed).order_by("-posted_on").first()
        return last_line.posted_on if last_line else None
    days = [day for day in state.values_list("complete_through", flat=True) if day is not None]
    return min(days) if days else None


def read_closing(client: Client, feed: BankFeed, month: Month) -> StatementBalance | None:
    """The bank's balance at a month's end: the reported balance less everything it printed since.

    None while lines up to the month's end may be missing. A balance from a file or a person is left as it is.
    """
    given = StatementBalance.objects.filter(client=client, feed=feed, month=month.first).first()
    if given is not None and given.source != "feed":
        return given
    through = complete_through(feed)
    if feed.balance_minor is None or through is None or through < month.last:
        return given
    later = BankItem.objects.filter(client=client, feed=feed, posted_on__gt=month.last).exclude(state="removed")
    moved = later.aggregate(total=Sum("amount_minor"))["total"] or 0
    held = -feed.balance_minor if feed.kind == BankFeed.Kind.CARD else feed.balance_minor
    return _keep_balance(client, feed, month, month.last, held - moved, "feed")
