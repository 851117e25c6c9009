"""How many of something and when, as the tables write it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.utils import timezone

if TYPE_CHECKING:
    from datetime import datetime

register = template.Library()


@register.filter
def counted(number: int | None) -> str:
    """``1,204``; an en dash for none."""
    return f"{number:,}" if number else "–"


@register.filter
def shortly(value: datetime | None) -> str:
    """``6:12 am`` for today, ``Apr 7, 6:12 am`` for other days of this year, with the year for others."""
    if value is None:
        return ""
    local, today = timezone.localtime(value), timezone.localtime().date()
    hour = f"{local.hour % 12 or 12}:{local.minute:02d} {'am' if local.hour < 12 else 'pm'}"
    if local.date() == today:
        return hour
    day = f"{local:%b} {local.day}"
    return f"{day}, {hour}" if local.year == today.year else f"{day}, {local.year}, {hour}"
