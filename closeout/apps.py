"""The app's configuration."""

from __future__ import annotations

from django.apps import AppConfig


class CloseoutConfig(AppConfig):
    name = "closeout"
    verbose_name = "Closeout"
