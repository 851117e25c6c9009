"""Classes and departments of an accounting system. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, kw_only=True, slots=True)
class Dimensions:
    """The accounting system's classes and departments: ids of the active ones by name as compared, names of all by id.

    ``has_classes`` and ``has_departments`` say whether it keeps them.
    """

    class_ids: Mapping[str, str] = field(default_factory=dict)
    department_ids: Mapping[str, str] = field(default_factory=dict)
    class_names: Mapping[str, str] = field(default_factory=dict)
    department_names: Mapping[str, str] = field(default_factory=dict)
    has_classes: bool = False
    has_departments: bool = False

    @staticmethod
    def compared(name: str) -> str:
        """Names are one whatever their case and spaces."""
        return " ".join(name.split()).casefold()
