"""The systems of the catalogue, one module an area of the stack; ``clients.catalogue`` is how they are asked for."""

from __future__ import annotations

from clients.systems.ledgers import LEDGERS
from clients.systems.money import MONEY
from clients.systems.people import PEOPLE
from clients.systems.shops import SHOPS
from clients.systems.spending import SPENDING
from clients.systems.system import System
from clients.systems.tills import TILLS

SYSTEMS: tuple[System, ...] = (*LEDGERS, *PEOPLE, *TILLS, *SHOPS, *SPENDING, *MONEY)

__all__ = ["SYSTEMS", "System"]
