"""Making, editing and dissolving a group of clients; what an edit does is shown before it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from clients import groups
from clients.access import Right, classified, group_or_404, membership_of, practice_page
from clients.groups import GroupError

if TYPE_CHECKING:
    from clients.models import Client, ClientGroup

CONFIRMED = "yes"


@classified(Right.APPROVE, scope="practice", methods=("GET", "POST"))
def new(request: HttpRequest) -> HttpResponse:
    """A name and two companies or more; the first POST shows what it does, the second, with ``confirm``, does it."""
    return _edit(request, practice_page(request, Right.APPROVE), None)


@classified(Right.APPROVE, scope="practice", methods=("GET", "POST"))
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """The same for a group that is there."""
    seen = group_or_404(request, pk, right=Right.APPROVE)
    return _edit(request, practice_page(request, Right.APPROVE), seen.group)


@classified(Right.APPROVE, scope="practice", methods=("POST",))
def dissolve(request: HttpRequest, pk: int) -> HttpResponse:
    """Ends the group with ``confirm``; asks without."""
    seen = group_or_404(request, pk, right=Right.APPROVE)
    if request.POST.get("confirm") != CONFIRMED:
        return render(request, "clients/group_dissolve.html", {"group": seen.group, "members": seen.companies})
    groups.dissolve(seen.group, by=membership_of(request).user)
    messages.success(request, f"The group {seen.group.name} is dissolved. Its companies stay as they are.")
    return redirect("clients:clients")


def _edit(request: HttpRequest, visible: list[Client], group: ClientGroup | None) -> HttpResponse:
    name = request.POST.get("name", group.name if group else "").replace("\x00", "").strip()
    here = group.pk if group else None
    held = {client.slug for client in visible if group and client.group_id == here}
    chosen = set(request.POST.getlist("company")) if request.method == "POST" else held
    companies = [client for client in visible if client.slug in chosen]
    page = {
        "group": group,
        "name": name,
        "companies": companies,
        "rows": [(client, client.slug in chosen, client.group_id not in {None, here}) for client in visible],
        "refused": "",
    }
    if request.method == "GET":
        return render(request, "clients/group_edit.html", page)
    try:
        change = groups.planned(membership_of(request).practice, group, name, companies)
        if change and request.POST.get("confirm") != CONFIRMED:
            return render(request, "clients/group_confirm.html", page | {"change": change})
        done = _keep(request, group, name, companies)
    except GroupError as refusal:
        return render(request, "clients/group_edit.html", page | {"refused": str(refusal)}, status=422)
    if change:
        messages.success(request, f"{done.name} is a group of {len(companies)} companies.")
    else:
        messages.info(request, "Nothing changed.")
    return redirect("closeout:group", pk=done.pk)


def _keep(request: HttpRequest, group: ClientGroup | None, name: str, companies: list[Client]) -> ClientGroup:
    member = membership_of(request)
    if group is None:
        return groups.make(member.practice, name, companies, by=member.user)
    groups.change(group, name, companies, by=member.user)
    group.name = name
    return group
