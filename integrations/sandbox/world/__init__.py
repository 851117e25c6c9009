"""The sandbox's world: five fictional companies over up to fifteen months, generated from a seed, with their truth."""

from __future__ import annotations

from integrations.sandbox.world.calendar import BOOK_CLOSE_DATE, CUT_OVER, HORIZON, STORY_NOW
from integrations.sandbox.world.company import CompanyWorld, World, build_world
from integrations.sandbox.world.documents import SeedDocument

__all__ = [
    "BOOK_CLOSE_DATE",
    "CUT_OVER",
    "HORIZON",
    "STORY_NOW",
    "CompanyWorld",
    "SeedDocument",
    "World",
    "build_world",
]
