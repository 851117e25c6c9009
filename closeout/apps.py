"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig


class CloseoutConfig(AppConfig):
    name = "closeout"
    verbose_name = "Closeout"

    def ready(self) -> None:
        import closeout.tasks  # noqa: F401  (registers job handlers)
