"""What stands around every page: the main navigation, the clients at hand, the tabs of a client.

Upper apps add their own entries from ``AppConfig.ready``; an entry whose right the person lacks is not shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.db.models import Q
from django.http import Http404, HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import SimpleLazyObject

from clients.access import Right, allows, membership_of, visible_clients
from clients.sessions import has_second_factor

if TYPE_CHECKING:
    from collections.abc import Callable

    from clients.models import Client, Membership

PINNED = 8


@dataclass(frozen=True)
class Item:
    """An entry: ``count`` names the address that answers with its badge; ``month`` says the address takes a month."""

    order: int
    label: str
    icon: str
    view: str
    right: Right
    count: str = ""
    month: bool = False


@dataclass(frozen=True)
class Here:
    """The page that is shown: its view and its path."""

    view: str
    path: str

    def beside(self, view: str, url: str) -> str:
        """``aria-current`` of a link: ``page`` for the page itself, ``true`` for the one it stands under."""
        if self.view == view:
            return "page"
        return "true" if url != "/" and self.path.startswith(url) else ""


_main: dict[str, Item] = {}
_tabs: dict[str, Item] = {}
_months: list[Callable[[Client], object]] = []


def add_main(order: int, label: str, icon: str, view: str, right: Right, *, count: str = "") -> None:
    """An entry of the main navigation. ``count``: a view whose answer (a bare number or nothing) is fetched by the page."""
    _main[view] = Item(order, label, icon, view, right, count)


def add_tab(order: int, label: str, icon: str, view: str, right: Right, *, month: bool = False) -> None:
    """A tab of a client's pages; the address takes ``slug`` and, with ``month``, the month the page is about."""
    _tabs[view] = Item(order, label, icon, view, right, month=month)


def add_month(current: Callable[[Client], object]) -> None:
    """Where the month of the tabs comes from on a page whose address has none; called in the client's context."""
    _months[:] = [current]


add_main(40, "Clients", "building-store", "clients:clients", Right.VIEW_DRAFTS)
add_main(80, "People", "users", "clients:people", Right.READ_AUDIT)
add_main(90, "Audit trail", "history", "clients:audit", Right.READ_AUDIT)
add_tab(90, "Onboarding", "building-plus", "clients:onboarding", Right.VIEW_DRAFTS)


def _link(item: Item, here: Here, **where: str) -> dict[str, Any] | None:
    try:
        url = reverse(item.view, kwargs=where)
        count = reverse(item.count) if item.count else ""
    except NoReverseMatch:
        return None
    return {"label": item.label, "icon": item.icon, "url": url, "count": count, "here": here.beside(item.view, url)}


def _links(items: dict[str, Item], membership: Membership, here: Here, **where: str) -> list[dict[str, Any]]:
    wanted = sorted((item for item in items.values() if allows(membership, item.right)), key=lambda item: item.order)
    made = []
    for item in wanted:
        kwargs = where if item.month else {name: value for name, value in where.items() if name != "month"}
        if not item.month or where.get("month"):
            made.append(_link(item, here, **kwargs))
    return [link for link in made if link]


def _month(request: HttpRequest, client: Client) -> str:
    """The month the page is about, else the one its client is in; '' where no app knows of months."""
    match = request.resolver_match
    named = (match.kwargs.get("month") if match else "") or request.__dict__.get("month")
    return str(named or next((current(client) for current in _months), ""))


def _pinned(membership: Membership) -> list[Client]:
    """The clients the person prepares or controls first, then the others, as many as fit."""
    mine = Q(preparer_id=membership.user_id) | Q(controller_id=membership.user_id)
    visible = visible_clients(membership).exclude(stage="left")
    chosen = list(visible.filter(mine)[:PINNED])
    if len(chosen) < PINNED:
        chosen += list(visible.exclude(pk__in=[client.pk for client in chosen])[: PINNED - len(chosen)])
    return chosen


def _navigation(request: HttpRequest) -> dict[str, Any] | None:
    try:
        membership = membership_of(request)
    except Http404:
        return None
    match = request.resolver_match
    here = Here(match.view_name if match else "", request.path)
    tabs: list[dict[str, Any]] = []
    if membership.is_staff_side and (client := request.__dict__.get("client")):
        tabs = _links(_tabs, membership, here, slug=client.slug, month=_month(request, client))
    return {
        "membership": membership,
        "main": _links(_main, membership, here),
        "pinned": _pinned(membership) if membership.is_staff_side else [],
        "tabs": tabs,
    }


def _shell(request: HttpRequest) -> str:
    try:
        membership = membership_of(request)
    except Http404:
        return "center.html"
    return "base.html" if membership.is_staff_side else "calm.html"


def context(request: HttpRequest) -> dict[str, Any]:
    """``nav`` (read only if the page shows it), ``client`` of the page, and ``shell``: the frame for this person's own pages."""
    user = getattr(request, "user", None)
    # After the commit only mails are written: no page is around them, and no client may be asked for.
    if user is None or not connection.in_atomic_block or not user.is_authenticated or not has_second_factor(request):
        return {"nav": None, "shell": "center.html"}

    return {
        "nav": SimpleLazyObject(lambda: _navigation(request)),
        "client": request.__dict__.get("client"),
        "shell": _shell(request),
    }
