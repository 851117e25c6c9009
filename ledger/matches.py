"""Bank lines and journal lines that are the same money: accepted, undone, made by hand, and what was refused.

Accepting expected money (a payout, a payroll pull) posts its entry, dated like the bank line; so does booking a line straight
to an account. Undoing a match reverses what accepting it posted, and nothing else.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone

from clients import audit
from integrations.models import Fact
from integrations.records import BankLine
from integrations.records_json import from_json
from ledger import expected, mapping, posting
from ledger.core.entry import DraftEntry, credit, debit
from ledger.core.placing import Case, Rule
from ledger.core.rules import Unbookable, bank_line_entry
from ledger.core.rules.bank import card_payment_entry, transfer_entry
from ledger.models import BankFeed, BankItem, JournalEntry, Match, MatchMember, Period, StatementBalance

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from clients.models import Client, User
    from ledger.core.matching import Refusal
    from ledger.models import Account, JournalLine

#: States of a bank line that waits for its match.
WAITING = (BankItem.State.OPEN, BankItem.State.ASKED)


class ReconcilingError(ValueError):
    """Something that cannot be matched: already matched, not equal, another account."""


@transaction.atomic
def accept(match: Match, *, by: User | None, awaited: Mapping[str, expected.Money] | None = None) -> None:
    """Take a suggestion (``by`` None: a sure one, by rule). Expected money is posted now, dated like the bank line.

    ``awaited`` is what was expected when the suggestions of this same transaction were made, so that it is not read again.
    Raises ReconcilingError when one side is taken or has changed meanwhile, PostingError when the books refuse the entry.
    """
    match = Match.objects.select_for_update(of=("self",)).select_related("client", "feed__account").get(pk=match.pk)
    if match.state != Match.State.SUGGESTED:
        raise ReconcilingError("This match is no longer waiting.")
    bank = _free_items(match)
    _refuse_taken_lines(match)
    for key in match.plan.get("expected", []):
        money = awaited.get(f"X:{key}") if awaited is not None else expected.find(match.client, key)
        if money is None:
            raise ReconcilingError("What was expected has been settled meanwhile.")
        try:
            draft = money.entry(bank[0].posted_on, bank[0].feed.account_key)
        except Unbookable as problem:
            raise ReconcilingError(f"{money.label}: {problem.what}.") from problem
        _post_for(match, draft, f"{money.key}:arrival", by, money.provider, fact_id=money.fact_id)
    if "account" in match.plan:
        _post_bank_line(match, bank[0], by)
    if "fee" in match.plan:
        _post_fee(match, bank[0], match.plan["fee"], by)
    if "transfer" in match.plan:
        _post_transfer(match, bank, by)
    booked = match.members.filter(entry__isnull=False).values_list("amount_minor", flat=True)
    if sum(item.amount_minor for item in bank) != sum(booked):
        raise ReconcilingError("The two sides are not the same amount.")
    match.members.update(is_live=True)
    BankItem.objects.filter(pk__in=[item.pk for item in bank]).update(state=BankItem.State.MATCHED)
    match.state, match.accepted_by, match.accepted_at = Match.State.ACCEPTED, by, timezone.now()
    match.save()
    if by:
        audit.record(match.client, by, "match.accepted", f"{bank[0]}", {"reasons": match.reasons})


def _free_items(match: Match) -> list[BankItem]:
    """The match's bank lines, held until the transaction ends. Raises ReconcilingError unless they all wait."""
    ids = match.members.filter(item__isnull=False).values("item_id")
    items = list(BankItem.objects.select_for_update(of=("self",)).select_related("feed").filter(pk__in=ids))
    for item in items:
        if item.state not in WAITING:
            said = "is matched already" if item.state == BankItem.State.MATCHED else "was taken back by the bank"
            raise ReconcilingError(f"{item.description} {said}.")
    return items


def _refuse_taken_lines(match: Match) -> None:
    for member in match.members.filter(entry__isnull=False).select_related("entry"):
        taken = MatchMember.objects.filter(
            client=match.client, entry_id=member.entry_id, line_no=member.line_no, is_live=True
        )
        if taken.exists():
            raise ReconcilingError(f"{member.entry} is matched already.")
        if member.entry and (member.entry.reverses_id or member.entry.reversals.exists()):
            raise ReconcilingError(f"{member.entry} is reversed.")


def _post_bank_line(match: Match, item: BankItem, by: User | None) -> None:
    draft = bank_line_entry(_record(item), match.plan["role"], kind=_kind(item.feed), party=match.plan.get("party", ""))
    _post_for(match, draft, _line_key(item), by, "", fact_id=item.fact_id)


def _post_fee(match: Match, item: BankItem, fee: int, by: User | None) -> None:
    """What the bank kept of the money: Dr bank fees, Cr the account, on the line's own day."""
    own, key = _kind(item.feed), item.feed.account_key
    lines = (*debit("bank-fees", fee, key), *credit(own, fee, key))
    draft = DraftEntry("bank-fee", item.posted_on, f"Fee on {item.description}", lines, item.feed.currency)
    _post_for(match, draft, f"{_line_key(item)}:fee", by, "", fact_id=item.fact_id)


def _post_transfer(match: Match, items: Sequence[BankItem], by: User | None) -> None:
    """One entry for the two lines of a transfer; each of its lines meets one of them."""
    if len(items) != 2:
        raise ReconcilingError("A transfer is one line out of one account and one into another.")
    out, into = sorted(items, key=lambda item: item.amount_minor)
    entry = card_payment_entry if _kind(into.feed) == "card" else transfer_entry
    try:
        draft = entry(_record(out), _record(into))
    except Unbookable as problem:
        raise ReconcilingError(f"These are not one transfer: {problem.what}.") from problem
    _post_for(match, draft, f"{_line_key(out)}:transfer", by, "", fact_id=out.fact_id, both=True)


def _record(item: BankItem) -> BankLine:
    fact = Fact.objects.get(client_id=item.client_id, pk=item.fact_id)
    record = from_json(fact.kind, fact.data)
    assert isinstance(record, BankLine)
    return record


def _line_key(item: BankItem) -> str:
    return f"bank-line:{item.feed.connection_id}:{item.feed.account_key}:{item.external_id}"


def _kind(feed: BankFeed) -> str:
    return "card" if feed.kind == BankFeed.Kind.CARD else "bank"


def _post_for(
    match: Match,
    draft: DraftEntry,
    key: str,
    by: User | None,
    provider: str,
    *,
    fact_id: int | None,
    both: bool = False,
) -> None:
    """Post the entry a match stands for and put its bank side into the match; ``both`` sides where it is a transfer."""
    # An entry may have both: a bank pays a card's statement, and only one of the two is the account the line stands on.
    own = "" if both else _kind(match.feed)
    version = mapping.load(match.client_id).on(draft.booked_on)
    lines = []
    for line in draft.lines:
        account = match.feed.account_id if line.role == own else match.plan.get("account")
        if account is not None:
            rule: Rule | None = Rule(Case(line.role), account)
        else:
            rule = version.place(line, provider) if version else None
        if rule is None:
            raise ReconcilingError(f"No account is mapped for {line.role} {line.key}".strip() + ".")
        lines.append(mapping.posted(line, rule))
    previous = JournalEntry.objects.filter(client=match.client, source_key=key[:200], purpose=draft.purpose).count()
    entry = posting.Entry(
        booked_on=draft.booked_on,
        source_key=key[:200],
        purpose=draft.purpose,
        lines=lines,
        memo=draft.memo,
        revision=previous,
        fact_id=fact_id,
        mapping_version_id=version.version_id if version else None,
    )
    entry_id = posting.post(match.client_id, [entry], actor_id=by.pk if by else None).ids[0]
    sides = [(no, line) for no, line in enumerate(lines, 1) if both or line.role == own]
    for no, side in sides if both else sides[:1]:
        MatchMember.objects.create(
            client=match.client, match=match, entry_id=entry_id, line_no=no, amount_minor=side.debit - side.credit
        )
    match.plan = {**match.plan, "posted": [*match.plan.get("posted", []), entry_id]}


@transaction.atomic
def undo(match: Match, *, by: User) -> None:
    """Take a match apart again; the entry that accepting it posted is reversed. The match stays, with who undid it.

    Raises ReconcilingError for one of a closed month that still stands on both sides, PostingError when the books refuse.
    """
    match = Match.objects.select_for_update(of=("self",)).select_related("client").get(pk=match.pk)
    if match.state != Match.State.ACCEPTED:
        raise ReconcilingError("Only an accepted match can be undone.")
    members = list(match.members.select_related("entry", "item"))
    entries = [member.entry for member in members if member.entry]
    standing = [entry for entry in entries if not entry.reversals.exists()]
    items = [member.item for member in members if member.item]
    if len(standing) == len(entries):
        _refuse_closed(match, items)
    _refuse_finished(match, items)
    posted = set(match.plan.get("posted", []))
    for entry in standing:
        if entry.pk in posted:
            posting.reverse(entry, reason="The match was undone.", booked_on=entry.booked_on, actor_id=by.pk)
    BankItem.objects.filter(pk__in=[item.pk for item in items]).update(state=BankItem.State.OPEN)
    match.members.update(is_live=False)
    match.state, match.undone_by, match.undone_at = Match.State.UNDONE, by, timezone.now()
    match.save()
    audit.record(match.client, by, "match.undone", str(match), {"reasons": match.reasons})


def _refuse_closed(match: Match, items: Iterable[BankItem]) -> None:
    """What a signed month was reconciled with stays, unless the entry it was matched with is gone."""
    months = {item.posted_on.replace(day=1) for item in items}
    closed = Period.objects.filter(client=match.client, month__in=months).exclude(state=Period.State.OPEN).first()
    if closed is not None:
        raise ReconcilingError(f"The books of {closed.month:%B %Y} are closed.")


def _refuse_finished(match: Match, items: Iterable[BankItem]) -> None:
    """What a finished reconciliation stands on stays until the month is reopened."""
    for item in items:
        done = StatementBalance.objects.filter(
            client=match.client, feed_id=item.feed_id, month=item.posted_on.replace(day=1), finished_at__isnull=False
        ).first()
        if done is not None:
            raise ReconcilingError(f"The reconciliation of {done.month:%B %Y} is finished; reopen it first.")


@transaction.atomic
def create_entry(item: BankItem, *, account: Account, by: User, memo: str = "") -> Match:
    """Book a bank line straight to an account and match it with its own entry."""
    _discard_suggestions([item])
    role = "suspense" if account.type == "asset" else "expense"
    reason = memo or f"booked to {account}"
    match = _made(item, "entry", reason[:200], {"role": role, "account": account.pk})
    MatchMember.objects.create(client=item.client, match=match, item=item, amount_minor=item.amount_minor)
    accept(match, by=by)
    return match


@transaction.atomic
def match_by_hand(
    items: Sequence[BankItem], lines: Sequence[JournalLine], *, by: User, awaited: Sequence[str] = ()
) -> Match:
    """Match bank lines with the journal lines and the expected money (by its keys) that a person chose.

    Raises ReconcilingError unless both sides are the same amount on the same account, and free.
    """
    items = list({item.pk: item for item in items}.values())
    if not items or not (lines or awaited):
        raise ReconcilingError("Choose at least one line on each side.")
    accounts = {line.account_id for line in lines} | {money.account_id for money in _expected(items[0].client, awaited)}
    if accounts != {items[0].feed.account_id} or len({item.feed_id for item in items}) > 1:
        raise ReconcilingError("Both sides must be of one account.")
    _discard_suggestions(items)
    match = _made(items[0], "by-hand", "chosen by hand", {"expected": list(awaited)} if awaited else {})
    bank = [MatchMember(client=match.client, match=match, item=item, amount_minor=item.amount_minor) for item in items]
    book = [
        MatchMember(
            client=match.client, match=match, entry_id=line.entry_id, line_no=line.no, amount_minor=line.net_minor
        )
        for line in {(line.entry_id, line.no): line for line in lines}.values()
    ]
    MatchMember.objects.bulk_create([*bank, *book])
    accept(match, by=by)
    return match


def _expected(client: Client, keys: Sequence[str]) -> list[expected.Money]:
    found = {money.key: money for money in expected.money(client)} if keys else {}
    if not found.keys() >= set(keys):
        raise ReconcilingError("What was expected has been settled meanwhile.")
    return [found[key] for key in dict.fromkeys(keys)]


def _made(item: BankItem, method: str, reason: str, plan: dict[str, Any]) -> Match:
    return Match.objects.create(
        client=item.client, feed=item.feed, method=method, reasons=[reason], confidence_bp=10_000, plan=plan
    )


def _discard_suggestions(items: Iterable[BankItem]) -> None:
    Match.objects.filter(members__item__in=list(items), state=Match.State.SUGGESTED).delete()


# ---- what was refused ----------------------------------------------------------------------------------------------------


def refused(client: Client) -> set[Refusal]:
    """Both sides of every match that a person declined or undid, as the suggestions name them (B:, L: and X: keys)."""
    found: set[Refusal] = set()
    undone = Match.objects.filter(client=client, state=Match.State.UNDONE).prefetch_related("members")
    for match in undone:
        posted = set(match.plan.get("posted", []))
        bank, book = set(), {f"X:{key}" for key in match.plan.get("expected", [])}
        for member in match.members.all():
            if member.item_id:
                bank.add(f"B:{member.item_id}")
            elif member.entry_id not in posted:
                book.add(f"L:{member.entry_id}:{member.line_no}")
        if book:
            found.add((frozenset(bank), frozenset(book)))
        elif "transfer" in match.plan:
            found |= {(frozenset([one]), frozenset(bank - {one})) for one in bank}
    return found


def undone_rules(client: Client) -> set[tuple[int, str, int]]:
    """(bank line, role, account) of every booking by rule that a person undid."""
    undone = MatchMember.objects.filter(
        client=client, match__state=Match.State.UNDONE, match__method="rule", item__isnull=False
    )
    return {(item, plan["role"], plan["account"]) for item, plan in undone.values_list("item_id", "match__plan")}
