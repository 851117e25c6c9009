"""``manage.py verify_audit``: recompute every hash chain; exit 1 and name the first broken link if one is broken."""

from __future__ import annotations

from typing import Any

from django.core.management import BaseCommand, CommandError

from clients import audit
from clients.models import Client, Practice
from clients.tenancy import client_context, practice_context


class Command(BaseCommand):
    help = "Verify the audit trail's hash chains of every practice and client."

    def handle(self, *_args: Any, **_options: Any) -> None:
        chains = 0
        broken = []
        for practice in Practice.objects.order_by("pk"):
            with practice_context(practice.pk):
                broken += [(practice.name, audit.verify_practice(practice))]
            for client in Client.objects.filter(practice=practice):
                with client_context(client.pk):
                    broken += [(client.name, audit.verify(client))]
        chains, broken = len(broken), [(name, number) for name, number in broken if number is not None]
        for name, number in broken:
            self.stderr.write(f"{name}: broken at {number}")
        if broken:
            raise CommandError(f"{len(broken)} of {chains} chains are broken")
        self.stdout.write(f"{chains} chains verified")
