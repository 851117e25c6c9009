"""Entries made by hand: typed line by line, or out of a file with a preview."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from clients.access import Right, classified, client_or_404, membership_of
from ledger import corrections, entry_import, posting, queries, support, typed_lines
from ledger.forms import EntryForm, ImportForm
from ledger.models import JournalEntry, JournalLine
from ledger.views.framing import current_month, plain, send_soon

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

    from clients.models import Client

EMPTY_LINES, MORE_LINES = 4, 6
REFUSALS = (corrections.CorrectionError, support.SupportRefused, posting.PostingError)


@classified(Right.PREPARE, methods=("GET", "POST"))
def new(request: HttpRequest, slug: str) -> HttpResponse:
    """An entry by hand: each line with its own errors; above the client's limit a file supports it and a second person approves."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    request.__dict__["month"] = current_month(client)
    if request.method == "GET":
        form, rows = _like(client, request.GET.get("like", ""))
        return render(request, "ledger/entry_new.html", page(client, form, rows))
    form, rows = EntryForm(request.POST, request.FILES), typed_lines.rows_of(request.POST)
    lines = typed_lines.read(typed_lines.Chart(client), rows, client.home_currency)
    if "more" in request.POST:
        return render(request, "ledger/entry_new.html", page(client, form, rows, empty=MORE_LINES))
    problem = typed_lines.whole(rows, lines)
    if form.is_valid() and not problem:
        given = {name: value for name, value in form.cleaned_data.items() if name != "file"}
        try:
            with transaction.atomic():
                by, files = membership_of(request).user, files_of(form.cleaned_data["file"])
                made = corrections.post_manual(client, lines=lines, by=by, files=files, **given)
                send_soon(client)
        except REFUSALS as refusal:
            problem = str(refusal)
        else:
            messages.success(request, "Posted.")
            return redirect("ledger:entry", slug=slug, pk=made)
    return render(request, "ledger/entry_new.html", page(client, form, rows, problem), status=422)


def files_of(given: UploadedFile[bytes] | None) -> list[tuple[str, bytes]]:
    """The file a person brought, as it is kept; none for none."""
    return [] if given is None else [(given.name or "", given.read(settings.UPLOAD_LIMIT_BYTES + 1))]


def _like(client: Client, pk: str) -> tuple[EntryForm, list[dict[str, Any]]]:
    """An empty form, or one filled like an entry that stands."""
    known = JournalEntry.objects.filter(client=client, pk=int(pk)).first() if pk.isdecimal() and len(pk) < 18 else None
    if known is None:
        return EntryForm(), []
    lines = JournalLine.objects.filter(client=client, entry=known).select_related("account").order_by("no")
    form = EntryForm(initial={"memo": known.memo, "reason": known.reason})
    return form, typed_lines.rows_from(lines, lambda minor: plain(minor, client.home_currency))


def page(client: Client, form: Any, rows: list[dict[str, Any]], problem: str = "", *, empty: int = 2) -> dict[str, Any]:
    """What a page with a table of typed lines shows."""
    filled = list(rows)
    blanks = max(EMPTY_LINES - len(filled), 0) + empty
    return {
        "client": client,
        "form": form,
        "rows": [*filled, *[{"error": ""} for _ in range(blanks)]],
        "problem": problem,
        "accounts": queries.accounts(client),
        **queries.dimensions(client),
        "debit": sum(row.get("debit_minor", 0) for row in filled),
        "credit": sum(row.get("credit_minor", 0) for row in filled),
    }


# ---- out of a file -------------------------------------------------------------------------------------------------------


@classified(Right.PREPARE, methods=("GET", "POST"))
def bring(request: HttpRequest, slug: str) -> HttpResponse:
    """A file of entries: first read and shown line by line, then posted all or none."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    request.__dict__["month"] = current_month(client)
    context: dict[str, Any] = {"client": client, "form": ImportForm(), "columns": entry_import.NAMES}
    if request.method == "GET":
        return render(request, "ledger/entry_import.html", context)
    name, content = _brought(request)
    try:
        brought = entry_import.read(client, name, content)
    except entry_import.ImportRefused as refusal:
        context["problem"] = str(refusal)
        return render(request, "ledger/entry_import.html", context, status=422)
    if "post" not in request.POST:
        return render(request, "ledger/entry_import.html", context | _preview(client, name, content, brought))
    try:
        with transaction.atomic():
            by, files = membership_of(request).user, files_of(request.FILES.get("support"))
            made = entry_import.post(client, brought, by=by, reason=request.POST.get("reason", ""), files=files)
            send_soon(client)
    except (*REFUSALS, entry_import.ImportRefused) as refusal:
        context |= _preview(client, name, content, brought) | {"problem": str(refusal)}
        return render(request, "ledger/entry_import.html", context, status=422)
    messages.success(request, f"{len(made)} {'entry' if len(made) == 1 else 'entries'} posted.")
    return redirect("ledger:entries", slug=slug)


def _brought(request: HttpRequest) -> tuple[str, bytes]:
    """The file as chosen, or as the preview carried it."""
    if "post" in request.POST:
        try:
            content = base64.b64decode(request.POST.get("content", ""), validate=True)
        except (binascii.Error, ValueError):
            content = b""
        return request.POST.get("name", "")[:200], content
    given = request.FILES.get("file")
    return (given.name or "", given.read(entry_import.MOST_BYTES + 1)) if given is not None else ("", b"")


def _preview(client: Client, name: str, content: bytes, brought: entry_import.Brought) -> dict[str, Any]:
    large = [entry for entry in brought.entries if entry.total > client.materiality_minor]
    return {
        "brought": brought,
        "name": name,
        "content": base64.b64encode(content).decode(),
        "needs_reason": any(not entry.reason for entry in brought.entries),
        "needs_support": bool(large),
        "lines": sum(len(entry.rows) for entry in brought.entries),
    }
