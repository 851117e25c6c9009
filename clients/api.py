"""What every REST view of a client stands on: the same door, the same rights, JSON refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from rest_framework.permissions import BasePermission
from rest_framework.views import APIView

from clients.access import Classification, Right, client_or_404, practice_page

if TYPE_CHECKING:
    from rest_framework.request import Request

    from clients.models import Client


class ThroughTheDoor(BasePermission):
    """Opens the client named in the address (or the practice) with the view's right for the method; refuses everyone else."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        if not isinstance(view, PortalView) or not request.user.is_authenticated:
            return False
        right = view.rights.get(str(request.method), view.rights.get("GET"))
        if right is None:
            return False
        plain = request._request  # noqa: SLF001 (the door takes Django's request)
        if view.classification.scope == "client":
            view.client = client_or_404(plain, str(view.kwargs["slug"]), right=right)
        else:
            view.clients = practice_page(plain, right)
        return True


class PortalView(APIView):
    """Subclasses name their ``rights`` by method and their ``classification``; ``client`` (or ``clients``) is then open."""

    permission_classes = [ThroughTheDoor]
    rights: ClassVar[dict[str, Right]] = {}
    classification: ClassVar[Classification] = Classification(None, "client", ("GET",))
    client: Client
    clients: list[Client]

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Any:
        view = super().as_view(**initkwargs)
        view.__dict__["classification"] = cls.classification
        return view
