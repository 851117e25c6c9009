"""Error pages: whose fault it is, that nothing was changed, and what to do next. They ask the database for nothing but names."""

from __future__ import annotations

import logging

from django.db import DatabaseError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils import timezone

from clients.access import membership_of
from clients.models import Membership, Role

log = logging.getLogger("tieout.pages")


def _answer(request: HttpRequest, status: int, title: str, **said: object) -> HttpResponse:
    if request.path.startswith("/api/"):
        return JsonResponse({"detail": title}, status=status)
    return HttpResponse(render_to_string(f"{status}.html", {"title": title, **said}), status=status)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001 (Django's signature)
    """The same body for what is absent and for what belongs to someone else."""
    return _answer(request, 404, "There is nothing at this address")


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """Says what was asked for and who can grant it."""
    log.warning("page refused", extra={"request_id": request.__dict__.get("reference", ""), "status": 403})
    return _answer(request, 403, "Your role does not allow this", wanted=str(exception or ""), admins=_admins(request))


def failed(request: HttpRequest) -> HttpResponse:
    """The request was undone; the reference leads to the log line."""
    reference = request.__dict__.get("reference", "")
    log.error("page failed", extra={"request_id": reference, "status": 500})
    return _answer(request, 500, "This page could not be made", reference=reference, at=timezone.now())


def _admins(request: HttpRequest) -> list[str]:
    try:
        practice = membership_of(request).practice
        found = Membership.objects.filter(practice=practice, role=Role.ADMIN, is_active=True).select_related("user")
        return [str(member.user) for member in found[:3]]
    except (Http404, DatabaseError):
        return []
