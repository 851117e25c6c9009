"""A statement in print: the sheet of the page, set in type by the press."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from clients.access import Right, classified, client_or_404
from closeout import pdf
from ledger import reports, statements
from ledger.views import asking
from ledger.views.framing import month_or_404, percent

if TYPE_CHECKING:
    from typing import Any

#: Columns beyond which a page lies on its side.
UPRIGHT = 6


@classified(Right.VIEW_DRAFTS)
def print_out(request: HttpRequest, slug: str, month: str) -> HttpResponse:
    """The statement as the page of the same query shows it, as PDF; a draft, whatever the state of the month."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    of = month_or_404(request, month)
    asked = asking.read(request, client, of).asked
    sheet = reports.sheet(client, asked)
    context: dict[str, Any] = {
        "client": client,
        "asked": asked,
        "sheet": sheet,
        "is_wide": len(sheet.heads) > UPRIGHT,
        "printed_at": timezone.now(),
        "is_trial": asked.slug == "tb",
        "has_changes": any(head.kind == "change" for head in sheet.heads),
        "traced": percent(statements.traced_basis_points(client, asked.span.first, asked.span.last), whole=True),
    }
    content, _pages = pdf.statement(context)
    name = f"{asked.slug}-{client.slug}-{of}.pdf"
    headers = {"Content-Disposition": f'inline; filename="{name}"', "X-Content-Type-Options": "nosniff"}
    return HttpResponse(content, content_type="application/pdf", headers=headers)
