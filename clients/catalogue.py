"""Every system a client's stack can hold: its category and the route by which its figures reach us.

A system whose slug is a connector's slug is connected directly; the others say honestly which road remains (an export file,
the bank feed, another app that passes the figures on, or figures typed by hand and verified).
"""

from __future__ import annotations

from clients.systems import SYSTEMS, System

#: Category: (label, icon).
CATEGORIES: dict[str, tuple[str, str]] = {
    "accounting": ("Accounting", "table"),
    "payroll": ("Payroll", "users"),
    "time": ("Time", "clock"),
    "processor": ("Card and checkout payments", "credit-card"),
    "pos": ("Tills", "building-store"),
    "commerce": ("Online store and marketplace", "shopping-bag"),
    "payables": ("Bills", "receipt"),
    "expenses": ("Expenses and cards", "wallet"),
    "bank": ("Banks and cash", "building-bank"),
    "lending": ("Loans", "report-money"),
    "crm": ("Customers and billing", "address-book"),
    "tax": ("Tax", "file-certificate"),
}
#: How many systems of a category are shown at once; the rest is behind a click.
SHOWN = 6

BY_SLUG = {system.slug: system for system in SYSTEMS}


def by_category() -> list[tuple[str, str, str, list[System]]]:
    """(category, label, icon, systems) in the order of the page."""
    return [
        (category, label, icon, [system for system in SYSTEMS if system.category == category])
        for category, (label, icon) in CATEGORIES.items()
    ]


def name_of(slug: str) -> str:
    """What people call it; the slug itself for one that is not in the catalogue."""
    system = BY_SLUG.get(slug)
    return system.name if system else slug


def overlaps(chosen: set[str]) -> list[tuple[System, System]]:
    """Pairs among the chosen systems that carry the same money: one posts, the other checks."""
    return [
        (system, BY_SLUG[other])
        for system in SYSTEMS
        if system.slug in chosen
        for other in system.overlaps
        if other in chosen
    ]


__all__ = ["BY_SLUG", "CATEGORIES", "SHOWN", "SYSTEMS", "System", "by_category", "name_of", "overlaps"]
