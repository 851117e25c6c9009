"""Bank lines meet the books: what is sure is matched, the rest is suggested with reasons (``ledger.matches`` takes it on).

The book side is what stands on the account and is not matched yet, and what is expected there: payouts on their way and
the pulls of payroll runs. What a person refused or took apart is not said again.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.utils import timezone

from ledger import expected, matches, offers
from ledger.core import matching
from ledger.core.signals import BankSide, BookSide
from ledger.models import BankFeed, BankItem, JournalLine, Match, MatchMember, Period

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from clients.models import Client

LOOK_BACK = timedelta(days=90)
#: A cheque may clear after weeks; other money within days.
CHEQUE_DAYS, USUAL_DAYS, EARLY_DAYS = 75, 10, 4


def suggest(client: Client) -> dict[str, int]:
    """Match everything open on every linked account; sure matches are accepted, others wait for a person.

    Gives counts by outcome. Suggestions of an earlier run that nobody took are replaced.
    """
    feeds = list(BankFeed.objects.filter(client=client, account__isnull=False).select_related("account", "connection"))
    Match.objects.filter(client=client, state=Match.State.SUGGESTED).delete()
    items = {f"B:{item.pk}": item for item in _open_items(client, feeds)}
    if not items:
        return {"accepted": 0, "suggested": 0}
    awaited = {f"X:{money.key}": money for money in expected.money(client)}
    lines, book = _sides(client, feeds, items, awaited)
    closed = set(Period.objects.filter(client=client).exclude(state="open").values_list("month", flat=True))
    counts = {"accepted": 0, "suggested": 0}
    used: set[str] = set()
    found = matching.match(lines, book, refused=matches.refused(client))
    sure = [said for said in found if said.is_accepted and not awaited.keys() & set(said.items)]
    _accept_sure(client, sure, items, {side.id: side.amount for side in book})
    for said in found:
        used.update(said.lines)
        # Expected money is posted on the bank's day, which a closed month refuses: a person decides.
        posts = said not in sure
        taken = said.is_accepted and not (posts and _is_closed(items[said.lines[0]], closed))
        if posts:
            match = _keep(client, said, items, awaited)
            taken = taken and _taken(match, awaited)
        counts["accepted" if taken else "suggested"] += 1
    left = {key: item for key, item in items.items() if key not in used and not _is_closed(item, closed)}
    rest = offers.Rest([line for line in lines if line.id in left], _unused(book, found), left)
    accepted, suggested = offers.offer(client, rest, refused=matches.refused(client))
    return {"accepted": counts["accepted"] + accepted, "suggested": counts["suggested"] + suggested}


def _unused(book: Sequence[BookSide], found: Sequence[matching.Suggestion]) -> list[BookSide]:
    """Lines of the books that nothing was said of; what is only expected is left out."""
    used = {key for said in found for key in said.items}
    return [side for side in book if side.id.startswith("L:") and side.id not in used]


def _taken(match: Match, awaited: dict[str, expected.Money]) -> bool:
    """Accept a sure match; one that cannot be booked (an unmapped role, a pull that is not the register's) waits for a person."""
    try:
        matches.accept(match, by=None, awaited=awaited)
    except matches.ReconcilingError:
        return False
    return True


def _is_closed(item: BankItem, closed: set[date]) -> bool:
    return item.posted_on.replace(day=1) in closed


def _open_items(client: Client, feeds: Sequence[BankFeed]) -> Iterable[BankItem]:
    """Open lines from some time before the cut-over on: what cleared before it must not be offered to lines after it."""
    items = BankItem.objects.filter(client=client, feed__in=feeds, state__in=["open", "asked"]).select_related(
        "feed__account"
    )
    return items.filter(posted_on__gte=client.cut_over_on - LOOK_BACK) if client.cut_over_on else items


def _sides(
    client: Client, feeds: Sequence[BankFeed], items: dict[str, BankItem], awaited: dict[str, expected.Money]
) -> tuple[list[BankSide], list[BookSide]]:
    lines = [
        BankSide(
            key,
            item.posted_on,
            item.amount_minor,
            f"{item.description} {item.counterparty}",
            item.reference,
            str(item.feed.account_id),
        )
        for key, item in items.items()
    ]
    book = [
        BookSide(
            key,
            money.on,
            money.amount,
            money.names,
            money.references,
            money.label,
            str(money.account_id),
            days_before=_days_early(client, money),
            days_after=USUAL_DAYS,
        )
        for key, money in awaited.items()
    ]
    first = min(item.posted_on for item in items.values()) - LOOK_BACK
    for line in _unmatched_lines(client, {feed.account_id for feed in feeds if feed.account_id}, first):
        is_cheque = line.credit_minor > 0 and "BillPayment" in line.entry.memo
        book.append(
            BookSide(
                f"L:{line.entry_id}:{line.no}",
                line.booked_on,
                line.net_minor,
                _names(line),
                _references(line),
                line.entry.memo,
                str(line.account_id),
                days_before=EARLY_DAYS,
                days_after=CHEQUE_DAYS if is_cheque else USUAL_DAYS,
            )
        )
    return lines, book


def _days_early(client: Client, money: expected.Money) -> int:
    """How many days before its day money may come; never before the cut-over, where the books hold it already."""
    return min(EARLY_DAYS, (money.on - client.cut_over_on).days) if client.cut_over_on else EARLY_DAYS


def _unmatched_lines(client: Client, accounts: set[int], since: date) -> list[JournalLine]:
    matched = MatchMember.objects.filter(client=client, is_live=True, entry__isnull=False).values_list(
        "entry_id", "line_no"
    )
    taken = set(matched)
    lines = (
        JournalLine.objects.filter(client=client, account_id__in=accounts, booked_on__gte=since)
        .filter(entry__reverses__isnull=True, entry__reversals__isnull=True)
        .select_related("entry")
    )
    return [line for line in lines if (line.entry_id, line.no) not in taken]


def _names(line: JournalLine) -> tuple[str, ...]:
    words = [word for word in line.party.split() if len(word) > 3]
    return tuple(words[:1])


def _references(line: JournalLine) -> tuple[str, ...]:
    parts = line.entry.memo.split(" · ")
    return (parts[1],) if len(parts) > 1 and parts[1].isdigit() else ()


def _keep(
    client: Client, said: matching.Suggestion, items: dict[str, BankItem], awaited: dict[str, expected.Money]
) -> Match:
    bank = [items[key] for key in said.lines]
    match = Match.objects.create(
        client=client,
        feed=bank[0].feed,
        method=said.kind,
        reasons=list(said.reasons),
        confidence_bp=said.confidence,
        plan={"expected": [awaited[key].key for key in said.items if key in awaited]},
    )
    members = [MatchMember(client=client, match=match, item=item, amount_minor=item.amount_minor) for item in bank]
    for key in said.items:
        if key.startswith("L:"):
            _, entry_id, no = key.split(":")
            line = JournalLine.objects.get(entry_id=int(entry_id), no=int(no))
            members.append(
                MatchMember(
                    client=client, match=match, entry_id=int(entry_id), line_no=int(no), amount_minor=line.net_minor
                )
            )
    MatchMember.objects.bulk_create(members)
    return match


def _accept_sure(
    client: Client, found: Sequence[matching.Suggestion], items: dict[str, BankItem], amounts: dict[str, int]
) -> None:
    """Sure matches with lines that stand in the books: nothing is posted for them, so that they are made in one go."""
    made, members = [], []
    for said in found:
        bank = [items[key] for key in said.lines]
        if sum(item.amount_minor for item in bank) != sum(amounts[key] for key in said.items):
            raise matches.ReconcilingError("The two sides are not the same amount.")
        match = Match(
            client=client,
            feed=bank[0].feed,
            method=said.kind,
            reasons=list(said.reasons),
            confidence_bp=said.confidence,
            plan={"expected": []},
            state=Match.State.ACCEPTED,
            accepted_at=timezone.now(),
        )
        made.append(match)
        live = {"client": client, "match": match, "is_live": True}
        members += [MatchMember(**live, item=item, amount_minor=item.amount_minor) for item in bank]
        for key in said.items:
            _, entry_id, no = key.split(":")
            members.append(MatchMember(**live, entry_id=int(entry_id), line_no=int(no), amount_minor=amounts[key]))
    Match.objects.bulk_create(made)
    MatchMember.objects.bulk_create(members)
    matched = [items[key].pk for said in found for key in said.lines]
    BankItem.objects.filter(client=client, pk__in=matched).update(state=BankItem.State.MATCHED)
