"""What a person told before a sign-in, judged by the fields the provider declares. Nothing else ever becomes an address."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from integrations.models import Connection
    from integrations.provider import Ask, Provider


class ConnectRefused(Exception):  # noqa: N818
    """The connection cannot be made; the message is for the person who tried and holds nothing secret."""


def read(asks: Iterable[Ask], given: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """(the tidied values by field, what is wrong by field). Fields that are not declared are not looked at."""
    values, problems = {}, {}
    for ask in asks:
        value, wrong = ask.read(str(given.get(ask.name, "")))
        if wrong:
            problems[ask.name] = wrong
        elif value:
            values[ask.name] = value
    return values, problems


def where(provider: Provider, asked: Mapping[str, str] | None, connection: Connection | None) -> dict[str, str]:
    """Where the account is: the answers given, or those of the connection to be mended. Raises ConnectRefused."""
    known = connection.where if connection is not None else {}
    values, problems = read(provider.asks, known | dict(asked or {}))
    if problems:
        field, wrong = next(iter(problems.items()))
        label = next(ask.label for ask in provider.asks if ask.name == field)
        raise ConnectRefused(f"{label}: {wrong[:1].lower()}{wrong[1:].rstrip('.')}")
    return known | values
