"""What bank lines that no book line explains may be: transfers between own accounts, an item less a fee, a bank rule's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ledger import bank_rules, matches
from ledger.core.fees import with_fee
from ledger.core.transfers import transfer_pairs
from ledger.models import Match, MatchMember

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from clients.models import Client
    from ledger.core.matching import Refusal
    from ledger.core.signals import BankSide, BookSide
    from ledger.models import BankItem

#: Confidence, in basis points, of what a person's rule says.
BY_RULE = 9_500


@dataclass(frozen=True, slots=True)
class Rest:
    """Bank lines that still wait, and lines of the books that nothing met; ``items`` by the bank lines' keys."""

    lines: Sequence[BankSide]
    book: Sequence[BookSide]
    items: dict[str, BankItem]


def offer(client: Client, rest: Rest, *, refused: Collection[Refusal]) -> tuple[int, int]:
    """Offer what the rest may be, the surest kind first; gives how many were taken by themselves and how many wait."""
    accepted = suggested = 0
    ids = [item.pk for item in rest.items.values()]
    met = set(MatchMember.objects.filter(client=client, is_live=True, item__in=ids).values_list("item_id", flat=True))
    open_lines = [line for line in rest.lines if rest.items[line.id].pk not in met]
    for offered in (_transfers, _by_itself, _fees, _by_rule):
        taken, waiting, used = offered(client, rest, open_lines, refused)
        accepted, suggested = accepted + taken, suggested + waiting
        open_lines = [line for line in open_lines if line.id not in used]
    return accepted, suggested


def _transfers(
    client: Client, rest: Rest, lines: Sequence[BankSide], refused: Collection[Refusal]
) -> tuple[int, int, set[str]]:
    """A line out of one account and a line of the same amount into another; only accounts of one currency meet."""
    sides = [
        line._replace(scope=rest.items[line.id].feed.currency, account=str(rest.items[line.id].feed_id))
        for line in lines
    ]
    accepted = suggested = 0
    used: set[str] = set()
    for said in transfer_pairs(sides, refused=refused):
        keys = (*said.lines, *said.items)
        items = [rest.items[key] for key in keys]
        match = _keep(client, items, "transfer", said.reasons, said.confidence, {"transfer": True})
        used.update(keys)
        if said.is_accepted and _taken(match):
            accepted += 1
        else:
            suggested += 1
    return accepted, suggested, used


def _fees(
    client: Client, rest: Rest, lines: Sequence[BankSide], refused: Collection[Refusal]
) -> tuple[int, int, set[str]]:
    amounts = {side.id: side.amount for side in rest.book}
    used: set[str] = set()
    for said, fee in with_fee(lines, rest.book, refused=refused):
        match = _keep(client, [rest.items[said.lines[0]]], "with-fee", said.reasons, said.confidence, {"fee": fee})
        _, entry_id, no = said.items[0].split(":")
        MatchMember.objects.create(
            client=client, match=match, entry_id=int(entry_id), line_no=int(no), amount_minor=amounts[said.items[0]]
        )
        used.update(said.lines)
    return 0, len(used), used


def _by_itself(
    client: Client, rest: Rest, lines: Sequence[BankSide], _refused: Collection[Refusal]
) -> tuple[int, int, set[str]]:
    """Lines whose most telling rule books by itself: somebody let it, which is surer than what a line less a fee may be."""
    return _rules(client, rest, lines, automatic=True)


def _by_rule(
    client: Client, rest: Rest, lines: Sequence[BankSide], _refused: Collection[Refusal]
) -> tuple[int, int, set[str]]:
    """Lines whose most telling rule only offers."""
    return _rules(client, rest, lines, automatic=False)


def _rules(client: Client, rest: Rest, lines: Sequence[BankSide], *, automatic: bool) -> tuple[int, int, set[str]]:
    """The most telling rule of each line; none of what a person undid, or of what the books held at the cut-over."""
    rules, undone = bank_rules.active(client), matches.undone_rules(client)
    accepted = suggested = 0
    used: set[str] = set()
    for line in lines:
        item = rest.items[line.id]
        rule = bank_rules.fitting(rules, item)
        if (
            rule is None
            or rule.is_automatic != automatic
            or (client.cut_over_on and item.posted_on < client.cut_over_on)
        ):
            continue
        if (item.pk, bank_rules.role(rule), rule.account_id) in undone:
            continue
        plan = {"role": bank_rules.role(rule), "account": rule.account_id, "party": rule.party, "rule": rule.pk}
        match = _keep(client, [item], "rule", (f"rule {rule}",), BY_RULE, plan)
        used.add(line.id)
        if rule.is_automatic and _taken(match):
            accepted += 1
        else:
            suggested += 1
    return accepted, suggested, used


def _taken(match: Match) -> bool:
    """Accept what is sure; what cannot be booked (no account is mapped) waits for a person."""
    try:
        matches.accept(match, by=None)
    except matches.ReconcilingError:
        return False
    return True


def _keep(
    client: Client,
    items: Sequence[BankItem],
    method: str,
    reasons: Sequence[str],
    confidence: int,
    plan: dict[str, Any],
) -> Match:
    match = Match.objects.create(
        client=client, feed=items[0].feed, method=method, reasons=list(reasons), confidence_bp=confidence, plan=plan
    )
    MatchMember.objects.bulk_create(
        [MatchMember(client=client, match=match, item=item, amount_minor=item.amount_minor) for item in items]
    )
    return match
