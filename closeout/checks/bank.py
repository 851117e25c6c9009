"""Bank and cards: the statement equals the books, nothing moved since, and every line has met its entry (K06–K09)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from closeout.checks.registry import Item, Result, Scope, State, check, many
from closeout.checks.timing import notes
from ledger import bank_position
from ledger.finishing import BOOK
from ledger.models import JournalEntry, Match, MatchMember
from ledger.timing import CHEQUE, DEPOSIT, STALE_DAYS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from ledger.bank_position import Outstanding, Position
    from ledger.models import BankFeed


def positions(scope: Scope) -> list[Position]:
    """The reconciliation of each account at the month's end, computed once a run."""
    if "positions" not in scope.cache:
        feeds = bank_position.feeds(scope.client)
        scope.cache["positions"] = [bank_position.position(scope.client, feed, scope.month) for feed in feeds]
    return scope.cache["positions"]  # type: ignore[return-value]


def _page(scope: Scope, feed: BankFeed) -> str:
    return scope.url("reconciliation", scope.month, feed.pk)


@check("K06", area="bank", title="Statement = books, with what is outstanding listed")
def statement_equals_books(scope: Scope) -> Iterator[Result] | Result:
    """Statement closing = book balance − outstanding entries + bank-only lines, for each account, to the cent."""
    found = positions(scope)
    if not found:
        return Result(state="not_applicable", summary="No bank or card account is connected.")
    return (_statement(scope, position) for position in found)


def _statement(scope: Scope, position: Position) -> Result:
    feed, page = position.feed, _page(scope, position.feed)
    title = f"{feed.name} reconciles"
    if position.statement is None or position.closing is None:
        known = (
            f"the bank is known through {position.known_through:%b} {position.known_through.day}"
            if position.known_through
            else "nothing is known of the bank"
        )
        return Result(
            state="cannot_tell",
            summary=f"No statement balance at month end: {known}."
            if position.statement is None
            else f"The statement ends on {position.statement.ends_on:%b} {position.statement.ends_on.day}, and {known}.",
            subject=feed.account_key,
            title=title,
            evidence=page,
            as_of=feed.balance_at,
        )
    items = [
        *(_outstanding_item(scope, entry) for entry in position.outstanding),
        *(
            Item(
                label=f"{item.posted_on:%b} {item.posted_on.day} {item.description}, not in the books",
                amount=item.amount_minor,
                url=page,
                key=f"bank:{item.pk}",
            )
            for item in position.bank_only
        ),
    ]
    off = position.is_off or bool(position.bank_only)
    if position.is_off:
        summary = "The statement and the books differ after every listed item."
    elif position.bank_only:
        summary = many(len(position.bank_only), "# line|lines of the bank is|are not in the books.")
    else:
        summary = f"Statement = books with {len(position.outstanding)} outstanding."
        if position.difference:
            summary = "Statement and books differ within the account's tolerance."
    in_books = position.expected - sum(item.amount_minor for item in position.bank_only)
    return Result(
        state="fail" if off else "pass",
        summary=summary,
        expected=in_books,
        actual=position.closing,
        items=tuple(items),
        evidence=page,
        subject=feed.account_key,
        title=title,
        as_of=position.statement.read_at,
    )


def _outstanding_item(scope: Scope, entry: Outstanding) -> Item:
    cleared = f", cleared {entry.cleared_on:%b} {entry.cleared_on.day}" if entry.cleared_on else ", not cleared yet"
    line = entry.line
    return Item(
        label=f"{line.booked_on:%b} {line.booked_on.day} {line.entry.memo}{cleared}",
        amount=entry.amount,
        url=scope.url("entries", line.entry_id),
        key=f"line:{line.entry_id}:{line.no}",
        is_open=False,
    )


@check("K07", area="bank", title="Opening = last closing, and nothing reconciled has moved")
def opening_equals_last_closing(scope: Scope) -> Iterator[Result] | Result:
    """The month before ends where this one begins on both sides, and no matched entry was reversed since."""
    if not positions(scope):
        return Result(state="not_applicable", summary="No bank or card account is connected.")
    return (_opening(scope, position.feed) for position in positions(scope))


def _opening(scope: Scope, feed: BankFeed) -> Result:
    title, page = f"{feed.name}: opening agrees, nothing edited since", _page(scope, feed)
    before = bank_position.position(scope.client, feed, scope.month.previous)
    if before.closing is None:
        return Result(
            state="cannot_tell",
            summary="The month before has no statement balance.",
            subject=feed.account_key,
            title=title,
            evidence=page,
        )
    damaged = MatchMember.objects.filter(
        client=scope.client, match__feed=feed, is_live=True, entry__isnull=False, entry__reversals__isnull=False
    ).select_related("entry")
    items = tuple(
        Item(
            label=f"{member.entry.memo} was reversed after it was reconciled",
            amount=member.amount_minor,
            url=scope.url("entries", member.entry_id),
            key=f"entry:{member.entry_id}",
        )
        for member in damaged
        if member.entry
    )
    bank_only = sum(item.amount_minor for item in before.bank_only)
    ok = not items and not before.is_off and not before.bank_only
    return Result(
        state="pass" if ok else "fail",
        summary="Opening = last closing; no reconciled item changed."
        if ok
        else "The opening no longer agrees with the last closing.",
        expected=before.expected - bank_only,
        actual=before.closing,
        items=items,
        evidence=page,
        subject=feed.account_key,
        title=title,
    )


@check("K08", area="bank", title="No bank line unmatched; old outstanding items explained")
def every_line_is_met(scope: Scope) -> Result:
    """No unmatched line dated to the month's end; cheques over 90 days and deposits over 5 days carry an explanation."""
    found = positions(scope)
    if not found:
        return Result(state="not_applicable", summary="No bank or card account is connected.")
    items = [
        Item(
            label=f"{item.posted_on:%b} {item.posted_on.day} {item.description}",
            amount=item.amount_minor,
            url=_page(scope, position.feed),
            key=f"bank:{item.pk}",
        )
        for position in found
        for item in position.bank_only
    ]
    stale = [item for position in found for entry in position.outstanding if (item := _stale(scope, position, entry))]
    unknown = [
        position for position in found if position.known_through is None or position.known_through < scope.month.last
    ]
    open_items = [*items, *(item for item in stale if item.is_open)]
    state: State
    if open_items:
        old = many(len(open_items) - len(items), "# old item|items unexplained.")
        state, summary = "fail", many(len(items), "# line|lines unmatched, ") + old
    elif unknown:
        state, summary = (
            "cannot_tell",
            f"Lines of {', '.join(position.feed.name for position in unknown)} are missing to the month's end.",
        )
    else:
        state, summary = "pass", "Every line the bank printed has met its entry."
    return Result(
        state=state,
        summary=summary,
        expected=0,
        actual=len(open_items),
        unit="count",
        items=(*items, *stale),
        evidence=scope.url("reconciliation", scope.month),
    )


def _stale(scope: Scope, position: Position, entry: Outstanding) -> Item | None:
    line = entry.line
    limit = STALE_DAYS[DEPOSIT if entry.amount > 0 else CHEQUE]
    until: date = min(entry.cleared_on or scope.month.last, scope.month.last)
    age = (until - line.booked_on).days
    if age <= limit:
        return None
    key = f"line:{line.entry_id}:{line.no}"
    note = notes(scope).get((BOOK, f"{line.entry_id}:{line.no}"))
    why = scope.explained("K08", key, entry.amount) or (note.reason if note else "")
    return Item(
        label=f"{line.entry.memo}, {age} days outstanding",
        amount=entry.amount,
        url=_page(scope, position.feed),
        key=key,
        is_open=not why,
        note=why,
    )


@check("K09", area="bank", title="Transfers between own accounts net to zero")
def transfers_pair(scope: Scope) -> Result:
    """Every entry that moves money between two of the client's accounts has met a line on each; no entry was forced."""
    feeds = {feed.account_id: feed for feed in bank_position.feeds(scope.client)}
    if len(feeds) < 2:
        return Result(state="not_applicable", summary="Fewer than two accounts are connected.")
    sides: dict[int, dict[int, int]] = defaultdict(dict)
    entries: dict[int, JournalEntry] = {}
    for line in scope.lines(account for account in feeds if account is not None):
        sides[line.entry_id][line.account_id] = line.no
        entries[line.entry_id] = line.entry
    pairs = {entry_id: accounts for entry_id, accounts in sides.items() if len(accounts) > 1}
    met = set(
        MatchMember.objects.filter(client=scope.client, is_live=True, entry_id__in=pairs).values_list(
            "entry_id", "line_no"
        )
    )
    lone = [
        Item(
            label=f"{entries[entry_id].memo}: one side has not met its bank line",
            url=scope.url("entries", entry_id),
            key=f"entry:{entry_id}",
        )
        for entry_id, accounts in pairs.items()
        if 0 < sum((entry_id, no) in met for no in accounts.values()) < len(accounts)
        and not _may_still_come(scope, entry_id)
    ]
    forced = Match.objects.filter(client=scope.client, state="accepted", method="forced").count()
    ok = not lone and not forced
    return Result(
        state="pass" if ok else "fail",
        summary=many(len(pairs), "# transfer|transfers, each met on both sides.")
        if ok
        else many(len(lone), "# transfer|transfers is|are met on one side only."),
        expected=len(pairs),
        actual=len(pairs) - len(lone),
        unit="count",
        items=tuple(lone),
        evidence=scope.url("reconciliation", scope.month),
    )


def _may_still_come(scope: Scope, entry_id: int) -> bool:
    """The other side's lines may be missing still; K06 and K08 say so for the account."""
    accounts = {line.account_id for line in scope.lines(scope.accounts) if line.entry_id == entry_id}
    return any(position.closing is None for position in positions(scope) if position.feed.account_id in accounts)
