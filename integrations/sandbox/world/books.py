"""What stands in QuickBooks: chart, lists and every document, as create-bodies for the sandbox's QuickBooks engine."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from integrations.sandbox.world.calendar import BOOK_CLOSE_DATE, FIRST_DAY, local_instant
from integrations.sandbox.world.documents import Body, SeedDocument, ref
from integrations.sandbox.world.planted import DOUBLE_VENDOR, NEAR_VENDOR
from integrations.sandbox.world.spending import CARRIERS, TAX_AGENCY, TIP_POOL

if TYPE_CHECKING:
    from integrations.sandbox.world.company import CompanyWorld

_SET_UP = local_instant(FIRST_DAY, 8)


def _vendors(company: CompanyWorld) -> list[str]:
    cast = company.cast
    names = [supply.vendor for supply in cast.supplies] + [habit.vendor for habit in cast.card_habits]
    names += [cast.landlord, "Fairhaven Mutual", TAX_AGENCY]
    if cast.departments:
        names += [carrier for _, carrier in CARRIERS]
    if cast.catering_account:
        names += [TIP_POOL, DOUBLE_VENDOR, NEAR_VENDOR]
    names += [name for part in company.told.values() for name in part.vendors]
    return list(dict.fromkeys(names))


def _customers(company: CompanyWorld) -> list[str]:
    names = [buyer.name for buyer in company.cast.buyers]
    names += [name for part in company.told.values() for name in part.customers]
    return list(dict.fromkeys(names))


def _document(kind: str, name: str, body: Body, at: datetime = _SET_UP) -> SeedDocument:
    return SeedDocument(kind, body, at, name)


def lists(company: CompanyWorld) -> list[SeedDocument]:
    """Accounts, the term, vendors, customers and items, and what else the company's systems put into its lists."""
    cast = company.cast
    found = [
        _document("Account", name, {"Name": name, "AccountType": kind, "AccountSubType": sub})
        for name, kind, sub in company.chart
    ]
    found.append(_document("Term", "Net 30", {"Name": "Net 30", "DueDays": 30}))
    found += [_document("Vendor", name, {"DisplayName": name}) for name in _vendors(company)]
    found += [_document("Customer", name, {"DisplayName": name}) for name in _customers(company)]
    item: Body = {
        "Name": cast.item_account,
        "Type": "Service",
        "IncomeAccountRef": ref("Account", "Wholesale Sales"),
    }
    found.append(_document("Item", cast.item_account, item))
    found += [document for part in company.told.values() for document in part.lists]
    return found


def seed(company: CompanyWorld) -> list[SeedDocument]:
    """Lists first, then documents in order of creation; a document is never before one it refers to."""
    return [*lists(company), *company.documents]


def profile(company: CompanyWorld) -> dict[str, str]:
    """Plain facts for CompanyInfo and Preferences: realm, names, e-mail, offset, country and the closing date."""
    cast = company.cast
    return {
        "realm": cast.realm,
        "slug": cast.slug,
        "name": cast.name,
        "legal_name": cast.legal_name,
        "email": cast.email,
        "country": "US",
        "currency": "USD",
        "time_zone": "America/Los_Angeles",
        "fiscal_year_start_month": "January",
        "report_basis": "Accrual",
        "book_close_date": BOOK_CLOSE_DATE.isoformat() if cast.runs_cut_over else "",
    }
