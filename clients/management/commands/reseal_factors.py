"""``manage.py reseal_factors``: put the seeds of second factors under the newest vault key; run when keys are rotated."""

from __future__ import annotations

from typing import Any

from django.core.management import BaseCommand
from django.db import transaction

from clients.signin import reseal_factors


class Command(BaseCommand):
    help = "Re-encrypt the seeds of second factors with the newest vault key."

    def handle(self, *_args: Any, **_options: Any) -> None:
        with transaction.atomic():
            self.stdout.write(f"{reseal_factors()} factors moved to the newest key")
