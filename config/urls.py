"""All addresses. Each app owns its own; an address that no test classifies fails the build."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("accounts/", include("allauth.urls")),
    path("", include("clients.urls")),
    path("", include("integrations.urls")),
    path("", include("ledger.urls")),
    path("", include("closeout.urls")),
]

handler403 = "clients.views.errors.forbidden"
handler404 = "clients.views.errors.not_found"
handler500 = "clients.views.errors.failed"
