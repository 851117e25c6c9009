"""Payables and receivables item by item: nothing negative, doubled or old without a word (K25, K28)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from closeout.checks.registry import Item, Result, Scope, check, many
from closeout.checks.timing import notes
from ledger import subledgers
from ledger.core.openitems import aged
from ledger.models import MirrorDocument

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ledger.core.openitems import AgedParty, Side

#: Days past due from which an open item needs a word (product.md §4).
OLD_DAYS = 90


def parties(scope: Scope, side: Side) -> list[AgedParty]:
    """Who is owed, or owes, what at the month's end, settled in order of time; once a run."""
    key = f"open {side}"
    if key not in scope.cache:
        settled = subledgers.settlement(scope.client, scope.month.last, sides=(side,))
        scope.cache[key] = aged(settled.open(), scope.month.last)
    return scope.cache[key]  # type: ignore[return-value]


@check("K25", area="payables", title="No vendor in credit, no bill number twice, no old bill unreviewed")
def bills_are_sound(scope: Scope) -> Result:
    """No vendor's balance is negative, no number of a bill stands twice, bills over 90 days past due carry a word."""
    found = parties(scope, "payable")
    doubled = list(_doubled(scope))
    if not found and not doubled:
        return Result(state="not_applicable", summary="Nothing is owed to vendors.")
    items = (*_credits(scope, "K25", "open-payable", found), *doubled, *_old(scope, "K25", found))
    return _result(scope, items, found, "vendor|vendors")


@check("K28", area="payables", title="No customer in credit, no old invoice without a decision")
def invoices_are_sound(scope: Scope) -> Result:
    """No customer's balance is negative; invoices over 90 days past due carry a decision (remind, reserve, write off)."""
    found = parties(scope, "receivable")
    if not found:
        return Result(state="not_applicable", summary="No customer owes anything.")
    items = (*_credits(scope, "K28", "open-receivable", found), *_old(scope, "K28", found))
    return _result(scope, items, found, "customer|customers")


def _result(scope: Scope, items: tuple[Item, ...], found: list[AgedParty], words: str) -> Result:
    open_items = [item for item in items if item.is_open]
    return Result(
        state="fail" if open_items else "pass",
        summary=many(len(open_items), "# item|items waits|wait for a decision.")
        if open_items
        else many(len(found), f"# {words}, nothing in credit, doubled or old without a word."),
        expected=0,
        actual=len(open_items),
        unit="count",
        items=items,
        evidence=scope.url("reconciliation", scope.month, "timing"),
    )


def _credits(scope: Scope, check_id: str, kind: str, found: list[AgedParty]) -> Iterator[Item]:
    for party in found:
        if party.total < 0:
            key = f"credit:{party.party}"
            note = notes(scope).get((kind, party.party))
            why = scope.explained(check_id, key, party.total) or (note.reason if note else "")
            yield Item(
                label=f"{party.party or 'No party'} is in credit",
                amount=party.total,
                url=scope.url("entries", party.items[0].touch.entry),
                key=key,
                is_open=not why,
                note=why,
            )


def _old(scope: Scope, check_id: str, found: list[AgedParty]) -> Iterator[Item]:
    for party in found:
        for item in party.items:
            days = item.days_late(scope.month.last)
            if item.left <= 0 or days <= OLD_DAYS:
                continue
            key = f"old:{item.touch.entry}"
            why = scope.explained(check_id, key, item.left)
            yield Item(
                label=f"{party.party or 'No party'} {item.touch.document}, {days} days past due",
                amount=item.left,
                url=scope.url("entries", item.touch.entry),
                key=key,
                is_open=not why,
                note=why,
            )


def _doubled(scope: Scope) -> Iterator[Item]:
    """Bills of one vendor with one number, where one is of the month."""
    bills = MirrorDocument.objects.filter(
        client=scope.client, type="Bill", is_deleted=False, booked_on__lte=scope.month.last
    ).exclude(number="")
    same: dict[tuple[str, str], list[MirrorDocument]] = defaultdict(list)
    for bill in bills.order_by("booked_on", "pk"):
        same[bill.party.casefold(), bill.number.casefold()].append(bill)
    for (party, number), rows in same.items():
        if len(rows) > 1 and rows[-1].booked_on >= scope.month.first:
            key = f"double:{party}:{number}"[:160]
            why = scope.explained("K25", key, rows[-1].total_minor)
            yield Item(
                label=f"{rows[-1].party} {rows[-1].number} stands {len(rows)} times",
                amount=rows[-1].total_minor,
                url=scope.url("entries", rows[-1].entry_id) if rows[-1].entry_id else scope.url("entries"),
                key=key,
                is_open=not why,
                note=why,
            )
