"""The audit trail's lines as people read them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import template

from clients import acts

if TYPE_CHECKING:
    from clients.models import AuditEvent

register = template.Library()


@register.filter
def act(action: str) -> str:
    """``task.done`` as ``Task done``."""
    return acts.words(action)


@register.filter
def about(event: AuditEvent) -> str:
    """What it was done to."""
    return acts.about(event.action, event.subject)


@register.filter
def dot(event: AuditEvent) -> str:
    """The class of its dot in a timeline."""
    return acts.colour(event.action)


@register.filter
def particulars(event: AuditEvent) -> list[tuple[str, Any, bool]]:
    """(name, value, whether it is in minor units) of what was kept beside it."""
    return acts.particulars(event.detail)
