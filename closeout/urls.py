"""Addresses of the close."""

from __future__ import annotations

from django.urls import path

from closeout.views import verify

app_name = "closeout"
urlpatterns = [
    path("verify/", verify.verify, name="verify"),
]
