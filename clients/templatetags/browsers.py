"""A session's browser as people call it."""

from __future__ import annotations

from django import template

register = template.Library()
#: What a browser or a system writes of itself → its name; the first that is found counts, for many name others too.
BROWSERS = (
    ("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("FxiOS/", "Firefox"), ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"), ("Safari/", "Safari"),
)  # fmt: skip
SYSTEMS = (
    ("iPhone", "an iPhone"), ("iPad", "an iPad"), ("Android", "Android"), ("Windows", "Windows"), ("CrOS", "ChromeOS"),
    ("Mac OS X", "macOS"), ("Linux", "Linux"),
)  # fmt: skip


@register.filter
def browser(agent: str) -> str:
    """``Mozilla/5.0 (X11; Linux x86_64) … Chrome/126.0 Safari/537.36`` as ``Chrome on Linux``."""
    name = next((name for mark, name in BROWSERS if mark in agent), "")
    system = next((name for mark, name in SYSTEMS if mark in agent), "")
    return f"{name or 'A browser'} on {system}" if system else name or "An unknown browser"
