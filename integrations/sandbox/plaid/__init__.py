"""A small Plaid: Hosted Link, items and transactions sync for the story's bank accounts."""

from __future__ import annotations

from integrations.sandbox.plaid.api import PlaidService

__all__ = ["PlaidService"]
