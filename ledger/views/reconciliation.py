"""Bank and card accounts against the books: what explains the difference, and what each open line is."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_date

from clients.access import Right, classified, client_or_404, membership_of
from ledger import bank_position, expected, finishing, queries, reconciling
from ledger.mapping import MappingError
from ledger.models import Account, BankFeed, BankItem, JournalLine, Match, MatchMember, TimingItem
from ledger.posting import PostingError
from ledger.reconciling import ReconcilingError
from ledger.views import framing
from ledger.views.framing import may, minor_of, month_or_404, page_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from clients.models import Client
    from ledger.bank_position import Position
    from ledger.core.period import Month

TABS = (("todo", "To decide"), ("timing", "Timing"), ("matched", "Matched"))
REFUSALS = (ReconcilingError, PostingError, MappingError)
#: Days around a bank line within which book lines are offered for matching by hand.
AROUND = timedelta(75)


@classified(Right.VIEW_DRAFTS)
def index(request: HttpRequest, slug: str, month: str) -> HttpResponse:
    """Every account with its statement, books and difference."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    of = month_or_404(request, month)
    rows = [_row(bank_position.position(client, feed, of)) for feed in bank_position.feeds(client)]
    page = {
        "client": client,
        "rows": rows,
        "proven": sum(row["state"] == "pass" for row in rows),
        "unlinked": list(BankFeed.objects.filter(client=client, account__isnull=True)),
        "period": framing.period(client, of, "ledger:reconciliation"),
        "month": of,
    }
    return render(request, "ledger/reconciliation.html", page)


@classified(Right.VIEW_DRAFTS)
def feed(request: HttpRequest, slug: str, month: str, pk: int) -> HttpResponse:
    """One account: the arithmetic, the lines to decide, the timing items, the matches."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    of = month_or_404(request, month)
    chosen = _feed_or_404(client, pk)
    return render(request, "ledger/reconciliation_feed.html", _page(request, client, chosen, of))


@classified(Right.PREPARE, methods=("POST",))
def accept(request: HttpRequest, slug: str, month: str, pk: int) -> HttpResponse:
    """Take a suggestion."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    match = _match_or_404(client, pk)
    by = membership_of(request).user
    return _act(request, client, match.feed, month, lambda: reconciling.accept(match, by=by), "Matched.", undo=match)


@classified(Right.PREPARE, methods=("POST",))
def decline(request: HttpRequest, slug: str, month: str, pk: int) -> HttpResponse:
    """Not this one."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    match = _match_or_404(client, pk)
    by = membership_of(request).user
    return _act(request, client, match.feed, month, lambda: finishing.decline(match, by=by), "Put aside.")


@classified(Right.PREPARE, methods=("POST",))
def undo(request: HttpRequest, slug: str, month: str, pk: int) -> HttpResponse:
    """Take a match apart; an entry it posted is reversed."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    match = _match_or_404(client, pk)
    by = membership_of(request).user
    return _act(
        request, client, match.feed, month, lambda: reconciling.undo(match, by=by), "Undone. Its lines wait again."
    )


@classified(Right.VIEW_DRAFTS)
def candidates(request: HttpRequest, slug: str, month: str, pk: int) -> HttpResponse:
    """Book lines that a bank line might be, nearest amounts first."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    of, item = month_or_404(request, month), _item_or_404(client, pk)
    days = (item.posted_on - AROUND, item.posted_on + AROUND)
    taken = MatchMember.objects.filter(client=client, is_live=True, entry__isnull=False).values_list(
        "entry_id", "line_no"
    )
    lines = JournalLine.objects.filter(client=client, account_id=item.feed.account_id, booked_on__range=days).filter(
        entry__reverses__isnull=True, entry__reversals__isnull=True
    )
    used = set(taken)
    free = [line for line in lines.select_related("entry") if (line.entry_id, line.no) not in used]
    free.sort(key=lambda line: (abs(line.net_minor - item.amount_minor), abs((line.booked_on - item.posted_on).days)))
    others = BankItem.objects.filter(client=client, feed=item.feed, state__in=["open", "asked"], posted_on__range=days)
    page = {
        "client": client, "item": item, "lines": free[:50], "more": max(0, len(free) - 50), "month": of,
        "others": others.exclude(pk=item.pk)[:20],
    }  # fmt: skip
    return render(request, "ledger/_candidates.html", page)


@classified(Right.PREPARE, methods=("POST",))
def match_by_hand(request: HttpRequest, slug: str, month: str, pk: int) -> HttpResponse:
    """Match a bank line (and others chosen with it) with the book lines chosen."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    item = _item_or_404(client, pk)
    also = [int(value) for value in request.POST.getlist("item") if value.isdecimal()]
    items = [item, *BankItem.objects.filter(client=client, feed=item.feed, pk__in=also, state__in=["open", "asked"])]
    lines = _lines(client, request.POST.getlist("line"))
    by = membership_of(request).user
    return _act(
        request, client, item.feed, month, lambda: reconciling.match_by_hand(items, lines, by=by), "Matched by hand."
    )


@classified(Right.PREPARE, methods=("POST",))
def create_entry(request: HttpRequest, slug: str, month: str, pk: int) -> HttpResponse:
    """Book a bank line straight to an account."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    item = _item_or_404(client, pk)
    account = queries.account_named(client, request.POST.get("account", ""))
    by, memo = membership_of(request).user, request.POST.get("memo", "")[:200]

    def act() -> None:
        if account is None:
            raise ReconcilingError("Choose an account from the list.")
        reconciling.create_entry(item, account=account, by=by, memo=memo)

    return _act(request, client, item.feed, month, act, f"Recorded to {account}." if account else "")


@classified(Right.PREPARE, methods=("POST",))
def ask(request: HttpRequest, slug: str, month: str, pk: int) -> HttpResponse:
    """Note that the client is asked about a bank line; the question itself is posted to the questions' own address."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    item, by = _item_or_404(client, pk), membership_of(request).user
    return _act(request, client, item.feed, month, lambda: finishing.asked(item, by=by), "Waiting for the client.")


@classified(Right.PREPARE, methods=("POST",))
def timing(request: HttpRequest, slug: str, month: str, pk: int) -> HttpResponse:
    """Note an item of this account in the timing register: ``subject`` is a bank line or a book line."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    chosen, by = _feed_or_404(client, pk), membership_of(request).user
    reason, on = request.POST.get("reason", ""), _day(request.POST.get("expected_on", ""))
    kind, _, subject = request.POST.get("subject", "").partition("/")

    def act() -> None:
        if on is None:
            raise ReconcilingError("Say when it should clear.")
        label, amount, since = _subject(client, chosen, kind, subject)
        finishing.note_timing(
            client,
            kind=kind,
            subject=subject,
            label=label,
            amount=amount,
            since=since,
            reason=reason,
            expected_on=on,
            by=by,
        )

    return _act(request, client, chosen, month, act, "Noted as a timing item.")


@classified(Right.PREPARE, methods=("POST",))
def statement(request: HttpRequest, slug: str, month: str, pk: int) -> HttpResponse:
    """Type the balance of the statement."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    of, chosen, by = month_or_404(request, month), _feed_or_404(client, pk), membership_of(request).user
    closing = minor_of(request.POST.get("closing", ""), chosen.currency)

    def act() -> None:
        if closing is None:
            raise ReconcilingError("That is no amount.")
        finishing.set_statement(client, chosen, of, closing=closing, by=by)

    return _act(request, client, chosen, month, act, "Statement balance kept.")


@classified(Right.PREPARE, methods=("POST",))
def finish(request: HttpRequest, slug: str, month: str, pk: int) -> HttpResponse:
    """Mark the month of this account as prepared."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    of, chosen = month_or_404(request, month), _feed_or_404(client, pk)
    try:
        finishing.finish(client, chosen, of, by=membership_of(request).user)
    except ReconcilingError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"{chosen} is prepared for {of.label}.")
    return redirect("ledger:reconciliation_feed", slug=slug, month=month, pk=pk)


# ---- the page ------------------------------------------------------------------------------------------------------------


def _act(
    request: HttpRequest,
    client: Client,
    chosen: BankFeed,
    month: str,
    act: Callable[[], object],
    said: str,
    *,
    undo: Match | None = None,
) -> HttpResponse:
    """Do it and show the account as it stands now; a refusal is said in place and nothing is changed."""
    of = month_or_404(request, month)
    problem = ""
    try:
        with transaction.atomic():
            act()
    except REFUSALS as refusal:
        problem = str(refusal)
    if not request.headers.get("HX-Request"):
        if problem:
            messages.error(request, problem)
        return redirect("ledger:reconciliation_feed", slug=client.slug, month=month, pk=chosen.pk)
    page = _page(request, client, chosen, of) | {
        "problem": problem,
        "said": "" if problem else said,
        "undo": None if problem else undo,
    }
    return render(request, "ledger/_reconciliation.html", page, status=422 if problem else 200)


def _page(request: HttpRequest, client: Client, chosen: BankFeed, of: Month) -> dict[str, Any]:
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
        client=client, feed=chosen, state="accepted", members__item__posted_on__range=(of.first, of.last)
    ).distinct()  # fmt: skip
    counts = {"todo": undecided, "timing": len(outstanding), "matched": accepted.count()}
    page: dict[str, Any] = {
        **_row(position),
        "client": client, "month": of, "tab": tab, "tabs": [(name, label, counts[name]) for name, label in TABS],
        "outstanding": outstanding,
        "period": framing.period(client, of, "ledger:reconciliation_feed", pk=chosen.pk),
        "feeds": bank_position.feeds(client),
        "explained": sum(item.amount for item in position.outstanding), "bank_sum": sum(item.amount_minor for item in position.bank_only),
        "adjusted_bank": (position.statement.closing_minor if position.statement else 0) + sum(item.amount for item in position.outstanding),
        "adjusted_books": position.book + sum(item.amount_minor for item in position.bank_only) + position.bank_early,
        "against": finishing.against_finishing(position),
        "unchanged": finishing.is_unchanged(position),
        "may_prepare": may(request, Right.PREPARE),
        "accounts": queries.accounts(client),
        "here": reverse("ledger:reconciliation_feed", args=[client.slug, str(of), chosen.pk]),
    }  # fmt: skip
    if tab == "todo":
        page["page"] = page_of(request, _todo(client, position, suggested))
    elif tab == "matched":
        page["page"] = page_of(request, accepted.order_by("-accepted_at", "-pk"))
        page["pairs"] = _pairs(client, list(page["page"]))
    return page


def _row(position: Position) -> dict[str, Any]:
    """What an account's line in the list and its heading say."""
    finished = bool(position.statement and position.statement.finished_at)
    if position.statement is None:
        state, word = "unknown", "No statement"
    elif position.difference or position.bank_only:
        state, word = "fail", "Off" if position.difference else "To decide"
    else:
        state, word = "pass", "Prepared" if finished else "Ties"
    return {"position": position, "feed": position.feed, "state": state, "word": word, "finished": finished}


def _suggested(client: Client, chosen: BankFeed, of: Month) -> dict[int, Match]:
    """Suggestions by the bank line they are about; one that a later suggestion repeats shows once."""
    members = MatchMember.objects.filter(
        client=client, match__feed=chosen, match__state="suggested", item__posted_on__lte=of.last
    ).select_related("match")  # fmt: skip
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
    rows = []
    for match in matches:
        bank = [member for member in by_match[match.pk] if member.item_id]
        book = [member for member in by_match[match.pk] if member.entry_id]
        coming = [
            awaited[key] for key in match.plan.get("expected", []) if key in awaited and match.state == "suggested"
        ]
        rows.append({
            "match": match, "bank": bank, "book": book, "coming": coming,
            "bank_total": sum(member.amount_minor for member in bank),
            "book_total": sum(member.amount_minor for member in book) + sum(money.amount for money in coming),
        })  # fmt: skip
    return rows


def _usual_accounts(client: Client, chosen: BankFeed) -> dict[str, Account]:
    """Where lines with the same first words were recorded before."""
    before = MatchMember.objects.filter(
        client=client, match__feed=chosen, match__state="accepted", match__plan__has_key="account", item__isnull=False
    ).order_by("pk")  # fmt: skip
    ids = {_words(text): account for text, account in before.values_list("item__description", "match__plan__account")}
    accounts = Account.objects.filter(client=client, pk__in=set(ids.values())).in_bulk()
    return {words: accounts[account] for words, account in ids.items() if account in accounts}


def _words(description: str) -> str:
    return " ".join(word for word in description.upper().split() if not any(sign.isdigit() for sign in word))[:40]


def _subject(client: Client, chosen: BankFeed, kind: str, subject: str) -> tuple[str, int, date]:
    """Label, amount and day of what a timing note is about. Raises ReconcilingError for what is not of this account."""
    if kind == finishing.BANK and subject.isdecimal():
        item = BankItem.objects.filter(client=client, feed=chosen, pk=int(subject)).first()
        if item:
            return item.description, item.amount_minor, item.posted_on
    if kind == finishing.BOOK:
        lines = [line for line in _lines(client, [subject]) if line.account_id == chosen.account_id]
        if lines:
            return lines[0].entry.memo or str(lines[0]), lines[0].net_minor, lines[0].booked_on
    raise ReconcilingError("There is no such line on this account.")


def _lines(client: Client, keys: Iterable[str]) -> list[JournalLine]:
    """Journal lines by ``entry:number``; what is not there is left out."""
    found = []
    for key in keys:
        entry, _, no = key.partition(":")
        if entry.isdecimal() and no.isdecimal() and int(entry) < 2**62 and int(no) < 2**15:
            line = (
                JournalLine.objects.filter(client=client, entry_id=int(entry), no=int(no))
                .select_related("entry")
                .first()
            )
            if line:
                found.append(line)
    return found


def _feed_or_404(client: Client, pk: int) -> BankFeed:
    chosen = (
        BankFeed.objects.filter(client=client, pk=pk, account__isnull=False)
        .select_related("account", "connection")
        .first()
    )
    if chosen is None:
        raise Http404
    return chosen


def _match_or_404(client: Client, pk: int) -> Match:
    match = (
        Match.objects.filter(client=client, pk=pk).select_related("feed__account", "feed__connection", "client").first()
    )
    if match is None:
        raise Http404
    return match


def _item_or_404(client: Client, pk: int) -> BankItem:
    item = (
        BankItem.objects.filter(client=client, pk=pk)
        .select_related("feed__account", "feed__connection", "client")
        .first()
    )
    if item is None or item.feed.account_id is None:
        raise Http404
    return item


def _day(text: str) -> date | None:
    try:
        return parse_date(text)
    except ValueError:
        return None
