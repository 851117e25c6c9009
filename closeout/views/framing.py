"""What the close's pages share: the close of an address, who asks, refusals in place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404, HttpRequest

from clients.access import client_or_404, membership_of
from closeout.models import CloseRun
from ledger.core.period import Month
from ledger.views.framing import month_or_404, today

if TYPE_CHECKING:
    from clients.access import Right
    from clients.models import Client, User


def close_of(request: HttpRequest, slug: str, month: str, *, right: Right) -> tuple[Client, Month, CloseRun | None]:
    """The client, the month and its close, None where it was not opened yet."""
    client = client_or_404(request, slug, right=right)
    asked = month_or_404(request, month)
    close = (
        CloseRun.objects.select_related("preparer", "controller", "prepared_by")
        .filter(client=client, month=asked.first)
        .first()
    )
    if close is not None:
        close.client = client
    return client, asked, close


def close_or_404(request: HttpRequest, slug: str, month: str, *, right: Right) -> CloseRun:
    close = close_of(request, slug, month, right=right)[2]
    if close is None:
        raise Http404
    return close


def me(request: HttpRequest) -> User:
    return membership_of(request).user


def may_open(client: Client, month: Month) -> bool:
    """A month can be opened once it has begun; not before the books reach back to."""
    first = Month.of(client.cut_over_on) if client.cut_over_on else Month.of(client.created_at.date()).shift(-24)
    return first <= month <= Month.of(today(client))
