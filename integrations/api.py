"""The REST API of connections, version 1: how each is, and reading one now. Never a token, an account's secret or a payload."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import Http404
from rest_framework import status
from rest_framework.parsers import FormParser, JSONParser, MultiPartParser
from rest_framework.response import Response

from clients.access import Classification, Right
from clients.api import PortalView
from integrations import overview, schedule
from integrations.models import Connection

if TYPE_CHECKING:
    from rest_framework.request import Request


class Connections(PortalView):
    """Every connection of a client."""

    rights = {"GET": Right.VIEW_DRAFTS}
    classification = Classification(Right.VIEW_DRAFTS, "client", ("GET",))

    def get(self, _request: Request, slug: str) -> Response:  # noqa: ARG002 (the door has opened it)
        return Response({"results": [_brief(row) for row in overview.rows(self.client)]})


class OneConnection(PortalView):
    """One connection with its streams."""

    rights = {"GET": Right.VIEW_DRAFTS}
    classification = Classification(Right.VIEW_DRAFTS, "client", ("GET",))

    def get(self, _request: Request, slug: str, pk: int) -> Response:  # noqa: ARG002
        row = overview.row(_find(self, pk))
        streams = [
            {
                "name": stream.stream,
                "label": stream.label,
                "duty": stream.duty,
                "last_success_at": stream.last_success_at,
                "complete_through": stream.complete_through,
                "problem": stream.problem,
                "documents": stream.documents,
                "held": stream.exceptions,
            }
            for stream in row.health.streams
        ]
        return Response(_brief(row) | {"streams": streams})


class SyncNow(PortalView):
    """Read one connection now: 202, or 409 where it is not connected. The body is not looked at."""

    # The check of the form's token reads the body: a form's has to be readable to be refused for the right reason.
    parser_classes = [JSONParser, FormParser, MultiPartParser]
    rights = {"POST": Right.VIEW_DRAFTS}
    classification = Classification(Right.VIEW_DRAFTS, "client", ("POST",))

    def post(self, _request: Request, slug: str, pk: int) -> Response:  # noqa: ARG002
        connection = _find(self, pk)
        if not connection.is_live or overview.is_file(connection):
            return Response({"detail": "This connection cannot be read now."}, status=status.HTTP_409_CONFLICT)
        schedule.soon(connection, reason="by-api")
        return Response(_brief(overview.row(connection)), status=status.HTTP_202_ACCEPTED)


def _find(view: PortalView, pk: int) -> Connection:
    found = Connection.objects.select_related("client").filter(client=view.client, pk=pk).first()
    if found is None:
        raise Http404
    return found


def _brief(row: overview.Row) -> dict[str, Any]:
    connection = row.connection
    return {
        "id": connection.pk,
        "system": connection.provider,
        "system_name": row.health.provider_name,
        "name": connection.name,
        "state": connection.state,
        "is_well": row.health.is_well,
        "problem": row.health.problem,
        "is_reading": row.is_reading,
        "last_success_at": connection.last_success_at,
        "next_at": row.next_at,
        "access_ends_at": row.health.reconnect_by,
        "documents": row.documents,
        "held": row.held,
        "seen_live": bool(row.provider and row.provider.seen_live),
    }
