"""The only door to a client: who is asking, which clients they may see, what they may do, and how fresh their proof is.

A stranger's client and an absent one are the same 404; a right the role lacks is a 403; an act that asks for a fresh second
factor raises ``StepUpRequired``, which the middleware turns into the question. Rights are read from the database each time.
"""

from __future__ import annotations

import enum
import functools
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from allauth.account.authentication import get_authentication_records
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed

from clients.models import Client, ClientGroup, Membership, Role, User
from clients.tenancy import use_board, use_client, use_membership

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.db.models import QuerySet

Scope = Literal["client", "practice", "public", "self"]


class Right(enum.Enum):
    """What a page or an act asks for."""

    VIEW_SIGNED = "see signed reports"
    VIEW_DRAFTS = "see drafts and work papers"
    VIEW_PAYROLL = "see payroll detail"
    CONNECT = "connect and disconnect systems"
    PREPARE = "prepare entries, map, reconcile and ask"
    APPROVE = "approve mappings and postings"
    SIGN = "sign off a month"
    REOPEN = "reopen a sealed month"
    ANSWER = "answer questions"
    MANAGE_PEOPLE = "manage people, rights and keys"
    READ_AUDIT = "read people, rights and the audit trail"


_STAFF_SIDE = frozenset({Role.STAFF, Role.CONTROLLER, Role.ADMIN})
_SIGNERS = frozenset({Role.CONTROLLER, Role.ADMIN})
_PREPARERS = frozenset({Role.STAFF, Role.CONTROLLER})
ROLES: dict[Right, frozenset[Role]] = {
    Right.VIEW_SIGNED: _STAFF_SIDE | {Role.CLIENT},
    Right.VIEW_DRAFTS: _STAFF_SIDE,
    Right.VIEW_PAYROLL: _STAFF_SIDE,
    Right.CONNECT: _STAFF_SIDE,
    Right.PREPARE: _PREPARERS,
    Right.APPROVE: _SIGNERS,
    Right.SIGN: _SIGNERS,
    Right.REOPEN: _SIGNERS,
    Right.ANSWER: _PREPARERS | {Role.CLIENT},
    Right.MANAGE_PEOPLE: frozenset({Role.ADMIN}),
    Right.READ_AUDIT: _SIGNERS,
}
STEP_UP = frozenset({Right.CONNECT, Right.SIGN, Right.REOPEN, Right.MANAGE_PEOPLE})


class StepUpRequired(PermissionDenied):
    """The act needs a second factor given within the last ``STEP_UP_SECONDS``."""


class DoorNotUsedError(RuntimeError):
    """A view answered for a client or a practice without going through the door: a fault of ours, never shown as a page."""


@dataclass(frozen=True)
class Classification:
    """What an address asks for; the access matrix test reads it from every view of the project."""

    right: Right | None
    scope: Scope
    methods: tuple[str, ...]


def classified(
    right: Right | None = None, *, scope: Scope = "client", methods: tuple[str, ...] = ("GET",)
) -> Callable[[Callable[..., HttpResponse]], Callable[..., HttpResponse]]:
    """Declare what a view asks for; refuses other methods, sends strangers to sign in, and checks that the door was used."""
    allowed = (*methods, "HEAD") if "GET" in methods else methods

    def decorate(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if scope != "public" and not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if request.method not in allowed:
                return HttpResponseNotAllowed(allowed)
            response = view(request, *args, **kwargs)
            if scope in {"client", "practice"} and response.status_code < 400 and "door" not in request.__dict__:
                raise DoorNotUsedError(view.__qualname__)
            return response

        guarded.__dict__["classification"] = Classification(right, scope, methods)
        return guarded

    return decorate


def person(request: HttpRequest) -> User:
    """The signed-in person; Http404 for nobody."""
    if not isinstance(request.user, User) or not request.user.is_active:
        raise Http404
    return request.user


def membership_of(request: HttpRequest) -> Membership:
    """The place from which the person asks, read once per request; Http404 for someone without any."""
    known = request.__dict__.get("membership")
    if known is None:
        mine = Membership.objects.filter(user=person(request), is_active=True).select_related("practice", "user")
        chosen = request.session.get("practice")
        known = (mine.filter(practice_id=chosen).first() if chosen else None) or mine.order_by("pk").first()
        if known is None:
            raise Http404
        use_membership(known.pk, known.practice_id)
        request.__dict__["membership"] = known
    assert isinstance(known, Membership)
    return known


def visible_clients(membership: Membership) -> QuerySet[Client]:
    """The clients a membership may know of; inside a transaction that called ``use_membership``."""
    clients = Client.objects.filter(practice_id=membership.practice_id)
    if membership.sees_all_clients:
        return clients
    return clients.filter(assignments__membership_id=membership.pk)


def allows(membership: Membership, right: Right) -> bool:
    """Whether the role has the right; says nothing of a particular client."""
    if right is Right.VIEW_PAYROLL and membership.role == Role.STAFF:
        return membership.sees_payroll
    return membership.role in ROLES[right]


def proven_at(request: HttpRequest) -> float:
    """When this session last showed a second factor, in seconds of the epoch; 0.0 for never."""
    if not request.user.is_authenticated:
        return 0.0
    records = get_authentication_records(request, request.user)
    return max((float(record["at"]) for record in records if record.get("method") == "mfa"), default=0.0)


def require_step_up(request: HttpRequest) -> None:
    """Raise ``StepUpRequired`` unless a second factor was given within the last ``STEP_UP_SECONDS``."""
    if time.time() - proven_at(request) >= settings.STEP_UP_SECONDS:
        raise StepUpRequired


def require_right(request: HttpRequest, right: Right) -> Membership:
    """The membership, if its role has the right (PermissionDenied) and the proof is fresh where the right asks for it."""
    membership = membership_of(request)
    if not allows(membership, right):
        raise PermissionDenied(right.value)
    if right in STEP_UP:
        require_step_up(request)
    return membership


def client_or_404(request: HttpRequest, slug: str, *, right: Right) -> Client:
    """The one way to a client's rows: Http404 if the person may not know of it, PermissionDenied if not for this."""
    membership = membership_of(request)
    client = (
        visible_clients(membership)
        .filter(slug=slug)
        .select_related("practice", "preparer", "controller", "group")
        .first()
    )
    if client is None:
        raise Http404
    use_client(client.pk)
    request.__dict__["door"] = request.__dict__["client"] = client
    require_right(request, right)
    return client


def practice_page(request: HttpRequest, right: Right) -> list[Client]:
    """The clients of a page about several of them; their read models are open for SELECT afterwards."""
    membership = require_right(request, right)
    clients = list(visible_clients(membership).select_related("preparer", "controller", "group"))
    use_board(client.pk for client in clients)
    request.__dict__["door"] = membership
    return clients


@dataclass(frozen=True)
class SeenGroup:
    """A group as one person sees it: the companies they may know of, and how many more there are."""

    group: ClientGroup
    companies: list[Client]
    hidden: int


def group_or_404(request: HttpRequest, pk: int, *, right: Right) -> SeenGroup:
    """The one way to a group: Http404 if the person may know of none of its companies, PermissionDenied if not for this.

    The read models of the companies they see are open for SELECT afterwards.
    """
    membership = require_right(request, right)
    group = ClientGroup.objects.filter(practice_id=membership.practice_id, pk=pk).select_related("practice").first()
    mine = visible_clients(membership).filter(group_id=pk).select_related("preparer", "controller")
    companies = list(mine) if group else []
    if group is None or not companies:
        raise Http404
    use_board(company.pk for company in companies)
    request.__dict__["door"] = membership
    return SeenGroup(group, companies, group.members.count() - len(companies))
