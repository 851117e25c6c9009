"""How many of something, as the tables write it."""

from __future__ import annotations

from django import template

register = template.Library()


@register.filter
def counted(number: int | None) -> str:
    """``1,204``; an en dash for none."""
    return f"{number:,}" if number else "–"
