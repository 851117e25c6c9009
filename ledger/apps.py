"""The ledger app: facts become entries here."""

from __future__ import annotations

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "ledger"

    def ready(self) -> None:
        import ledger.tasks  # noqa: F401  (registers job handlers)
