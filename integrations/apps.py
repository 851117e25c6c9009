"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig


class IntegrationsConfig(AppConfig):
    name = "integrations"
    verbose_name = "Integrations"

    def ready(self) -> None:
        from clients import navigation
        from clients.access import Right
        from integrations import checks, duties, readiness, work  # noqa: F401  (register checks, proofs and job handlers)

        covers = ("ledger:issues", "ledger:completeness", "ledger:completeness_days")
        navigation.add_tab(
            10, "Connections", "integrations:connections", Right.VIEW_DRAFTS, area="Systems", covers=covers
        )
