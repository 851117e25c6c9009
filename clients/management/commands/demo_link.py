"""``manage.py demo_link <email>``: print a one-time address that signs a person of the demonstration in."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.management import BaseCommand, CommandError, CommandParser

from clients.models import User
from clients.signin import make_demo_link


class Command(BaseCommand):
    help = "Print a one-time sign-in address (demonstration on loopback only)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")

    def handle(self, *_args: Any, **options: Any) -> None:
        user = User.objects.filter(email__iexact=options["email"], is_active=True).first()
        if user is None:
            raise CommandError("there is no such person")
        try:
            self.stdout.write(make_demo_link(user))
        except PermissionDenied as error:
            raise CommandError(str(error)) from error
