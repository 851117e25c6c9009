"""The files behind an entry: brought by a person, opened again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.http import content_disposition_header

from clients.access import Right, classified, client_or_404, membership_of
from ledger import support, tracing
from ledger.models import JournalEntry, SupportFile
from ledger.views.framing import may, send_soon

if TYPE_CHECKING:
    from django.core.files.uploadedfile import UploadedFile

    from clients.models import Client


@classified(Right.PREPARE, methods=("POST",))
def add(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Attach a file to an entry; it goes to the accounting system with its document."""
    client = client_or_404(request, slug, right=Right.PREPARE)
    entry = _entry(request, client, pk)
    given: UploadedFile[bytes] | None = request.FILES.get("file")
    if given is None:
        messages.error(request, "Choose a file first.")
        return redirect("ledger:entry", slug=slug, pk=pk)
    content = given.read(settings.UPLOAD_LIMIT_BYTES + 1)
    try:
        with transaction.atomic():
            support.add(entry, name=given.name or "", content=content, by=membership_of(request).user)
            send_soon(client)
    except support.SupportRefused as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "Attached. It goes to the accounting system with the entry's document.")
    return redirect("ledger:entry", slug=slug, pk=pk)


@classified(Right.VIEW_DRAFTS)
def download(request: HttpRequest, slug: str, pk: int, number: int) -> HttpResponse:
    """The file as it was brought or fetched; always saved, never shown within the portal."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    entry = _entry(request, client, pk)
    file = SupportFile.objects.filter(client=client, entry=entry, pk=number, content__isnull=False).first()
    if file is None or file.content is None:
        raise Http404
    answer = HttpResponse(bytes(file.content), content_type="application/octet-stream")
    answer.headers["Content-Disposition"] = content_disposition_header(True, file.name) or "attachment"
    return answer


def _entry(request: HttpRequest, client: Client, pk: int) -> JournalEntry:
    entry = JournalEntry.objects.filter(client=client, pk=pk).select_related("client").first()
    if entry is None:
        raise Http404
    if tracing.chain(client, entry).is_payroll and not may(request, Right.VIEW_PAYROLL):
        raise PermissionDenied
    return entry
