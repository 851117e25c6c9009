"""The ledger app: facts become entries here."""

from __future__ import annotations

from django.apps import AppConfig


class LedgerConfig(AppConfig):
    name = "ledger"

    def ready(self) -> None:
        import ledger.tasks  # noqa: F401  (registers job handlers)
        from clients import navigation
        from clients.access import Right
        from ledger.views.framing import current_month

        drafts = Right.VIEW_DRAFTS
        navigation.add_month(current_month)
        navigation.add_main(20, "Exceptions", "inbox", "ledger:exceptions", drafts, count="ledger:exceptions_count")
        navigation.add_tab(20, "Reconciliation", "building-bank", "ledger:reconciliation", drafts, month=True)
        navigation.add_tab(30, "Payroll", "users", "ledger:payroll", drafts, month=True)
        navigation.add_tab(35, "Processors", "credit-card", "ledger:processors", drafts, month=True)
        navigation.add_tab(40, "Statements", "table", "ledger:statements", drafts, month=True)
        navigation.add_tab(45, "Schedules", "table", "ledger:schedules", drafts, month=True)
        navigation.add_tab(50, "Entries", "list-details", "ledger:entries", drafts)
        navigation.add_tab(52, "Won deals", "receipt", "ledger:deals", drafts)
        navigation.add_tab(55, "Posting", "send", "ledger:posting", drafts)
        navigation.add_tab(60, "Mapping", "route", "ledger:mapping", drafts)
        navigation.add_tab(68, "Stack", "apps", "ledger:stack", drafts)
