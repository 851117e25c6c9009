"""The full mirror of the accounting system: every posted document becomes an entry here, and our own meet themselves.

The general ledger report, month by month, gives exact lines; the change feed says which months to read again. A change
dated in a month that is no longer open is held (``ChangedAfterClose``) and never touches what was sealed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db.models.functions import Now
from django.utils import timezone

from integrations.models import Connection, Fact
from integrations.records import LedgerAccount
from integrations.records_json import from_json
from ledger import exceptions_inbox, mirror_mergers, mirror_own, mirror_values, posting
from ledger.core.entry import Foreign
from ledger.core.period import Month
from ledger.exceptions_inbox import Problem
from ledger.mirror_lines import by_account, difference, digest, foreign_of, same, sums_of
from ledger.mirror_names import Names
from ledger.models import Account, ChangedAfterClose, MirrorDocument, OutboxItem, Period

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from clients.models import Client, User
    from integrations.dimensions import Dimensions
    from integrations.records import LedgerDocument


#: What an account of the accounting system says of itself, by the same names there and here.
TOLD = ("number", "name", "type", "group", "subtype", "is_active", "version", "currency")


@dataclass(slots=True)
class MirrorResult:
    """Documents by what became of them."""

    seen: int = 0
    new: int = 0
    changed: int = 0
    gone: int = 0
    ours: int = 0
    after_close: int = 0
    unknown_accounts: set[str] = field(default_factory=set)


def take_accounts(client: Client, connection: Connection) -> int:
    """Bring the chart up to date from the newest account facts; gives how many accounts there are."""
    facts = Fact.objects.filter(
        client=client, connection=connection, kind="LedgerAccount", state__in=["new", "proof"]
    ).order_by("id")
    records = {fact.external_id: from_json(fact.kind, fact.data) for fact in facts}
    known = {account.external_id: account for account in Account.objects.filter(client=client).exclude(external_id="")}
    moved: set[str] = set()
    for external_id, record in records.items():
        assert isinstance(record, LedgerAccount)
        account = known.setdefault(external_id, Account(client=client, external_id=external_id))
        for name in TOLD:
            if getattr(account, name) != (value := getattr(record, name)):
                setattr(account, name, value)
                moved.add(external_id)
    Account.objects.bulk_create(account for account in known.values() if account.pk is None)
    for external_id, record in records.items():
        assert isinstance(record, LedgerAccount)
        parent = known.get(record.parent_id)
        if known[external_id].parent_id != (parent.pk if parent else None):
            known[external_id].parent = parent
            moved.add(external_id)
    Account.objects.bulk_update([known[key] for key in moved], [*TOLD, "parent"], batch_size=500)
    Account.objects.filter(client=client, external_id__in=_gone(client, connection), is_active=True).update(
        is_active=False
    )
    # What was made inactive may have been merged: its months are read again first (``mirror_feed.dirty_months``).
    facts.filter(state="new").exclude(data__is_active=False).update(state="proof")
    return len(records)


def _gone(client: Client, connection: Connection) -> list[str]:
    """Accounts that are there no more: merged into another. What they held is read again under the other's id."""
    gone = Fact.objects.filter(client=client, connection=connection, kind="LedgerDeletion", stream="accounts")
    return list(gone.exclude(state="superseded").values_list("external_id", flat=True))


def take_month(
    client: Client,
    connection: Connection,
    month: Month,
    documents: Sequence[LedgerDocument],
    names: Dimensions | None = None,
) -> MirrorResult:
    """Make our copy of one month equal to what the general ledger shows; deletions are what it no longer shows.

    ``names`` are those of the classes and departments on its lines.
    """
    result = MirrorResult(seen=len(documents))
    accounts = dict(Account.objects.filter(client=client).exclude(external_id="").values_list("external_id", "id"))
    standing = {
        row.external_id: row
        for row in MirrorDocument.objects.filter(
            client=client, connection=connection, external_id__in=[document.external_id for document in documents]
        )
    }
    in_month = MirrorDocument.objects.filter(
        client=client, connection=connection, is_deleted=False, booked_on__range=(month.first, month.last)
    )
    # What was voided may still be shown, without an amount.
    documents = [document for document in documents if document.lines]
    shown = {document.external_id for document in documents}
    gone = [row for row in in_month.select_related("entry") if row.external_id not in shown]
    own = mirror_own.Own.read(client, connection, [one for one in documents if one.external_id not in standing])
    taker = _Taker(client, connection, accounts, result, Names.read(client, connection, names), own)
    for document in documents:
        taker.take(document, standing.get(document.external_id))
    for row in gone:
        taker.drop(row)
    taker.write()
    return result


class _Taker:
    """Collects what one month leads to and writes it set-based."""

    def __init__(
        self,
        client: Client,
        connection: Connection,
        accounts: dict[str, int],
        result: MirrorResult,
        names: Names,
        own: mirror_own.Own,
    ) -> None:
        self.client, self.connection, self.accounts, self.result = client, connection, accounts, result
        self.closed = set(Period.objects.filter(client=client).exclude(state="open").values_list("month", flat=True))
        self.own = own
        self.names = names
        self.met: list[MirrorDocument] = []
        self.fresh: list[tuple[MirrorDocument, posting.Entry]] = []
        self.inactive = set(Account.objects.filter(client=client, is_active=False).values_list("id", flat=True))
        self.mergers: set[mirror_mergers.Merger] = set()

    def take(self, document: LedgerDocument, row: MirrorDocument | None) -> None:
        lines = self.names.lines(document)
        missing = {line.account_id for line in document.lines} - self.accounts.keys()
        if missing:
            self.result.unknown_accounts |= missing
            return
        if row is None:
            item = self.own.of(document, lines)
            if item is None:
                self._new(document, lines)
            else:
                self._meet(document, item, lines)
        elif not row.is_deleted and same(document.booked_on, lines, row.booked_on, row.lines):
            self._refresh(row, document, lines)
        else:
            self._changed(document, row, lines)

    def _refresh(self, row: MirrorDocument, document: LedgerDocument, lines: list[list[Any]]) -> None:
        party, sha256 = self.names.party(document.party), digest(document.booked_on, lines)
        told = (document.version or row.version, document.number, party, sha256)
        if (row.version, row.number, row.party, bytes(row.lines_sha256)) != told:
            row.version, row.number, row.party, row.lines_sha256 = told
            row.lines = lines
            row.save(update_fields=["version", "number", "party", "lines", "lines_sha256"])

    def _meet(self, document: LedgerDocument, item: OutboxItem, lines: list[list[Any]]) -> None:
        """Our own document: it meets its entries. A person's later edit of it is a change like any other."""
        row = self._row(document, lines)
        row.outbox = item
        if item.state in {"sending", "uncertain", "new"}:
            OutboxItem.objects.filter(pk=item.pk).update(
                state="posted", external_id=document.external_id, answered_at=Now()
            )
        self.result.ours += 1
        sent = self.own.lines.get(item.pk, [])
        was = sums_of((line.account_id, line.debit_minor - line.credit_minor) for line in sent)
        deltas = difference(by_account(lines, self.accounts), was)
        if not deltas:
            self.met.append(row)
            return
        is_open = row.booked_on.replace(day=1) not in self.closed
        if is_open and mirror_values.is_valuation(lines, sent, self.accounts):
            self.fresh.append((row, mirror_values.entry(row, self._key(row), deltas)))
        else:
            row.save()
            self._hold(row, "changed", deltas, before=item.marker, after=lines)

    def _key(self, row: MirrorDocument) -> str:
        return f"{self.connection.provider}:{self.connection.account_id}:{row.external_id}"

    def _new(self, document: LedgerDocument, lines: list[list[Any]]) -> None:
        row = self._row(document, lines)
        if document.booked_on.replace(day=1) in self.closed:
            row.save()
            self._hold(row, "added", by_account(lines, self.accounts), before=[], after=lines)
            return
        self.fresh.append((row, self._entry(row, lines)))
        self.result.new += 1

    def _changed(self, document: LedgerDocument, row: MirrorDocument, lines: list[list[Any]]) -> None:
        before, was_on = row.lines, row.booked_on
        self._describe(row, document, lines)
        row.is_deleted = False
        deltas = difference(by_account(lines, self.accounts), by_account(before, self.accounts))
        merger = mirror_mergers.found(deltas, {self.accounts[line[0]] for line in lines}, self.inactive)
        self.mergers |= {merger} if merger else set()
        if {document.booked_on.replace(day=1), was_on.replace(day=1)} & self.closed or _is_settled_here(row):
            if merger and row.outbox_id and row.entry is None and document.booked_on.replace(day=1) not in self.closed:
                row.save()
                self.fresh.append((row, mirror_mergers.entry(row, self._key(row), deltas)))
                self.result.changed += 1
                return
            row.save()
            self._hold(row, "changed", deltas, before=before, after=lines)
            if not deltas:
                self._tell_of_dimensions(row, was_on)
            return
        self._reverse(row)
        row.revision += 1
        row.save()
        self.fresh.append((row, self._entry(row, lines)))
        self.result.changed += 1

    def _tell_of_dimensions(self, row: MirrorDocument, was_on: date) -> None:
        """Classes, departments or the day within a month changed, no figure did: nothing moves here, a person is told."""
        whose = "sent from here" if row.outbox_id else "of a closed month"
        problem = Problem(
            kind="mirror",
            identity=f"mirror:{row.external_id}",
            cause="class or department changed",
            title=f"{row.type} {row.number} {whose}: its class, department or day changed there, no amount did."[:300],
            source=str(self.connection),
            amount_minor=row.total_minor,
            booked_on=was_on,
            connection_id=self.connection.pk,
            outbox_id=row.outbox_id,
            detail={"document": row.external_id},
        )
        exceptions_inbox.open_problems(self.client.pk, [problem])

    def drop(self, row: MirrorDocument) -> None:
        """The general ledger no longer shows it, or shows it at nil."""
        if row.outbox_id is not None and OutboxItem.objects.filter(voids_id=row.outbox_id, state="posted").exists():
            self._reverse(row)
            row.is_deleted, row.lines, row.lines_sha256 = True, [], digest(row.booked_on, [])
            row.save()
            self.result.ours += 1
            return
        if row.booked_on.replace(day=1) in self.closed or _is_settled_here(row):
            deltas = difference({}, by_account(row.lines, self.accounts))
            before, row.lines = row.lines, []
            row.is_deleted, row.lines_sha256 = True, digest(row.booked_on, [])
            row.save()
            self._hold(row, "deleted", deltas, before=before, after=[])
        else:
            self._reverse(row)
            row.is_deleted = True
            row.save()
        self.result.gone += 1

    def _reverse(self, row: MirrorDocument) -> None:
        if row.entry is not None:
            posting.reverse(row.entry, reason="Changed in the accounting system.", booked_on=row.entry.booked_on)

    def _row(self, document: LedgerDocument, lines: list[list[Any]]) -> MirrorDocument:
        row = MirrorDocument(client=self.client, connection=self.connection, external_id=document.external_id)
        self._describe(row, document, lines)
        return row

    def _describe(self, row: MirrorDocument, document: LedgerDocument, lines: list[list[Any]]) -> None:
        row.type, row.version, row.booked_on = document.type, document.version, document.booked_on
        row.number, row.note, row.party = (
            document.number[:40],
            document.note[:4000],
            self.names.party(document.party)[:200],
        )
        row.lines, row.lines_sha256, row.seen_at = lines, digest(document.booked_on, lines), timezone.now()
        row.total_minor = sum(line[1] for line in lines)

    def _entry(self, row: MirrorDocument, lines: list[list[Any]]) -> posting.Entry:
        return posting.Entry(
            booked_on=row.booked_on,
            source_key=self._key(row),
            purpose="mirror",
            origin="ledger",
            revision=row.revision,
            memo=" · ".join(filter(None, [row.type, row.number, row.party])),
            lines=[
                posting.Line(
                    self.accounts[line[0]],
                    line[1],
                    line[2],
                    memo=line[3],
                    party=line[4],
                    department=line[5],
                    foreign=Foreign(*told) if (told := foreign_of(line)) else None,
                    klass=line[6],
                )
                for line in lines
            ],
        )

    def _hold(self, row: MirrorDocument, kind: str, deltas: dict[int, int], *, before: object, after: object) -> None:
        if not deltas:
            return
        open_change = ChangedAfterClose.objects.filter(client=self.client, document=row, state="open").first()
        if open_change is not None:
            # Priced against what was sealed: later edits add up, and one that puts things back closes the case.
            total = sums_of([*map(tuple, open_change.deltas), *deltas.items()])
            open_change.after, open_change.deltas = {"lines": after}, sorted(map(list, total.items()))
            open_change.amount_minor = max(map(abs, total.values()), default=0)
            if not total:
                open_change.state, open_change.decided_at = ChangedAfterClose.State.UNDONE, timezone.now()
                open_change.reason = "Put back in the accounting system."
            open_change.save()
        else:
            ChangedAfterClose.objects.create(
                client=self.client,
                document=row,
                month=row.booked_on.replace(day=1),
                kind=kind,
                before={"lines": before},
                after={"lines": after},
                deltas=sorted(map(list, deltas.items())),
                amount_minor=max(map(abs, deltas.values())),
            )
        self.result.after_close += 1

    def write(self) -> None:
        """Post the collected entries in one go and tie each to its document."""
        mirror_mergers.tell(self.client, self.connection, self.mergers)
        done = posting.post(self.client.pk, [entry for _row, entry in self.fresh])
        for index, (row, _entry) in enumerate(self.fresh):
            row.entry_id = done.ids[index]
        standing = [row for row, _entry in self.fresh if row.pk is not None]
        new = [*self.met, *(row for row, _entry in self.fresh if row.pk is None)]
        MirrorDocument.objects.bulk_create(new, batch_size=1000)
        MirrorDocument.objects.bulk_update(standing, ["entry"], batch_size=500)


def _is_settled_here(row: MirrorDocument) -> bool:
    """Whether its entry is not the mirror's to reverse: our own document, or one that a person has reversed here already."""
    return row.outbox_id is not None or (row.entry is not None and row.entry.reversals.exists())


def take_into_open_month(change: ChangedAfterClose, *, by: User, reason: str, booked_on: date) -> int:
    """Accept a change to a closed month: its difference is booked on an open day, with the reason; gives the entry's id."""
    lines = [
        posting.Line(
            account_id, max(delta, 0), max(-delta, 0), memo=f"{change.document} changed in {change.month:%B %Y}"
        )
        for account_id, delta in change.deltas
    ]
    entry = posting.Entry(
        booked_on=booked_on,
        source_key=f"change:{change.pk}",
        purpose="change-after-close",
        origin="ledger",
        lines=lines,
        memo=f"{change.document.type} {change.document.number} of {change.month:%B %Y}, changed after close",
        reason=reason,
    )
    entry_id = posting.post(change.client_id, [entry], actor_id=by.pk).ids[0]
    change.state, change.reason, change.decided_by, change.decided_at = "taken", reason, by, timezone.now()
    change.entry_id = entry_id
    change.save()
    return entry_id
