"""Sending a browser to a provider. The page's policy lets no form end outside, and a redirect after a form counts as its end."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def leave(request: HttpRequest, address: str, name: str) -> HttpResponse:
    """With htmx the browser is told where to go; without it a page shows the link to follow. Neither is a form's end."""
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": address})
    return render(request, "integrations/leaving.html", {"address": address, "name": name})
