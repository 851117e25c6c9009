"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig


class CloseoutConfig(AppConfig):
    name = "closeout"
    verbose_name = "Closeout"

    def ready(self) -> None:
        import closeout.tasks  # noqa: F401  (registers job handlers)
        from clients import navigation
        from clients.access import Right

        drafts = Right.VIEW_DRAFTS
        navigation.add_main(10, "Close board", "layout-list", "closeout:board", drafts)
        navigation.add_main(
            30, "Client questions", "user-question", "closeout:all_questions", drafts, count="closeout:questions_count"
        )
        navigation.add_tab(10, "Checklist", "closeout:close", drafts, area="Close", month=True)
        navigation.add_tab(20, "Questions", "closeout:questions", drafts, area="Close")
        navigation.add_tab(30, "Changes", "closeout:changes", drafts, area="Close")
        navigation.add_tab(40, "Packages", "closeout:packages", Right.VIEW_SIGNED, area="Close")
