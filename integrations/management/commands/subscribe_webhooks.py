"""Ask providers to send notices to this portal, where they take that from the app itself."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations import registry, webhooks
from integrations.errors import ProviderError


class Command(BaseCommand):
    help = (
        "Subscribe the portal's address to the notices of a provider; what secret it hands over is kept in the vault."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("provider", help="slug of the provider, such as those of the connections page")

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            provider = registry.provider(options["provider"])
        except registry.UnknownProvider as error:
            raise CommandError(f"no provider {error}") from error
        if provider.webhook is None or provider.webhook.subscribe is None:
            raise CommandError(
                f"{provider.name} is not subscribed from here: register {webhooks.address(provider.slug)} there"
            )
        try:
            provider.webhook.subscribe(webhooks.app_api(provider), webhooks.address(provider.slug))
        except ProviderError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{provider.name} sends its notices to {webhooks.address(provider.slug)}")
