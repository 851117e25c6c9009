"""What we write to the accounting system, exactly once.

Approval freezes payload, hash, request id and marker. ``sending`` is committed before the request leaves; without a clear
answer the document is looked up by its marker after the settle time, adopted if found, else sent again with the same
request id; after three tries a person decides.
"""

from __future__ import annotations

from base64 import b32encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING
from uuid import uuid4
from zoneinfo import ZoneInfo

import orjson
from django.conf import settings
from django.db.models import F, Q
from django.db.models.functions import Now

from clients.tenancy import client_context
from integrations import crashpoints
from integrations.dimensions import Dimensions
from integrations.errors import NotSupported, Reconnect, Refused, RetryLater, Unanswered
from integrations.payload import parse_json
from ledger import (
    exceptions_inbox,
    modes,
    outbox_cancelled,
    outbox_currencies,
    outbox_documents,
    outbox_links,
    outbox_parties,
    outbox_unsaid,
    support,
)
from ledger.exceptions_inbox import Problem
from ledger.models import JournalEntry, MappingVersion, OutboxItem, OutboxMember
from ledger.outbox_documents import Known
from ledger.outbox_items import Items

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from clients.models import Client
    from integrations.provider import WrittenDocument
    from integrations.records import LedgerDocument
    from ledger.accounting import Accounting
    from ledger.core.documents import Group
    from ledger.outbox_parties import Parties

TRIES = 3
BATCH = 500
#: Documents between two renewals of the lease: seconds even at the slowest pace.
RENEW_EVERY = 20
#: Longest known late commit of a write that was not answered, doubled.
SETTLE = timedelta(seconds=settings.OUTBOX_SETTLE_SECONDS)


@dataclass(slots=True)
class FlushResult:
    """Documents by what became of them in one run."""

    posted: int = 0
    rejected: int = 0
    uncertain: int = 0
    waiting: int = 0

    def __add__(self, other: FlushResult) -> FlushResult:
        return FlushResult(
            self.posted + other.posted,
            self.rejected + other.rejected,
            self.uncertain + other.uncertain,
            self.waiting + other.waiting,
        )


# ---- approval ------------------------------------------------------------------------------------------------------------


def prepare(
    client: Client,
    accounting: Accounting,
    parties: Parties | None = None,
    items: Items | None = None,
    dimensions: Dimensions | None = None,
    *,
    through: date | None = None,
    today: date | None = None,
) -> int:
    """Freeze a document for every group of entries that has not gone out and is due on ``today``; gives how many.

    Entries made from facts are approved by whoever approved their mapping; entries made by hand wait for an approval of
    their own (``EntryApproval``). Rows of a processor account travel together as the mode of their stream says. An entry that
    owes or is owed by a name without an id in the accounting system waits, as does what settles a bill that is not there
    yet, and an invoice whose items are not; ``parties`` are ids found beyond those that were pulled, ``items`` those of what
    is sold, ``dimensions`` the classes and departments there. What cannot be said there is an exception, and waits.
    """
    waiting = _waiting(client, through)
    known = Known(
        outbox_parties.known(client, accounting.connection) | (parties or {}),
        outbox_links.read(client, waiting),
        items or Items(),
        dimensions or Dimensions(),
        client.home_currency,
        outbox_currencies.is_multicurrency(client, accounting.connection),
        outbox_cancelled.revised(client, waiting),
    )
    ready = {entry.pk: entry for entry in waiting if not known.waits(entry)}
    groups = modes.gather(client, list(ready.values()), today=today or books_day(client)).groups
    approvers = approvers_of(client)
    frozen: list[tuple[OutboxItem, list[JournalEntry]]] = []
    unsaid: list[Problem] = []
    for group in groups:
        entries = [ready[pk] for pk in group.entries]
        approver = approver_of(entries[0], approvers)
        if approver is None:
            continue
        try:
            frozen.append((_frozen(client, accounting, _Group(group, entries, approver), known), entries))
        except NotSupported as refusal:
            unsaid.append(outbox_unsaid.problem(accounting, group, entries, refusal))
    outbox_unsaid.tell(client, unsaid)
    _keep(client, frozen)
    return len(frozen)


def books_day(client: Client) -> date:
    """The client's own calendar day."""
    return datetime.now(ZoneInfo(client.timezone)).date()


def _waiting(client: Client, through: date | None) -> list[JournalEntry]:
    entries = outbox_cancelled.going(client)
    if through:
        entries = entries.filter(booked_on__lte=through)
    return list(entries.prefetch_related("lines__account", "approvals").order_by("booked_on", "id"))


def approvers_of(client: Client) -> dict[int, int | None]:
    """Who approved each version of the mapping."""
    return dict(MappingVersion.objects.filter(client=client).values_list("id", "approved_by_id"))


def approver_of(entry: JournalEntry, approvers: Mapping[int, int | None]) -> int | None:
    """Who stands behind an entry: whoever approved it, else its mapping; None where nobody does yet."""
    approval = next(iter(entry.approvals.all()), None)
    if approval is not None:
        return approval.approved_by_id
    if entry.mapping_version_id and entry.origin == "source":
        return approvers.get(entry.mapping_version_id)
    return None


@dataclass(frozen=True, slots=True)
class _Group:
    """Entries that one document carries, and who approved them."""

    of: Group
    entries: Sequence[JournalEntry]
    approver: int


def _frozen(client: Client, accounting: Accounting, group: _Group, known: Known) -> OutboxItem:
    marker = marker_for(group.of.key, group.of.day, min(group.of.entries))
    document = outbox_documents.document(client, group.of, group.entries, marker, known)
    return item_for(client, accounting, document, group.of.key, group.approver, marker=marker)


def _keep(client: Client, frozen: Sequence[tuple[OutboxItem, list[JournalEntry]]]) -> None:
    """Write what goes out and its members, and expect the receipts of what is the company's own: a few statements in all."""
    OutboxItem.objects.bulk_create((item for item, _entries in frozen), batch_size=BATCH)
    members = (OutboxMember(client=client, outbox=item, entry=entry) for item, entries in frozen for entry in entries)
    OutboxMember.objects.bulk_create(members, batch_size=BATCH)
    own = [entries for _item, entries in frozen if any(entry.purpose in outbox_documents.OWN for entry in entries)]
    support.expect(client, [entry for entries in own for entry in entries])


def item_for(
    client: Client, accounting: Accounting, document: LedgerDocument, group_key: str, approver_id: int, *, marker: str
) -> OutboxItem:
    """What goes out for a document, once saved unchangeable. Raises NotSupported for what cannot be said there."""
    payload = canonical(accounting.books.payload(document, marker=marker, context=accounting.context))
    return OutboxItem(
        client=client,
        connection=accounting.connection,
        type=document.type,
        booked_on=document.booked_on,
        group_key=group_key[:160],
        marker=marker,
        payload=payload.decode(),
        payload_sha256=sha256(payload).digest(),
        request_id=uuid4(),
        total_minor=sum(line.debit for line in document.lines),
        approved_by_id=approver_id,
    )


def canonical(payload: object) -> bytes:
    """The bytes whose hash is frozen: keys sorted, decimals as written."""
    return orjson.dumps(payload, option=orjson.OPT_SORT_KEYS, default=_number)


def _number(value: object) -> orjson.Fragment:
    if isinstance(value, Decimal):
        return orjson.Fragment(str(value))
    raise TypeError(f"{type(value).__name__} is not JSON")


def marker_for(group_key: str, day: date, entry_id: int) -> str:
    """The document number, at most 21 characters: two letters of the source, the day, the first entry's id in base 32."""
    source = "TO" if group_key.startswith("entry:") else group_key[:2].upper()
    number = b32encode(entry_id.to_bytes((entry_id.bit_length() + 7) // 8 or 1, "big")).decode().rstrip("=")
    return f"{source}{day:%y%m%d}-{number}"


# ---- sending -------------------------------------------------------------------------------------------------------------


def flush(client: Client, accounting: Accounting, renew: Callable[[], None] = lambda: None) -> FlushResult:
    """Send what is due, oldest first, one document at a time; each step commits on its own. Call outside a transaction.

    ``renew`` keeps the job's lease, which many documents may outlast.
    """
    result, closed = FlushResult(), cache(lambda: accounting.books.closed_through(accounting.api))
    for number, item_id in enumerate(_due(client)):
        if number % RENEW_EVERY == RENEW_EVERY - 1:
            renew()
        item = _claim(client, item_id)
        if item is None:
            continue
        try:
            _deliver(client, accounting, item, result, closed)
        except (RetryLater, Reconnect) as problem:
            # The request did not leave (or was turned away at the door): nothing was written, try again later.
            _back(client, item, problem)
            result.waiting += 1
            if isinstance(problem, Reconnect):
                raise
    return result


def _due(client: Client) -> list[int]:
    with client_context(client.pk):
        lost = Q(state="sending", sent_at__lt=Now() - SETTLE)
        due = Q(state="new", send_after__lte=Now())
        items = OutboxItem.objects.filter(lost | due, client=client)
        return list(items.order_by("booked_on", "id").values_list("id", flat=True)[:BATCH])


def _claim(client: Client, item_id: int) -> OutboxItem | None:
    """Commit ``sending`` before anything leaves; ``tries`` is the fence that later writes are checked against."""
    crashpoints.reach("before-sending")
    with client_context(client.pk):
        claimed = OutboxItem.objects.filter(
            Q(state="new") | Q(state="sending", sent_at__lt=Now() - SETTLE), pk=item_id, client=client
        ).update(state="sending", sent_at=Now(), tries=F("tries") + 1)
        return OutboxItem.objects.get(pk=item_id) if claimed else None


def _deliver(
    client: Client, accounting: Accounting, item: OutboxItem, result: FlushResult, closed: Callable[[], date | None]
) -> None:
    crashpoints.reach("after-sending")
    if bytes(item.payload_sha256) != sha256(item.payload.encode()).digest():
        raise AssertionError(f"outbox item {item.pk} is not what was approved")
    try:
        written = _found(accounting, item) if item.tries > 1 and item.voids_id is None else None
        if written is None:
            send = accounting.books.write if item.voids_id is None else accounting.books.void
            written = send(accounting.api, item.type, parse_json(item.payload), request_id=str(item.request_id))
        crashpoints.reach("after-post")
    except Refused as refusal:
        _reject(client, item, refusal, closed() if refusal.is_closed else None)
        result.rejected += 1
    except Unanswered:
        if item.tries >= TRIES:
            _give_up(client, item)
            result.uncertain += 1
        else:
            result.waiting += 1
    else:
        _adopt(client, item, written)
        result.posted += 1


def _found(accounting: Accounting, item: OutboxItem) -> WrittenDocument | None:
    """Was it written after all? Two documents with our marker are a double, for a person."""
    found = accounting.books.find(accounting.api, item.type, item.marker)
    return found[0] if found else None


def _adopt(client: Client, item: OutboxItem, written: WrittenDocument) -> None:
    crashpoints.reach("before-posted")
    with client_context(client.pk):
        done = OutboxItem.objects.filter(pk=item.pk, state="sending", tries=item.tries).update(
            state="posted",
            external_id=written.external_id,
            version=written.version,
            trace=written.trace[:80],
            answered_at=Now(),
            problem="",
            problem_code="",
        )
        if done and item.tries > 1:  # what went through at once was never in the inbox
            exceptions_inbox.settle(client.pk, ["refused", "uncertain"], [f"outbox:{item.pk}"], resolution="Posted.")


def _reject(client: Client, item: OutboxItem, refusal: Refused, closed: date | None) -> None:
    with client_context(client.pk):
        OutboxItem.objects.filter(pk=item.pk, state="sending", tries=item.tries).update(
            state="rejected",
            problem_code=refusal.code[:20],
            problem=str(refusal)[:300],
            trace=refusal.trace[:80],
            answered_at=Now(),
        )
        said = (
            str(refusal) if item.voids_id is None else f"{refusal}. Void {item.voids} there by hand, then send again."
        )
        problem = _problem(item, "refused", f"refused {refusal.code}".strip(), said, refusal.code)
        if refusal.inactive:
            problem.detail[exceptions_inbox.INACTIVE] = list(refusal.inactive)
        if closed:
            problem.detail[exceptions_inbox.CLOSED_THROUGH] = closed.isoformat()
        exceptions_inbox.open_problems(client.pk, [problem])


def _give_up(client: Client, item: OutboxItem) -> None:
    with client_context(client.pk):
        OutboxItem.objects.filter(pk=item.pk, state="sending", tries=item.tries).update(
            state="uncertain", answered_at=Now()
        )
        title = "Sent three times without an answer, and not found by its number."
        exceptions_inbox.open_problems(client.pk, [_problem(item, "uncertain", "no answer", title, "")])


def _back(client: Client, item: OutboxItem, problem: RetryLater | Reconnect) -> None:
    wait = timedelta(seconds=problem.retry_after if isinstance(problem, RetryLater) else 60)
    with client_context(client.pk):
        OutboxItem.objects.filter(pk=item.pk, state="sending", tries=item.tries).update(
            state="new", tries=F("tries") - 1, send_after=Now() + wait, problem=str(problem)[:300]
        )


def _problem(item: OutboxItem, kind: str, cause: str, title: str, code: str) -> Problem:
    return Problem(
        kind=kind,
        identity=f"outbox:{item.pk}",
        cause=cause,
        title=title,
        source=str(item.connection),
        amount_minor=item.total_minor,
        booked_on=item.booked_on,
        connection_id=item.connection_id,
        outbox_id=item.pk,
        detail={"marker": item.marker, "type": item.type, "code": code},
    )


# ---- what a person decides -----------------------------------------------------------------------------------------------


def retry(item: OutboxItem) -> None:
    """Send a refused or uncertain document again, with the same request id; it is looked up by its marker first."""
    OutboxItem.objects.filter(pk=item.pk, state__in=["rejected", "uncertain"]).update(
        state="new", send_after=Now(), tries=1
    )


def retry_signed_in(client: Client, accounting: Accounting) -> int:
    """What was refused before the last sign-in goes out once more after it: who signed in may have the right. Gives how many."""
    since = accounting.connection.connected_at
    rejected = OutboxItem.objects.filter(client=client, connection=accounting.connection, state="rejected")
    return rejected.filter(answered_at__lt=since).update(state="new", send_after=Now(), tries=1) if since else 0
