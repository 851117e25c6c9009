"""Merging two accounts, vendors or customers in the browser: everything moves to the one that stays.

The other becomes inactive under its old id. The documents that named it keep their tokens and times: their text did not change
for anybody, so no change feed tells of them.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from integrations.sandbox.quickbooks.catalogue import KINDS
from integrations.sandbox.quickbooks.faults import broken_rule, not_found
from integrations.sandbox.quickbooks.postings import ref
from integrations.sandbox.quickbooks.preparing import references
from integrations.sandbox.quickbooks.writing import Change

if TYPE_CHECKING:
    from datetime import datetime

    from integrations.sandbox.quickbooks.books import Books, Held
    from integrations.sandbox.quickbooks.postings import Posting

MERGED = frozenset({"Account", "Vendor", "Customer"})


def merge(books: Books, kind: str, loser_id: str, winner_id: str, at: datetime) -> Change:
    """Raises `QuickBooksFault` for two that are not alike; nothing has changed then."""
    loser, winner = books.find(kind, loser_id), books.find(kind, winner_id)
    if kind not in MERGED or loser is None or winner is None or loser is winner:
        raise not_found()
    for key in ("AccountType", "AccountSubType"):
        if loser.content.get(key) != winner.content.get(key):
            raise broken_rule("Only accounts of the same type and detail type can be merged.")
    if ref(loser.content, "CurrencyRef") != ref(winner.content, "CurrencyRef"):
        raise broken_rule("Only names and accounts of one currency can be merged.")
    for held in [held for name in KINDS for held in books.held[name].values()]:
        is_named = any(found == kind and str(one.get("value")) == loser_id for found, one in references(held.content))
        # What an item sells posts to an account that its documents do not name.
        if is_named or (kind == "Account" and any(posting.account == loser_id for posting in held.postings)):
            _move(books, held, kind, loser_id, winner_id)
    books.take(loser)
    loser.content = {**loser.content, "Active": False}
    loser.updated_at, loser.token = at, loser.token + 1
    books.put(loser)
    winner.updated_at = at
    return Change(kind, winner_id, "Merge", at, winner.token, gone=loser_id)


def _move(books: Books, held: Held, kind: str, loser_id: str, winner_id: str) -> None:
    books.take(held)
    held.content = copy.deepcopy(held.content)
    for found, one in references(held.content):
        if found == kind and str(one.get("value")) == loser_id:
            one["value"] = winner_id
    held.postings = tuple(_moved(posting, kind, loser_id, winner_id) for posting in held.postings)
    books.put(held)


def _moved(posting: Posting, kind: str, loser_id: str, winner_id: str) -> Posting:
    if kind == "Account":
        return posting._replace(account=winner_id) if posting.account == loser_id else posting
    return posting._replace(entity=(kind, winner_id)) if posting.entity == (kind, loser_id) else posting
