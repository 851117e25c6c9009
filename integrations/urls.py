"""Addresses of this app."""

from __future__ import annotations

from django.urls import path

from integrations.views import arriving

app_name = "integrations"
urlpatterns = [
    path("webhooks/<slug:provider>/", arriving.webhook, name="webhook"),
    path("connect/<slug:provider>/callback/", arriving.callback, name="callback"),
    path("connect/link/<str:token>/", arriving.link, name="link"),
    path("connect/done/", arriving.link_done, name="link_done"),
]
