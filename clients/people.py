"""Roles, assignments and deactivation: each change is in force at the person's next request and in the audit trail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clients import audit, sessions
from clients.models import Assignment, Client, Membership, Role, User
from clients.tenancy import client_context

if TYPE_CHECKING:
    from collections.abc import Collection


class ChangeRefused(Exception):  # noqa: N818 (the outcome's name)
    """The change would lock the practice out or contradict a duty; the text is for the person."""


def change_role(membership: Membership, role: str, *, sees_payroll: bool, by: User) -> None:
    """Another role; the person's sessions end. Raises ChangeRefused for the last administrator."""
    if role not in Role.values:
        raise ChangeRefused("There is no such role.")
    if (membership.role == Role.CLIENT) != (role == Role.CLIENT):
        raise ChangeRefused("A client's user does not become staff: invite the person anew.")
    if role != Role.ADMIN:
        _keep_an_admin(membership)
    before = membership.role
    membership.role, membership.sees_payroll = role, sees_payroll
    membership.save(update_fields=["role", "sees_payroll"])
    sessions.end_everywhere(membership.user)
    detail = {"from": before, "to": role, "sees_payroll": sees_payroll}
    audit.record_practice(membership.practice, by, "person.role_changed", membership.user.email, detail)


def set_active(membership: Membership, *, active: bool, by: User) -> None:
    """Close or open someone's place; closing ends every session. Raises ChangeRefused for oneself and the last administrator."""
    if membership.user_id == by.pk:
        raise ChangeRefused("You cannot close your own account. Another administrator can.")
    if not active:
        _keep_an_admin(membership)
    membership.is_active = active
    membership.save(update_fields=["is_active"])
    sessions.end_everywhere(membership.user)
    action = "person.reopened" if active else "person.deactivated"
    audit.record_practice(membership.practice, by, action, membership.user.email)


def assign(membership: Membership, wanted: Collection[int], clients: Collection[Client], *, by: User) -> list[str]:
    """Make the person's assignments exactly ``wanted`` among ``clients``; gives back the slugs that changed."""
    changed = []
    for client in clients:
        with client_context(client.pk):
            has = Assignment.objects.filter(membership=membership, client=client)
            if (client.pk in wanted) == has.exists():
                continue
            if client.pk in wanted:
                Assignment.objects.create(membership=membership, client=client)
            else:
                has.delete()
            changed.append(client.slug)
            action = "person.assigned" if client.pk in wanted else "person.unassigned"
            audit.record(client, by, action, membership.user.email)
    return changed


def _keep_an_admin(membership: Membership) -> None:
    if membership.role != Role.ADMIN:
        return
    admins = Membership.objects.select_for_update().filter(
        practice_id=membership.practice_id, role=Role.ADMIN, is_active=True
    )
    if not [other for other in admins if other.pk != membership.pk]:
        raise ChangeRefused("This is the last administrator. Give someone else the role first.")
