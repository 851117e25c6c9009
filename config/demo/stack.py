"""What each company of the demonstration uses, and how much of it somebody can play and read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations import files
from integrations.registry import all_providers
from integrations.sandbox.world.company import EVERYONE
from integrations.sandbox.world.told import WORLD_PLAYS, has_story

if TYPE_CHECKING:
    from clients.models import Client

_USED = {cast.slug: cast.systems for cast in EVERYONE}


def used(client: Client) -> tuple[str, ...]:
    """Every system of the company."""
    return _USED[client.slug]


def connected(client: Client) -> tuple[str, ...]:
    """The systems that can be connected: there is a provider, and the sandbox plays it."""
    return tuple(slug for slug in used(client) if slug in all_providers() and (slug in WORLD_PLAYS or has_story(slug)))


def told() -> list[tuple[str, str]]:
    """(company, system) of every system that has a story of its own and a provider that reads it."""
    pairs = [(company, slug) for company, systems in _USED.items() for slug in systems if slug not in WORLD_PLAYS]
    return [(company, slug) for company, slug in pairs if has_story(slug) and slug in all_providers()]


def brings_statements(client: Client) -> bool:
    """Whether the bank's statements come as files a person brings."""
    return files.PROVIDER in used(client)


def missing(client: Client) -> tuple[str, ...]:
    """The systems nobody can connect yet."""
    there = {*connected(client), files.PROVIDER}
    return tuple(slug for slug in used(client) if slug not in there)
