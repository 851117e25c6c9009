"""What is said of a system that a client's stack can hold."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class System:
    """One system.

    ``route`` as in StackItem.Route, the best road there is today; ``note`` says which, and what stands in its way.
    ``produces`` is what it gives the books, ``collects`` what the practice has to ask for. ``words`` are what banks and
    cards print for its money, ``money`` the direction that tells of its use where the other does not: a buyer at a
    marketplace is no seller there. ``writes_as`` are the names under which it writes into the accounting system.
    ``overlaps`` carry the same money: choosing two asks which one posts. ``carried_by`` is the system whose connection
    brings its figures.
    """

    slug: str
    name: str
    category: str
    route: str
    note: str
    produces: str
    collects: str
    words: tuple[str, ...] = ()
    money: str = ""
    writes_as: tuple[str, ...] = ()
    overlaps: tuple[str, ...] = ()
    carried_by: str = ""
