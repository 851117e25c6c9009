"""One transaction per request, a second factor for everyone, and nothing kept by the browser."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from allauth.core import context
from django.contrib import messages
from django.contrib.auth import logout
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.urls import Resolver404, resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

from clients import sessions, signin
from clients.access import StepUpRequired

if TYPE_CHECKING:
    from collections.abc import Callable

#: Crockford's alphabet: nothing in it is mistaken for something else on the telephone.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
#: Pages that judge a code: one person's codes are judged one after another.
JUDGES = {"mfa_authenticate", "mfa_reauthenticate"}


def _reference() -> str:
    drawn = "".join(secrets.choice(ALPHABET) for _ in range(8))
    return f"{drawn[:4]}-{drawn[4:]}"


class Middleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)


class OneTransaction(Middleware):
    """The whole request in one atomic block, rendering included: contexts hold, and a failure leaves nothing behind."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method == "TRACE":
            return HttpResponseNotAllowed(["GET", "POST"])
        request.__dict__["reference"] = _reference()
        # What is done after the commit (mails about a new factor) still has to know the request.
        with context.request_context(request), transaction.atomic():
            response = self.get_response(request)
            if response.status_code >= 500 or request.__dict__.get("undo"):
                transaction.set_rollback(True)
        _keep_late_messages(request, response)
        return response

    def process_exception(self, request: HttpRequest, _exception: Exception) -> None:
        """An exception undoes what its view did, whatever page it becomes."""
        request.__dict__["undo"] = True


def _keep_late_messages(request: HttpRequest, response: HttpResponse) -> None:
    """What is said only after the commit (a factor was turned on) comes after messages were put into the answer."""
    said = getattr(request, "_messages", None)
    if said is not None and said.added_new:
        said.update(response)


class SecondFactor(Middleware):
    """No session without a second factor goes anywhere but to where one is set up or shown; idle sessions end."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        name = _name(request)
        if request.method == "POST" and name in JUDGES:
            signin.one_at_a_time(request)
        if not request.user.is_authenticated:
            return self.get_response(request)
        if over := sessions.ended(request):
            logout(request)
            messages.info(request, over)
            return _go(request, reverse("account_login"), come_back=True)
        sessions.touch(request)
        if not sessions.has_second_factor(request) and not sessions.is_open_without_factor(name):
            return _go(request, sessions.where_to_prove(request))
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, StepUpRequired) or request.path.startswith("/api/"):
            return None
        request.__dict__["undo"] = True
        return _go(request, sessions.where_to_confirm(request), come_back=True)


def _name(request: HttpRequest) -> str:
    try:
        return resolve(request.path_info).view_name
    except Resolver404:
        return ""


def _go(request: HttpRequest, where: str, *, come_back: bool = False) -> HttpResponse:
    """A redirect that htmx follows with the whole page; after a refused POST one returns to the page it was sent from."""
    if come_back:
        here = request.get_full_path()
        if request.method != "GET" or request.headers.get("HX-Request"):
            here = request.headers.get("HX-Current-URL") or request.headers.get("Referer") or "/"
        if not url_has_allowed_host_and_scheme(here, allowed_hosts={request.get_host()}):
            here = "/"
        where = f"{where}?{urlencode({'next': here})}"
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204, headers={"HX-Redirect": where})
    return HttpResponseRedirect(where)


class NoStore(Middleware):
    """Pages are not kept by browsers or proxies; after signing out the browser is told to forget."""

    def __call__(self, request: HttpRequest) -> HttpResponse:
        was_in = request.user.is_authenticated
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        response.headers.setdefault(
            "Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"
        )
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        if was_in and not request.user.is_authenticated:
            response.headers["Clear-Site-Data"] = '"cache", "storage"'
        return response
