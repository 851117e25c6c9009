"""Groups of clients: made, changed and dissolved by a controller; each company's own trail keeps that it joined or left."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction

from clients import audit
from clients.models import Client, ClientGroup, Practice
from clients.tenancy import client_context

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from clients.models import User

FEWEST = 2
NAME_LENGTH = 120


class GroupError(ValueError):
    """A group that cannot be; the text is for the person."""


@dataclass(frozen=True, slots=True)
class Change:
    """What an edit of a group does: its new name ('' where it stays), the companies that join and that leave."""

    name: str
    joining: tuple[Client, ...]
    leaving: tuple[Client, ...]

    def __bool__(self) -> bool:
        return bool(self.name or self.joining or self.leaving)


def planned(practice: Practice, group: ClientGroup | None, name: str, companies: Collection[Client]) -> Change:
    """What making or editing a group to this name and these companies would do; writes nothing.

    Raises GroupError for no name or one that is taken, fewer than two companies, or a company that is in another group.
    """
    name = name.strip()
    if not name or len(name) > NAME_LENGTH:
        raise GroupError(f"A group has a name of at most {NAME_LENGTH} letters.")
    called = ClientGroup.objects.filter(practice=practice, name__iexact=name).first()
    if called and called != group:
        raise GroupError(f"There is a group called {name} already.")
    if len(companies) < FEWEST:
        raise GroupError("A group is of two companies or more.")
    here = group.pk if group else None
    elsewhere = [company.name for company in companies if company.group_id not in {None, here}]
    if elsewhere:
        raise GroupError(f"{', '.join(elsewhere)} is in another group: take it out there first.")
    members = list(group.members.all()) if group else []
    wanted, held = {company.pk for company in companies}, {member.pk for member in members}
    return Change(
        "" if group and group.name == name else name,
        tuple(company for company in companies if company.pk not in held),
        tuple(member for member in members if member.pk not in wanted),
    )


@transaction.atomic
def make(practice: Practice, name: str, companies: Collection[Client], *, by: User) -> ClientGroup:
    """A new group of these companies; inside the practice's context. Raises GroupError as ``planned`` does."""
    _one_at_a_time(practice)
    change = planned(practice, None, name, companies)
    group = ClientGroup.objects.create(practice=practice, name=change.name, made_by=by)
    names = [company.name for company in change.joining]
    audit.record_practice(practice, by, "group.made", group.name, {"companies": names})
    _join(group, change.joining, by=by)
    return group


@transaction.atomic
def change(group: ClientGroup, name: str, companies: Collection[Client], *, by: User) -> Change:
    """Give the group this name and these companies. Raises GroupError as ``planned`` does."""
    _one_at_a_time(group.practice)
    group = ClientGroup.objects.select_related("practice").get(pk=group.pk)
    found = planned(group.practice, group, name, companies)
    if not found:
        return found
    before = group.name
    if found.name:
        group.name = found.name
        group.save(update_fields=["name"])
    detail = {
        "before": before if found.name else "",
        "joined": [company.name for company in found.joining],
        "left": [company.name for company in found.leaving],
    }
    audit.record_practice(group.practice, by, "group.changed", group.name, detail)
    _leave(group, found.leaving, by=by)
    _join(group, found.joining, by=by)
    return found


@transaction.atomic
def dissolve(group: ClientGroup, *, by: User) -> None:
    """End the group; its companies and their pairs of accounts stay as they are."""
    _one_at_a_time(group.practice)
    group = ClientGroup.objects.select_related("practice").get(pk=group.pk)
    members = list(group.members.all())
    names = [member.name for member in members]
    audit.record_practice(group.practice, by, "group.dissolved", group.name, {"companies": names})
    _leave(group, members, by=by)
    group.delete()


def _one_at_a_time(practice: Practice) -> None:
    """What two people do to a practice's groups at once is done one after the other."""
    Practice.objects.select_for_update().get(pk=practice.pk)


def _join(group: ClientGroup, companies: Collection[Client], *, by: User) -> None:
    ids = [company.pk for company in companies]
    joined = Client.objects.filter(pk__in=ids, practice=group.practice, group=None).update(group=group)
    if joined != len(ids):
        raise GroupError("Somebody has just put one of the companies into another group.")
    _tell(group, companies, "group.joined", by=by)


def _leave(group: ClientGroup, companies: Collection[Client], *, by: User) -> None:
    Client.objects.filter(pk__in=[company.pk for company in companies], group=group).update(group=None)
    _tell(group, companies, "group.left", by=by)


def _tell(group: ClientGroup, companies: Iterable[Client], act: str, *, by: User) -> None:
    for company in companies:
        with client_context(company.pk):
            audit.record(company, by, act, group.name)
