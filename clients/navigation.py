"""What stands around every page: the main navigation, the clients at hand, the pages of a client in their areas.

Upper apps add their own entries from ``AppConfig.ready``; an entry whose right the person lacks, or which cannot apply to the
client, is not shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

from django.db import connection
from django.db.models import Q
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from clients.access import Right, allows, membership_of, visible_clients
from clients.sessions import has_second_factor

if TYPE_CHECKING:
    from collections.abc import Callable

    from clients.models import Client, Membership

PINNED = 8
Area = Literal["Close", "Books", "Proofs", "Systems"]


@dataclass(frozen=True)
class Item:
    """An entry of the main navigation: ``count`` names the address that answers with its badge."""

    order: int
    label: str
    icon: str
    view: str
    right: Right
    count: str = ""


@dataclass(frozen=True)
class Tab:
    """One of a client's pages. ``month`` says the address takes a month; ``covers`` are views of other addresses that stand
    under it; ``applies`` says of a client whether the page can hold anything.
    """

    order: int
    label: str
    view: str
    right: Right
    area: Area
    month: bool = False
    covers: tuple[str, ...] = ()
    applies: Callable[[Client], bool] | None = None


@dataclass(frozen=True)
class Here:
    """The page that is shown: its view and its path."""

    view: str
    path: str

    def beside(self, view: str, url: str, covers: tuple[str, ...] = ()) -> str:
        """``aria-current`` of a link: ``page`` for the page itself, ``true`` for the one it stands under."""
        if self.view == view:
            return "page"
        return "true" if self.view in covers or (url != "/" and self.path.startswith(url)) else ""


_main: dict[str, Item] = {}
_tabs: dict[str, Tab] = {}
_months: list[Callable[[Client], object]] = []


def add_main(order: int, label: str, icon: str, view: str, right: Right, *, count: str = "") -> None:
    """An entry of the main navigation. ``count``: a view whose answer (a bare number or nothing) is fetched by the page."""
    _main[view] = Item(order, label, icon, view, right, count)


def add_tab(
    order: int,
    label: str,
    view: str,
    right: Right,
    *,
    area: Area,
    month: bool = False,
    covers: tuple[str, ...] = (),
    applies: Callable[[Client], bool] | None = None,
) -> None:
    """A page among a client's pages, see ``Tab``; the address takes ``slug`` and, with ``month``, the month the page is about."""
    _tabs[view] = Tab(order, label, view, right, area, month, covers, applies)


def add_month(current: Callable[[Client], object]) -> None:
    """Where the month of the tabs comes from on a page whose address has none; called in the client's context."""
    _months[:] = [current]


add_main(40, "Clients", "building-store", "clients:clients", Right.VIEW_DRAFTS)
add_main(80, "People", "users", "clients:people", Right.READ_AUDIT)
add_main(90, "Audit trail", "history", "clients:audit", Right.READ_AUDIT)
add_tab(50, "Onboarding", "clients:onboarding", Right.VIEW_DRAFTS, area="Systems")


def _main_links(membership: Membership, here: Here) -> list[dict[str, Any]]:
    made = []
    for item in sorted(_main.values(), key=lambda item: item.order):
        if allows(membership, item.right):
            url, count = reverse(item.view), reverse(item.count) if item.count else ""
            made.append(
                {
                    "label": item.label,
                    "icon": item.icon,
                    "url": url,
                    "count": count,
                    "here": here.beside(item.view, url),
                }
            )
    return made


def _areas(client: Client, membership: Membership, here: Here, month: str) -> list[dict[str, Any]]:
    """The client's pages by area; an area leads to its first page. A page that cannot apply is there only while one is on it."""
    areas = []
    for area in get_args(Area):
        pages = []
        tabs = [tab for tab in _tabs.values() if tab.area == area and allows(membership, tab.right)]
        for tab in sorted(tabs, key=lambda tab: tab.order):
            if tab.month and not month:
                continue
            url = reverse(tab.view, kwargs={"slug": client.slug} | ({"month": month} if tab.month else {}))
            current = here.beside(tab.view, url, tab.covers)
            if current or tab.applies is None or tab.applies(client):
                pages.append({"label": tab.label, "url": url, "here": current})
        if pages:
            areas.append({"label": area, "url": pages[0]["url"], "pages": pages, "here": any(p["here"] for p in pages)})
    return areas


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
    areas, month = [], ""
    if membership.is_staff_side and (client := request.__dict__.get("client")):
        month = _month(request, client)
        areas = _areas(client, membership, here, month)
    return {
        "membership": membership,
        "main": _main_links(membership, here),
        "pinned": _pinned(membership) if membership.is_staff_side else [],
        "areas": areas,
        "month": month,
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
