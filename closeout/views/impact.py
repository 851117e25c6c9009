"""What a connection that is cut off costs: a part of the page of the connections (N11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404
from django.shortcuts import render

from clients.access import Right, classified, client_or_404
from closeout.checks import CHECKS
from integrations.models import Connection
from integrations.registry import all_providers
from ledger import impact
from ledger.views.framing import today

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

#: Checks that cannot tell without a system of this kind; every system's absence is K01's and K02's.
_CHECKS = {
    "accounting": ("K05", "K24", "K27"),
    "payroll": ("K16", "K17", "K18", "K19", "K22", "K23"),
    "processor": ("K12", "K13", "K14"),
    "commerce": ("K12", "K13", "K14"),
    "payables": ("K24",),
    "bank": ("K06", "K07", "K08", "K09", "K46"),
    "crm": ("K27",),
}
#: Accounts that are named; more are counted.
NAMED = 6


@classified(Right.VIEW_DRAFTS)
def show(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Since when, which accounts, checks and months, and what usually comes in that time."""
    client = client_or_404(request, slug, right=Right.VIEW_DRAFTS)
    connection = Connection.objects.select_related("client").filter(client=client, pk=pk).first()
    if connection is None:
        raise Http404
    provider = all_providers().get(connection.provider)
    checks = ("K01", "K02", *_CHECKS.get(provider.category if provider else "bank", ()))
    found = impact.of(connection, today=today(client), whole=True)
    page = {
        "client": client,
        "connection": connection,
        "impact": found,
        "named": found.accounts[:NAMED],
        "more": len(found.accounts) - NAMED,
        "checks": [CHECKS[check_id] for check_id in checks],
    }
    return render(request, "closeout/_impact.html", page)
