"""Where the sandbox finds the service."""

from __future__ import annotations

from integrations.sandbox.quickbooks.service import QuickBooks

SERVICE = QuickBooks
