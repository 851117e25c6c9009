"""Rows of PayPal's balance that are one thing: an exchange of currencies is two rows, and tells the rate of what it paid for.

They hang together by ``paypal_reference_id`` and their second. A purchase of 140 dollars on a Mexican card is four rows: the
payment, two rows of the exchange, and what the card put in. https://developer.paypal.com/docs/reports/reference/tcodes/
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Detail = dict[str, Any]
EXCHANGE = "T02"


def open_answer(answer: Any) -> Iterable[Mapping[str, Any]]:
    """The objects within an answer of any endpoint; rows of a page are put together."""
    rows = answer.get("transaction_details") if isinstance(answer, dict) else None
    if isinstance(rows, list):
        return together([row for row in rows if isinstance(row, dict)])
    if isinstance(answer, dict) and "balances" in answer:
        return [held(answer)]
    return answer if isinstance(answer, list) else [answer]


def held(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The balances without whose they are: the connection knows, and an account's balances are another thing."""
    return {name: value for name, value in answer.items() if name != "account_id"}


def together(rows: Iterable[Detail]) -> list[Detail]:
    """Rows of one span of time as objects: both rows of an exchange as one, and beside the rows of its group their exchange."""
    every = list(rows)
    legs = [row for row in every if _info(row, "transaction_event_code").startswith(EXCHANGE)]
    known = {_info(leg, "transaction_id"): leg for leg in legs}
    groups: dict[tuple[str, str], list[Detail]] = {}
    for leg in legs:
        groups.setdefault((_base(leg, known), _info(leg, "transaction_initiation_date")), []).append(leg)
    found: list[Detail] = []
    for row in every:
        if row in legs:
            continue
        moment = _info(row, "transaction_initiation_date")
        names = (_info(row, "transaction_id"), _info(row, "paypal_reference_id"))
        exchange = next((groups[name, moment] for name in names if name and (name, moment) in groups), None)
        found.append({**row, "exchange": exchange} if exchange else row)
    exchanges = [{"conversion": legs, "of": base or min(map(_id, legs))} for (base, _), legs in groups.items()]
    return [*found, *exchanges]


def _id(row: Detail) -> str:
    return _info(row, "transaction_id")


def _base(leg: Detail, known: Mapping[str, Detail]) -> str:
    """What an exchange was for; '' for a row of one that was made for itself, which then hangs together by its second."""
    own, of = _info(leg, "transaction_id"), _info(leg, "paypal_reference_id")
    if of in known and _info(known[of], "paypal_reference_id") == own:
        return min(own, of)
    is_named = any(_info(other, "paypal_reference_id") == own for other in known.values())
    return of or (own if is_named else "")


def _info(row: Detail, name: str) -> str:
    info = row.get("transaction_info")
    value = info.get(name) if isinstance(info, dict) else None
    return value if isinstance(value, str) else ""
