"""What people and other apps do in the company file, beside the API: told by name, for tests and the demonstration."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.sandbox.quickbooks.seeding import resolve
from integrations.sandbox.world import planted
from integrations.sandbox.world.documents import dollars

if TYPE_CHECKING:
    from integrations.sandbox.quickbooks.company import Company
    from integrations.sandbox.world.documents import SeedDocument

Facts = dict[str, Any]


def happen(company: Company, action: str) -> Facts | None:
    """Let it happen and say what is different; None for what is not known here.

    `edit-old-entry` changes a paid bill of a closed month; `late-cheque` enters a cheque of one; `other-route` lets another
    app import from the processor; `deactivate:Account:Rent` makes an account (vendor, customer) inactive, `activate:` active;
    `merge:Account:7:8` makes account 7 one with account 8 (vendors and customers likewise).
    """
    word, _, rest = action.partition(":")
    if word == "merge":
        kind, loser, winner = rest.split(":")
        company.merge_as_user(kind, loser, winner)
        return {"merged": loser, "into": winner}
    if word in {"activate", "deactivate"}:
        return _set_active(company, rest, is_active=word == "activate")
    if action == "edit-old-entry":
        return _edit_old_entry(company)
    if action == "late-cheque":
        return _enter(company, [planted.late_cheque()])
    if action == "other-route":
        return _enter(company, planted.trial_imports())
    return None


def _edit_old_entry(company: Company) -> Facts:
    identifier = company.id_of(f"Bill:{planted.OLD_ENTRY_KEY}")
    bill = company.read("Bill", identifier)
    line = {**bill["Line"][0], "Amount": dollars(planted.OLD_ENTRY_NEW_MINOR)}
    change = company.edit_as_user("Bill", identifier, {"Line": [line]})
    after = company.read("Bill", identifier)
    return {
        "kind": "Bill",
        "id": identifier,
        "before": str(bill["TotalAmt"]),
        "after": str(after["TotalAmt"]),
        "sync_token": str(change.token),
    }


def _set_active(company: Company, reference: str, *, is_active: bool) -> Facts:
    kind, identifier = reference.partition(":")[0], company.id_of(reference)
    standing = company.read(kind, identifier)
    own = "Name" if kind == "Account" else "DisplayName"
    company.edit_as_user(kind, identifier, {own: standing[own], "Active": is_active})
    return {"kind": kind, "id": identifier, "active": is_active}


def _enter(company: Company, documents: list[SeedDocument]) -> Facts:
    """Typed in the browser, whatever month is closed."""
    ids = [company.create_as_user(each.kind, resolve(dict(each.body), company.keys)) for each in documents]
    return {"entered": ids}
