"""The controller's checks, one module an area. Importing this package registers them all."""

from closeout.checks import bank, books, by_hand, captured, payables, payroll, processors, review, schedules, sources
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
    "payables",
    "payroll",
    "processors",
    "review",
    "schedules",
    "sources",
]
