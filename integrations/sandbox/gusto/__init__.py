"""A small Gusto: the read side of payroll for the story's two employers."""

from __future__ import annotations

from integrations.sandbox.gusto.api import GustoService

__all__ = ["GustoService"]
