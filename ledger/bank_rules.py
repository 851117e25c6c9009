"""Bank rules: words (and, if wanted, direction, amounts, one account) mean an account and a party. Few knobs, each safe.

A rule only offers until somebody else lets it book by itself; it is never edited: stop it and make another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils import timezone

from clients import audit
from ledger.core import roles
from ledger.models import BankItem, BankRule, JournalLine, MatchMember

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from clients.models import Client, User
    from ledger.models import Account

#: Shorter words would fit too much.
LEAST_LETTERS = 4
#: What the line itself stands on is no other side of it.
OWN_SIDES = frozenset({"bank"})
#: Lines a preview shows.
SHOWN = 50


class BankRuleError(ValueError):
    """A rule that may not be: too short, of another client, approved by its maker. ``field`` is what is wrong in the form."""

    def __init__(self, said: str, field: str | None = None) -> None:
        super().__init__(said)
        self.field = field


@dataclass(frozen=True, slots=True)
class Fitting:
    """A line a rule would have met, and the account it was booked to (None while it waits)."""

    item: BankItem
    went_to: Account | None


def active(client: Client) -> list[BankRule]:
    """The rules in force, the most telling first."""
    rules = BankRule.objects.filter(client=client, is_active=True).select_related(
        "account", "feed", "made_by", "approved_by"
    )
    return sorted(rules, key=_weight)


def _weight(rule: BankRule) -> tuple[int, int, int]:
    knobs = (rule.feed_id, rule.least_minor, rule.most_minor, None if rule.direction == "either" else rule.direction)
    return -len(rule.words), -sum(knob is not None for knob in knobs), rule.pk or 0


def fits(rule: BankRule, item: BankItem) -> bool:
    """Whether a rule speaks of a bank line."""
    size = abs(item.amount_minor)
    return (
        " ".join(rule.words.upper().split()) in " ".join(f"{item.description} {item.counterparty}".upper().split())
        and (rule.direction == "either" or (rule.direction == "in") == (item.amount_minor > 0))
        and (rule.least_minor is None or size >= rule.least_minor)
        and (rule.most_minor is None or size <= rule.most_minor)
        and (rule.feed_id is None or rule.feed_id == item.feed_id)
    )


def fitting(rules: Iterable[BankRule], item: BankItem) -> BankRule | None:
    """The most telling rule of a line: longest words, then most conditions. ``rules`` as ``active`` gives them."""
    return next((rule for rule in rules if fits(rule, item)), None)


def role(rule: BankRule) -> str:
    """What the line's other side is called in the entry: what the rule says, else by the kind of its account."""
    if rule.role:
        return rule.role
    return "suspense" if rule.account.type == "asset" else "expense"


def preview(rule: BankRule) -> tuple[int, Sequence[Fitting]]:
    """How many lines known so far the rule fits, and the newest of them with what became of each. In four queries."""
    lines = BankItem.objects.filter(client=rule.client).exclude(state="removed").select_related("feed")
    if rule.feed_id:
        lines = lines.filter(feed_id=rule.feed_id)
    found = [item for item in lines.order_by("-posted_on", "-pk").iterator(2000) if fits(rule, item)]
    shown = found[:SHOWN]
    went = _went_to(rule.client, shown)
    return len(found), [Fitting(item, went.get(item.pk)) for item in shown]


def _went_to(client: Client, items: Sequence[BankItem]) -> dict[int, Account]:
    members = MatchMember.objects.filter(client=client, is_live=True, item__in=[item.pk for item in items])
    match_of = dict(members.values_list("match_id", "item_id"))
    booked = MatchMember.objects.filter(client=client, match_id__in=match_of, entry__isnull=False)
    item_of = {entry: match_of[match] for entry, match in booked.values_list("entry_id", "match_id")}
    feeds = {item.feed.account_id for item in items if item.feed.account_id is not None}
    others = JournalLine.objects.filter(client=client, entry_id__in=item_of).exclude(account_id__in=feeds)
    return {
        item: line.account
        for line in others.select_related("account").order_by("-entry_id", "-no")
        if (item := item_of[line.entry_id]) is not None
    }


def check(rule: BankRule) -> None:
    """Raises BankRuleError for a rule that may not be made."""
    rule.words = " ".join(rule.words.split())
    if sum(letter.isalnum() for letter in rule.words) < LEAST_LETTERS:
        raise BankRuleError(f"Give at least {LEAST_LETTERS} letters or digits of the bank's words.", "words")
    if rule.role and (rule.role in OWN_SIDES or not roles.is_known(rule.role)):
        raise BankRuleError("Choose a category of the list.", "role")
    if rule.account.client_id != rule.client_id or (rule.feed and rule.feed.client_id != rule.client_id):
        raise BankRuleError("Choose an account of this client.", "account")
    if rule.feed and rule.feed.account_id == rule.account_id:
        raise BankRuleError("A line cannot be booked to the account it stands on.", "account")
    if rule.least_minor is not None and rule.most_minor is not None and rule.least_minor > rule.most_minor:
        raise BankRuleError("The smallest amount is larger than the largest.", "least")


def make(rule: BankRule, *, by: User) -> BankRule:
    """Put a rule into force: it offers from the next matching on. Raises BankRuleError."""
    check(rule)
    rule.made_by = by
    rule.save(force_insert=True)
    audit.record(rule.client, by, "bank-rule.made", str(rule), {"account": str(rule.account), "party": rule.party})
    return rule


def let_book(rule: BankRule, *, by: User) -> None:
    """Let a rule book by itself. Raises BankRuleError for its own maker or a stopped rule."""
    if not rule.is_active:
        raise BankRuleError("The rule was stopped.")
    if rule.made_by_id == by.pk:
        raise BankRuleError("Somebody else must let your rule book by itself.")
    rule.is_automatic, rule.approved_by, rule.approved_at = True, by, timezone.now()
    rule.save(update_fields=["is_automatic", "approved_by", "approved_at"])
    audit.record(rule.client, by, "bank-rule.automatic", str(rule), {"account": str(rule.account)})


def only_offer(rule: BankRule, *, by: User) -> None:
    """Let an automatic rule only offer again."""
    rule.is_automatic, rule.approved_by, rule.approved_at = False, None, None
    rule.save(update_fields=["is_automatic", "approved_by", "approved_at"])
    audit.record(rule.client, by, "bank-rule.offers", str(rule), {})


def stop(rule: BankRule, *, by: User) -> None:
    """End a rule; what it booked stays."""
    rule.is_active = rule.is_automatic = False
    rule.save(update_fields=["is_active", "is_automatic"])
    audit.record(rule.client, by, "bank-rule.stopped", str(rule), {})
