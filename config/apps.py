"""The project as an app: it holds the system checks."""

from __future__ import annotations

from django.apps import AppConfig


class ProjectConfig(AppConfig):
    name = "config"
    label = "project"
    verbose_name = "Tieout"

    def ready(self) -> None:
        import config.checks  # noqa: F401  (registers the checks)
