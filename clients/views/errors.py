"""Error pages."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return HttpResponse("Not found", status=404)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return HttpResponse("Not allowed", status=403)


def failed(request: HttpRequest) -> HttpResponse:
    return HttpResponse("Failed", status=500)
