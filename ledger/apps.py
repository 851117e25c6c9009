"""The ledger app: facts become entries here."""

from __future__ import annotations

from django.apps import AppConfig

_RECONCILIATION = ("ledger:bank_rules", "ledger:duplicates", "ledger:names", "ledger:timing")
_PAYROLL = ("ledger:payroll_year", "ledger:payroll_year_runs")
_SCHEDULES = ("ledger:schedule", "ledger:schedule_new", "ledger:schedule_edit", "ledger:schedule_limits")


class LedgerConfig(AppConfig):
    name = "ledger"

    def ready(self) -> None:
        import ledger.tasks  # noqa: F401  (registers job handlers)
        from clients import navigation
        from clients.access import Right
        from ledger import applying
        from ledger.views.framing import current_month

        drafts = Right.VIEW_DRAFTS
        navigation.add_month(current_month)
        navigation.add_main(20, "Exceptions", "inbox", "ledger:exceptions", drafts, count="ledger:exceptions_count")
        tab = navigation.add_tab
        tab(
            10,
            "Statements",
            "ledger:statements",
            drafts,
            area="Books",
            month=True,
            covers=("ledger:account", "ledger:budget"),
        )
        tab(20, "Entries", "ledger:entries", drafts, area="Books", covers=("ledger:source",))
        tab(30, "Schedules", "ledger:schedules", drafts, area="Books", month=True, covers=_SCHEDULES)
        tab(40, "Revaluation", "ledger:revaluation", drafts, area="Books", month=True, applies=applying.revaluation)
        tab(50, "Won deals", "ledger:deals", drafts, area="Books", applies=applying.won_deals)
        tab(10, "Reconciliation", "ledger:reconciliation", drafts, area="Proofs", month=True, covers=_RECONCILIATION)
        tab(20, "Payroll", "ledger:payroll", drafts, area="Proofs", month=True, covers=_PAYROLL)
        tab(30, "Processors", "ledger:processors", drafts, area="Proofs", month=True, covers=("ledger:proven",))
        tab(40, "Intercompany", "ledger:intercompany", drafts, area="Proofs", month=True, applies=applying.intercompany)
        tab(20, "Stack", "ledger:stack", drafts, area="Systems")
        tab(30, "Mapping", "ledger:mapping", drafts, area="Systems")
        tab(40, "Posting", "ledger:posting", drafts, area="Systems", covers=("ledger:rollbacks", "ledger:document"))
