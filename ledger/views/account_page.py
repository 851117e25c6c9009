"""What the page of one bank account shows: its arithmetic, the lines to decide, timing items, matches."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from django.urls import reverse

from clients.access import Right
from ledger import bank_position, damage, expected, finishing, queries
from ledger.models import Account, BankFeed, Match, MatchMember, TimingItem
from ledger.views import framing
from ledger.views.framing import may, page_of

if TYPE_CHECKING:
    from django.http import HttpRequest

    from clients.models import Client
    from ledger.bank_position import Position
    from ledger.core.period import Month

TABS = (("todo", "To decide"), ("timing", "Timing"), ("matched", "Matched"))


def page(request: HttpRequest, client: Client, chosen: BankFeed, of: Month) -> dict[str, Any]:
    position = bank_position.position(client, chosen, of)
    given = request.GET.get("tab") or request.POST.get("tab", "")
    tab = given if given in dict(TABS) else "todo"
    notes = {(note.kind, note.subject): note for note in TimingItem.objects.filter(client=client)}
    suggested = _suggested(client, chosen, of)
    outstanding = [
        (item, notes.get((finishing.BOOK, f"{item.line.entry_id}:{item.line.no}"))) for item in position.outstanding
    ]
    undecided = len(position.bank_only)
    accepted = Match.objects.filter(
        client=client, state="accepted", members__item__feed=chosen, members__item__posted_on__range=(of.first, of.last)
    ).distinct()
    counts = {"todo": undecided, "timing": len(outstanding), "matched": accepted.count()}
    made: dict[str, Any] = {
        **row(position),
        "client": client,
        "month": of,
        "tab": tab,
        "tabs": [(name, label, counts[name]) for name, label in TABS],
        "outstanding": outstanding,
        "period": framing.period(client, of, "ledger:reconciliation_feed", pk=chosen.pk),
        "feeds": bank_position.feeds(client),
        "explained": sum(item.amount for item in position.outstanding),
        "bank_sum": sum(item.amount_minor for item in position.bank_only),
        "adjusted_bank": (position.closing or 0) + sum(item.amount for item in position.outstanding),
        "adjusted_books": position.book + sum(item.amount_minor for item in position.bank_only) + position.bank_early,
        "against": finishing.against_finishing(position),
        "unchanged": finishing.is_unchanged(position),
        "changes": damage.since_finished(position),
        "may_prepare": may(request, Right.PREPARE),
        "accounts": queries.accounts(client),
        "here": reverse("ledger:reconciliation_feed", args=[client.slug, str(of), chosen.pk]),
    }
    if tab == "todo":
        made["page"] = page_of(request, _todo(client, position, suggested))
    elif tab == "matched":
        made["page"] = page_of(request, accepted.order_by("-accepted_at", "-pk"))
        made["pairs"] = _pairs(client, list(made["page"]))
    return made


def row(position: Position) -> dict[str, Any]:
    """What an account's line in the list and its heading say."""
    finished = bool(position.statement and position.statement.finished_at)
    if position.closing is None:
        state, word = "unknown", "No statement"
    elif position.is_off or position.bank_only:
        state, word = "fail", "Off" if position.is_off else "To decide"
    else:
        state, word = "pass", "Prepared" if finished else "Ties"
    return {"position": position, "feed": position.feed, "state": state, "word": word, "finished": finished}


def _suggested(client: Client, chosen: BankFeed, of: Month) -> dict[int, Match]:
    """Suggestions by the bank line they are about; one that a later suggestion repeats shows once."""
    members = MatchMember.objects.filter(
        client=client, item__feed=chosen, match__state="suggested", item__posted_on__lte=of.last
    ).select_related("match")
    return {member.item_id: member.match for member in members if member.item_id}


def _todo(client: Client, position: Position, suggested: dict[int, Match]) -> list[dict[str, Any]]:
    """What waits: each suggestion once with all its lines, then the bank lines nobody has an idea about."""
    seen: set[int] = set()
    rows: list[dict[str, Any]] = []
    pairs = {
        pair["match"].pk: pair
        for pair in _pairs(client, list({match.pk: match for match in suggested.values()}.values()))
    }
    usual = _usual_accounts(client, position.feed) if len(suggested) < len(position.bank_only) else {}
    for item in position.bank_only:
        match = suggested.get(item.pk)
        if match is None:
            rows.append({"item": item, "usual": usual.get(_words(item.description))})
        elif match.pk not in seen:
            seen.add(match.pk)
            rows.append(pairs[match.pk] | {"item": item})
    rows.sort(key=lambda row: "match" not in row)
    return rows


def _pairs(client: Client, matches: list[Match]) -> list[dict[str, Any]]:
    """Both sides of each match, in three queries for any number."""
    by_match: dict[int, list[MatchMember]] = defaultdict(list)
    members = MatchMember.objects.filter(client=client, match__in=matches).select_related("item__feed", "entry")
    for member in members.order_by("pk"):
        by_match[member.match_id].append(member)
    awaited = (
        {money.key: money for money in expected.money(client)}
        if any(match.plan.get("expected") for match in matches)
        else {}
    )
    to = Account.objects.filter(client=client).in_bulk(
        {match.plan["account"] for match in matches if "account" in match.plan}
    )
    rows = []
    for match in matches:
        bank = [member for member in by_match[match.pk] if member.item_id]
        book = [member for member in by_match[match.pk] if member.entry_id]
        coming = [
            awaited[key] for key in match.plan.get("expected", []) if key in awaited and match.state == "suggested"
        ]
        rows.append(
            {
                "match": match,
                "bank": bank,
                "book": book,
                "coming": coming,
                "to": to.get(match.plan.get("account")) if match.state == "suggested" else None,
                "fee": match.plan.get("fee") if match.state == "suggested" else None,
                "bank_total": sum(member.amount_minor for member in bank),
                "book_total": sum(member.amount_minor for member in book)
                + sum(money.amount for money in coming)
                - (match.plan.get("fee", 0) if match.state == "suggested" else 0),
            }
        )
    return rows


def _usual_accounts(client: Client, chosen: BankFeed) -> dict[str, Account]:
    """Where lines with the same first words were recorded before."""
    before = MatchMember.objects.filter(
        client=client, match__feed=chosen, match__state="accepted", match__plan__has_key="account", item__isnull=False
    ).order_by("pk")
    ids = {_words(text): account for text, account in before.values_list("item__description", "match__plan__account")}
    accounts = Account.objects.filter(client=client, pk__in=set(ids.values())).in_bulk()
    return {words: accounts[account] for words, account in ids.items() if account in accounts}


def _words(description: str) -> str:
    return " ".join(word for word in description.upper().split() if not any(sign.isdigit() for sign in word))[:40]
