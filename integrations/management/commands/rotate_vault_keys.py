"""Bring every stored secret under the newest vault key, in batches, until none is left under another."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations import rotation
from integrations.vault import VaultError


class Command(BaseCommand):
    help = "Rewrite secrets under the newest key of TIEOUT_VAULT_KEYS; afterwards the older keys can be destroyed."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--batch", type=int, default=200, help="rows a transaction")
        parser.add_argument("--check", action="store_true", help="only count what is under an older key")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            if not options["check"]:
                moved = rotation.rotate(batch=options["batch"])
                self.stdout.write(f"{moved} secrets rewritten")
            left = rotation.count_old()
        except VaultError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{left} secrets under an older key")
        if left:
            raise CommandError("keep the older keys until this is 0")
