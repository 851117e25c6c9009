"""Bank and card accounts against the books: what explains the difference, and what each open line is."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from clients.access import Right, classified, client_or_404, membership_of
from integrations.money import minor_of
from ledger import expected, finishing, matches, queries
from ledger.mapping import MappingError
from ledger.matches import ReconcilingError
from ledger.models import BankFeed, BankItem, JournalLine, Match, MatchMember
from ledger.posting import PostingError
from ledger.views import account_page
from ledger.views.framing import day_of, month_or_404, send_soon

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from clients.models import Client


REFUSALS = (ReconcilingError, PostingError, MappingError)
#: Days around a bank line within which book lines are offered for matching by hand.
AROUND = timedelta(75)


@classified(Right.VIEW_DRAFTS)
def feed(request: HttpRequest, slug: str, month: str, pk: int) -> HttpResponse:
    """One account: the arithmetic, the lines to decide, the timing items, the matches."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    of = month_or_404(request, month)
    chosen = _feed_or_404(client, pk)
    return render(request, "ledger/reconciliation_feed.html", account_page.page(request, client, chosen, of))


@classified(Right.PREPARE, methods=("POST",))
def accept(request: HttpRequest, slug: str, month: str, pk: int) -> HttpResponse:
    """Take a suggestion."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    match = _match_or_404(client, pk)
    by = membership_of(request).user
    return _act(
        request,
        client,
        _looked_at(request, match),
        month,
        lambda: matches.accept(match, by=by),
        "Matched.",
        undo=match,
        posts=True,
    )


@classified(Right.PREPARE, methods=("POST",))
def decline(request: HttpRequest, slug: str, month: str, pk: int) -> HttpResponse:
    """Not this one."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    match = _match_or_404(client, pk)
    by = membership_of(request).user
    return _act(
        request, client, _looked_at(request, match), month, lambda: finishing.decline(match, by=by), "Put aside."
    )


@classified(Right.PREPARE, methods=("POST",))
def undo(request: HttpRequest, slug: str, month: str, pk: int) -> HttpResponse:
    """Take a match apart; an entry it posted is reversed."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    match = _match_or_404(client, pk)
    by = membership_of(request).user
    return _act(
        request,
        client,
        _looked_at(request, match),
        month,
        lambda: matches.undo(match, by=by),
        "Undone. Its lines wait again.",
        posts=True,
    )


@classified(Right.VIEW_DRAFTS)
def candidates(request: HttpRequest, slug: str, month: str, pk: int) -> HttpResponse:
    """Book lines and expected money that a bank line might be, nearest amounts first."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    of, item = month_or_404(request, month), _item_or_404(client, pk)
    days = (item.posted_on - AROUND, item.posted_on + AROUND)
    taken = MatchMember.objects.filter(client=client, is_live=True, entry__isnull=False).values_list(
        "entry_id", "line_no"
    )
    lines = JournalLine.objects.filter(
        client=client, account_id=item.feed.account_id or 0, booked_on__range=days
    ).filter(entry__reverses__isnull=True, entry__reversals__isnull=True)
    used = set(taken)
    free = [line for line in lines.select_related("entry") if (line.entry_id, line.no) not in used]
    free.sort(key=lambda line: (abs(line.net_minor - item.amount_minor), abs((line.booked_on - item.posted_on).days)))
    coming = [
        money
        for money in expected.money(client)
        if money.account_id == item.feed.account_id and days[0] <= money.on <= days[1]
    ]
    coming.sort(key=lambda money: (abs(money.amount - item.amount_minor), abs((money.on - item.posted_on).days)))
    others = BankItem.objects.filter(client=client, feed=item.feed, state__in=["open", "asked"], posted_on__range=days)
    page = {
        "client": client,
        "item": item,
        "lines": free[:50],
        "coming": coming[:20],
        "more": max(0, len(free) - 50),
        "month": of,
        "others": others.exclude(pk=item.pk)[:20],
    }
    return render(request, "ledger/_candidates.html", page)


@classified(Right.PREPARE, methods=("POST",))
def match_by_hand(request: HttpRequest, slug: str, month: str, pk: int) -> HttpResponse:
    """Match a bank line (and others chosen with it) with the book lines and the expected money chosen."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    item = _item_or_404(client, pk)
    also = [int(value) for value in request.POST.getlist("item") if value.isdecimal()]
    items = [item, *BankItem.objects.filter(client=client, feed=item.feed, pk__in=also, state__in=["open", "asked"])]
    lines = _lines(client, request.POST.getlist("line"))
    awaited, by = request.POST.getlist("expected"), membership_of(request).user

    def act() -> None:
        matches.match_by_hand(items, lines, by=by, awaited=awaited)

    return _act(request, client, item.feed, month, act, "Matched by hand.", posts=bool(awaited))


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
        matches.create_entry(item, account=account, by=by, memo=memo)

    return _act(request, client, item.feed, month, act, f"Recorded to {account}." if account else "", posts=True)


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
    reason, on = request.POST.get("reason", ""), day_of(request.POST.get("expected_on", ""))
    kind, _, subject = request.POST.get("subject", "").partition("/")

    def act() -> None:
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
    ends_on = day_of(request.POST.get("ends_on", ""))

    def act() -> None:
        if closing is None:
            raise ReconcilingError("That is no amount.")
        given = request.POST.get("ends_on", "")
        if given and ends_on is None:
            raise ReconcilingError("That is no date.")
        finishing.set_statement(client, chosen, of, closing=closing, ends_on=ends_on, by=by)

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


@classified(Right.PREPARE, methods=("POST",))
def reopen(request: HttpRequest, slug: str, month: str, pk: int) -> HttpResponse:
    """Take a finished month back, with a reason."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    of, chosen = month_or_404(request, month), _feed_or_404(client, pk)
    try:
        finishing.reopen(client, chosen, of, reason=request.POST.get("reason", ""), by=membership_of(request).user)
    except ReconcilingError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"{chosen} is open again for {of.label}.")
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
    posts: bool = False,
) -> HttpResponse:
    """Do it and show the account as it stands now; a refusal is said in place and nothing is changed."""
    of = month_or_404(request, month)
    problem = ""
    try:
        with transaction.atomic():
            act()
            if posts:
                send_soon(client)
    except REFUSALS as refusal:
        problem = str(refusal)
    if not request.headers.get("HX-Request"):
        if problem:
            messages.error(request, problem)
        return redirect("ledger:reconciliation_feed", slug=client.slug, month=month, pk=chosen.pk)
    page = account_page.page(request, client, chosen, of) | {
        "problem": problem,
        "said": "" if problem else said,
        "undo": None if problem else undo,
    }
    return render(request, "ledger/_reconciliation.html", page, status=422 if problem else 200)


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


def _looked_at(request: HttpRequest, match: Match) -> BankFeed:
    """The account on whose page the person decided: a transfer stands on the pages of two."""
    given = request.POST.get("feed", "")
    feeds = BankFeed.objects.filter(client=match.client, items__members__match=match)
    chosen = feeds.filter(pk=int(given)).select_related("account", "connection") if given.isdecimal() else None
    return (chosen.first() if chosen is not None else None) or match.feed


def _item_or_404(client: Client, pk: int) -> BankItem:
    item = (
        BankItem.objects.filter(client=client, pk=pk)
        .select_related("feed__account", "feed__connection", "client")
        .first()
    )
    if item is None or item.feed.account_id is None:
        raise Http404
    return item
