"""How far the connecting of a client's stack is, for its onboarding."""

from __future__ import annotations

from typing import TYPE_CHECKING

from clients import onboarding
from clients.models import StackItem
from clients.onboarding import Progress
from integrations import registry
from integrations.models import Connection

if TYPE_CHECKING:
    from clients.models import Client


@onboarding.proof("connect")
def connected(client: Client) -> Progress:
    """Every chosen system that has a connector is connected; the others come by their own route."""
    known = registry.all_providers()
    chosen = StackItem.objects.filter(client=client, dismissed=False).values_list("system", flat=True)
    wanted = {system for system in chosen if system in known}
    live = set(Connection.objects.filter(client=client, state=Connection.State.LIVE).values_list("provider", flat=True))
    if not wanted:
        return Progress(0, "Choose systems in the inventory first")
    missing = sorted(known[system].name for system in wanted - live)
    if missing:
        done = len(wanted) - len(missing)
        return Progress(done * 100 // len(wanted), f"{done} of {len(wanted)}, missing: {', '.join(missing)}")
    return Progress(100, f"{len(wanted)} connected")
