"""Bank lines meet the books: suggestions with reasons, and what a person does with them.

The book side is what stands on the account and is not matched yet, and what is expected there: payouts on their way and
the pulls of payroll runs. Accepting expected money posts its entry, dated like the bank line.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from clients import audit
from integrations.models import Fact
from integrations.records import BankLine
from integrations.records_json import from_json
from ledger import expected, mapping, posting
from ledger.core import matching
from ledger.core.rules import bank_line_entry
from ledger.core.signals import BankSide, BookSide
from ledger.models import BankFeed, BankItem, JournalEntry, JournalLine, Match, MatchMember

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import date

    from clients.models import Client, User
    from ledger.core.entry import DraftEntry
    from ledger.models import Account

LOOK_BACK = timedelta(days=90)
#: A cheque may clear after weeks; other money within days.
CHEQUE_DAYS, USUAL_DAYS, EARLY_DAYS = 75, 10, 4


class ReconcilingError(ValueError):
    """Something that cannot be matched: already matched, not equal, another account."""


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
    counts = {"accepted": 0, "suggested": 0}
    used: set[str] = set()
    found = matching.match(lines, book)
    sure = [said for said in found if said.is_accepted and not awaited.keys() & set(said.items)]
    _accept_sure(client, sure, items, {side.id: side.amount for side in book})
    for said in found:
        used.update(said.lines)
        counts["accepted" if said.is_accepted else "suggested"] += 1
        if said in sure:
            continue
        match = _keep(client, said, items, awaited)
        if said.is_accepted:
            accept(match, by=None, awaited=awaited)
    for kind, number in _by_rule(client, [item for key, item in items.items() if key not in used]).items():
        counts[kind] += number
    return counts


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
    matches, members = [], []
    for said in found:
        bank = [items[key] for key in said.lines]
        if sum(item.amount_minor for item in bank) != sum(amounts[key] for key in said.items):
            raise ReconcilingError("The two sides are not the same amount.")
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
        matches.append(match)
        live = {"client": client, "match": match, "is_live": True}
        members += [MatchMember(**live, item=item, amount_minor=item.amount_minor) for item in bank]
        for key in said.items:
            _, entry_id, no = key.split(":")
            members.append(MatchMember(**live, entry_id=int(entry_id), line_no=int(no), amount_minor=amounts[key]))
    Match.objects.bulk_create(matches)
    MatchMember.objects.bulk_create(members)
    matched = [items[key].pk for said in found for key in said.lines]
    BankItem.objects.filter(client=client, pk__in=matched).update(state=BankItem.State.MATCHED)


def _by_rule(client: Client, items: Iterable[BankItem]) -> dict[str, int]:
    """Lines whose words an approved rule knows (a fee, interest) are booked by it."""
    history = mapping.load(client.pk)
    counts = {"accepted": 0}
    for item in items:
        version = history.on(item.posted_on)  # none before the cut-over: nothing is booked there by rule
        rule = version.rule_for_words(item.description) if version else None
        if rule and version:
            role, words, account_id = rule
            match = Match.objects.create(
                client=client,
                feed=item.feed,
                method="rule",
                reasons=[f"rule: “{words}”"],
                confidence_bp=10_000,
                plan={"role": role, "account": account_id, "mapping_version": version.version_id},
            )
            MatchMember.objects.create(client=client, match=match, item=item, amount_minor=item.amount_minor)
            accept(match, by=None)
            counts["accepted"] += 1
    return counts


# ---- what a person does --------------------------------------------------------------------------------------------------


@transaction.atomic
def accept(match: Match, *, by: User | None, awaited: Mapping[str, expected.Money] | None = None) -> None:
    """Take a suggestion (``by`` None: a sure one, by rule). Expected money is posted now, dated like the bank line.

    ``awaited`` is what was expected when the suggestions of this same transaction were made, so that it is not read again.
    """
    match = Match.objects.select_for_update(of=("self",)).select_related("client", "feed__account").get(pk=match.pk)
    if match.state != Match.State.SUGGESTED:
        raise ReconcilingError("This match is no longer waiting.")
    bank = [member.item for member in match.members.select_related("item__feed") if member.item]
    for key in match.plan.get("expected", []):
        money = awaited.get(f"X:{key}") if awaited is not None else expected.find(match.client, key)
        if money is None:
            raise ReconcilingError("What was expected has been settled meanwhile.")
        draft = money.entry(bank[0].posted_on, bank[0].feed.account_key)
        _post_for(match, draft, f"{money.key}:arrival", by, money.provider, fact_id=money.fact_id)
    if "account" in match.plan:
        _post_bank_line(match, bank[0], by)
    _balance_or_refuse(match)
    match.members.update(is_live=True)
    BankItem.objects.filter(pk__in=[item.pk for item in bank]).update(state=BankItem.State.MATCHED)
    match.state, match.accepted_by, match.accepted_at = Match.State.ACCEPTED, by, timezone.now()
    match.save()
    if by:
        audit.record(match.client, by, "match.accepted", f"{bank[0]}", {"reasons": match.reasons})


def _balance_or_refuse(match: Match) -> None:
    members = list(match.members.all())
    bank = sum(member.amount_minor for member in members if member.item_id)
    book = sum(member.amount_minor for member in members if member.entry_id)
    if bank != book:
        raise ReconcilingError("The two sides are not the same amount.")


def _post_bank_line(match: Match, item: BankItem, by: User | None) -> None:
    fact = Fact.objects.get(client=match.client, pk=item.fact_id)
    record = from_json(fact.kind, fact.data)
    assert isinstance(record, BankLine)
    kind = "card" if item.feed.kind == BankFeed.Kind.CARD else "bank"
    draft = bank_line_entry(record, match.plan["role"], kind=kind)
    key = f"bank-line:{item.feed.connection_id}:{item.feed.account_key}:{item.external_id}"
    _post_for(match, draft, key, by, "", fact_id=fact.pk)


def _post_for(
    match: Match, draft: DraftEntry, key: str, by: User | None, provider: str, *, fact_id: int | None
) -> None:
    """Post the entry a match stands for and put its bank side into the match."""
    version = mapping.load(match.client_id).on(draft.booked_on)
    lines = []
    for line in draft.lines:
        account = match.feed.account_id if line.role in {"bank", "card"} else match.plan.get("account")
        if account is None and version:
            account = version.account_for(line, provider)
        if account is None:
            raise ReconcilingError(f"No account is mapped for {line.role} {line.key}".strip() + ".")
        lines.append(
            posting.Line(account, line.debit, line.credit, line.role, line.key, line.memo, line.party, line.department)
        )
    previous = JournalEntry.objects.filter(client=match.client, source_key=key[:200], purpose=draft.purpose).count()
    by_rule = match.plan.get("mapping_version") or (version.version_id if version and by is None else None)
    entry = posting.Entry(
        booked_on=draft.booked_on,
        source_key=key[:200],
        purpose=draft.purpose,
        lines=lines,
        memo=draft.memo,
        revision=previous,
        fact_id=fact_id,
        mapping_version_id=by_rule or (version.version_id if version else None),
    )
    entry_id = posting.post(match.client_id, [entry], actor_id=by.pk if by else None).ids[0]
    no = next(number for number, line in enumerate(lines, 1) if line.role in {"bank", "card"})
    side = lines[no - 1]
    MatchMember.objects.create(
        client=match.client, match=match, entry_id=entry_id, line_no=no, amount_minor=side.debit - side.credit
    )


@transaction.atomic
def undo(match: Match, *, by: User) -> None:
    """Take a match apart again; an entry that accepting it posted is reversed. The match stays, with who undid it."""
    match = Match.objects.select_for_update(of=("self",)).select_related("client").get(pk=match.pk)
    if match.state != Match.State.ACCEPTED:
        raise ReconcilingError("Only an accepted match can be undone.")
    posted_by_us = match.plan.get("expected") or "account" in match.plan
    for member in match.members.select_related("entry", "item"):
        if member.entry and posted_by_us:
            posting.reverse(
                member.entry, reason="The match was undone.", booked_on=member.entry.booked_on, actor_id=by.pk
            )
        if member.item:
            BankItem.objects.filter(pk=member.item.pk).update(state=BankItem.State.OPEN)
    match.members.update(is_live=False)
    match.state, match.undone_by, match.undone_at = Match.State.UNDONE, by, timezone.now()
    match.save()
    audit.record(match.client, by, "match.undone", str(match), {"reasons": match.reasons})


@transaction.atomic
def create_entry(item: BankItem, *, account: Account, by: User, memo: str = "") -> Match:
    """Book a bank line straight to an account and match it with its own entry."""
    return _planned(
        item,
        "entry",
        {"role": "suspense" if account.type == "asset" else "expense", "account": account.pk},
        by,
        memo or f"booked to {account}",
    )


@transaction.atomic
def match_by_hand(items: Sequence[BankItem], lines: Sequence[JournalLine], *, by: User) -> Match:
    """Match what a person chose; raises ReconcilingError unless both sides are the same amount on the same account."""
    if not items or not lines:
        raise ReconcilingError("Choose at least one line on each side.")
    if {line.account_id for line in lines} != {items[0].feed.account_id} or len({item.feed_id for item in items}) > 1:
        raise ReconcilingError("Both sides must be of one account.")
    _discard_suggestions(items)
    match = Match.objects.create(
        client=items[0].client, feed=items[0].feed, method="by-hand", reasons=["chosen by hand"], confidence_bp=10_000
    )
    MatchMember.objects.bulk_create(
        [
            *(
                MatchMember(client=item.client, match=match, item=item, amount_minor=item.amount_minor)
                for item in items
            ),
            *(
                MatchMember(
                    client=items[0].client,
                    match=match,
                    entry_id=line.entry_id,
                    line_no=line.no,
                    amount_minor=line.net_minor,
                )
                for line in lines
            ),
        ]
    )
    accept(match, by=by)
    return match


def _planned(item: BankItem, method: str, plan: dict[str, Any], by: User, reason: str) -> Match:
    if item.state == BankItem.State.MATCHED:
        raise ReconcilingError("This line is already matched.")
    _discard_suggestions([item])
    match = Match.objects.create(
        client=item.client, feed=item.feed, method=method, reasons=[reason[:200]], confidence_bp=10_000, plan=plan
    )
    MatchMember.objects.create(client=item.client, match=match, item=item, amount_minor=item.amount_minor)
    accept(match, by=by)
    return match


def _discard_suggestions(items: Iterable[BankItem]) -> None:
    Match.objects.filter(members__item__in=list(items), state=Match.State.SUGGESTED).delete()
