"""The controller's checks, one module an area. Importing this package registers them all."""

from closeout.checks import (
    bank,
    books,
    by_hand,
    captured,
    currencies,
    intercompany,
    open_items,
    payables,
    payroll,
    payroll_year,
    processors,
    review,
    schedules,
    sources,
    timing,
)
from closeout.checks.registry import CHECKS, Check, Item, Result, Scope

__all__ = [
    "CHECKS",
    "Check",
    "Item",
    "Result",
    "Scope",
    "bank",
    "books",
    "by_hand",
    "captured",
    "currencies",
    "intercompany",
    "open_items",
    "payables",
    "payroll",
    "payroll_year",
    "processors",
    "review",
    "schedules",
    "sources",
    "timing",
]
