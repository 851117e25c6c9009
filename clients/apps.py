"""The app of practices, people, clients and who may do what."""

from __future__ import annotations

from django.apps import AppConfig
from django.db.models.signals import post_save


class ClientsConfig(AppConfig):
    name = "clients"
    verbose_name = "Clients"

    def ready(self) -> None:
        from allauth.mfa.models import Authenticator

        from clients.signin import factor_added

        post_save.connect(factor_added, sender=Authenticator, dispatch_uid="clients.factor_added")
