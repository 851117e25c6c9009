"""List objects (accounts, names, items, classes …): what a body needs, what QuickBooks adds to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.sandbox.quickbooks.catalogue import ACCOUNT_TYPES, KINDS, SUB_TYPE_HOME
from integrations.sandbox.quickbooks.currencies import check_account_currency, place_currency
from integrations.sandbox.quickbooks.faults import QuickBooksFault, broken_rule, missing
from integrations.sandbox.quickbooks.postings import ref
from integrations.sandbox.quickbooks.preparing import OWNED_BY_SERVICE, REQUIRED, check_references

if TYPE_CHECKING:
    from integrations.sandbox.quickbooks.books import Books, Held

Body = dict[str, Any]
DEEPEST_ACCOUNT = 5
_EXTRAS: dict[str, Body] = {
    "Item": {"UnitPrice": 0, "Taxable": False, "PurchaseCost": 0, "TrackQtyOnHand": False},
    "Term": {"Type": "STANDARD", "DueDays": 0, "DiscountDays": 0, "DiscountPercent": 0},
    "PaymentMethod": {"Type": "NON_CREDIT_CARD"},
}


def prepare_listed(kind: str, body: Body, books: Books, *, changing: Held | None = None) -> Body:
    """The body to keep; 6240 when the name is taken in its name space, even by an inactive object."""
    content = {key: value for key, value in body.items() if key not in OWNED_BY_SERVICE and value is not None}
    for computed in ("Balance", "BalanceWithJobs", "CurrentBalance", "CurrentBalanceWithSubAccounts"):
        content.pop(computed, None)
    if kind == "Account":
        _account(content, books)
    elif kind in {"Vendor", "Customer", "Employee"}:
        _person(kind, content, books)
    else:
        for key in REQUIRED.get(kind, ()):
            if not content.get(key):
                raise missing(f"{kind}.{key}")
    for key, value in _EXTRAS.get(kind, {}).items():
        content.setdefault(key, value)
    content.setdefault("Active", True)
    _keep_currency(kind, content, books, changing)
    _qualify(kind, content, books)
    check_references({key: value for key, value in content.items() if key != "ParentRef"}, books)
    _check_name(kind, content, books, changing)
    return content


def _account(content: Body, books: Books) -> None:
    name = str(content.get("Name") or "")
    if not name:
        raise missing("Account.Name")
    if ":" in name or '"' in name:
        raise QuickBooksFault("2010", f"Account name {name} holds a colon or a double quote", element="Name")
    account_type = content.get("AccountType") or SUB_TYPE_HOME.get(str(content.get("AccountSubType") or ""))
    if account_type not in ACCOUNT_TYPES:
        raise QuickBooksFault("2170", f"AccountType {account_type}", element="AccountType")
    known = ACCOUNT_TYPES[str(account_type)]
    content["AccountType"] = account_type
    content.setdefault("AccountSubType", known.default_sub_type)
    content["Classification"] = known.classification
    place_currency(content, books)
    check_account_currency(content, books)
    parent = books.find("Account", ref(content, "ParentRef"))
    if parent is not None and parent.content["AccountType"] != account_type:
        raise QuickBooksFault("2010", "The account type of a sub-account must be its parent's.", element="AccountType")


def _keep_currency(kind: str, content: Body, books: Books, changing: Held | None) -> None:
    """What an account, vendor or customer is kept in never changes once a document names it."""
    if changing is None or kind not in {"Account", "Vendor", "Customer"}:
        return
    if ref(changing.content, "CurrencyRef") != ref(content, "CurrencyRef") and books.is_named(kind, changing.id):
        raise broken_rule(f"The currency of a {kind.lower()} with transactions cannot be changed.")


def _person(kind: str, content: Body, books: Books) -> None:
    given = " ".join(str(content[key]) for key in ("GivenName", "MiddleName", "FamilyName") if content.get(key))
    name = str(content.get("DisplayName") or content.get("CompanyName") or given)
    if not name:
        raise missing(f"{kind}.DisplayName")
    content["DisplayName"] = name
    content.setdefault("PrintOnCheckName", content.get("CompanyName") or given or name)
    if kind != "Employee":
        place_currency(content, books)
    if kind == "Vendor":
        content.setdefault("Vendor1099", False)
    if kind == "Customer":
        for key, value in {"Taxable": False, "Job": False, "BillWithParent": False, "IsProject": False}.items():
            content.setdefault(key, value)
        content.setdefault("PreferredDeliveryMethod", "Print")


def _qualify(kind: str, content: Body, books: Books) -> None:
    if kind not in {"Account", "Customer", "Item", "Class", "Department"}:
        return
    own = str(content[KINDS[kind].name_field])
    parent_id = ref(content, "ParentRef")
    parent = books.find(kind, parent_id) if parent_id else None
    if parent_id and parent is None:
        raise QuickBooksFault("2500", f"Invalid Reference Id : {kind}s element id {parent_id} not found")
    content["FullyQualifiedName"] = f"{parent.content['FullyQualifiedName']}:{own}" if parent else own
    if content["FullyQualifiedName"].count(":") >= DEEPEST_ACCOUNT:
        raise QuickBooksFault("2010", f"A {kind} cannot be nested deeper than {DEEPEST_ACCOUNT} levels.")
    flag = {"Account": "SubAccount", "Item": "SubItem", "Class": "SubClass", "Department": "SubDepartment"}.get(kind)
    if flag and (parent or kind == "Account"):
        content[flag] = parent is not None


def _check_name(kind: str, content: Body, books: Books, changing: Held | None) -> None:
    entry = KINDS[kind]
    name = str(content.get("FullyQualifiedName") or content.get(entry.name_field) or "")
    taken = books.names.get((entry.namespace, name.casefold()))
    if taken is None or (changing is not None and taken.kind == changing.kind and taken.id == changing.id):
        return
    people = "customer, vendor or employee" if entry.namespace == "names" else kind.lower()
    raise QuickBooksFault(
        "6240",
        f"The name supplied already exists. : Another {people} is already using this name. "
        f"Please use a different name. Id={taken.id}",
    )
