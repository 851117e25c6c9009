"""`manage.py sandbox`: run the loopback sandbox of every provider in the foreground."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.core.management.base import BaseCommand

from integrations.sandbox.server import serve

if TYPE_CHECKING:
    from argparse import ArgumentParser


class Command(BaseCommand):
    help = "Run the loopback sandbox that speaks QuickBooks Online, Stripe, Gusto and Plaid for three companies."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8700)
        parser.add_argument("--state", default=None, help="folder that remembers grants and writes across restarts")
        parser.add_argument("--seed", type=int, default=7)

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            serve(options["port"], options["state"], options["seed"])
        except KeyboardInterrupt:
            self.stdout.write("sandbox stopped")
