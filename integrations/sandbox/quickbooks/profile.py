"""Who a company is: what CompanyInfo and Preferences say before anyone changes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

STANDARD_TERMS = (("Due on receipt", 0), ("Net 15", 15), ("Net 30", 30), ("Net 60", 60))
STANDARD_METHODS = ("Cash", "Check", "Credit Card")
WARNED_NUMBERS = "OtherPrefs.WarnDuplicateNumbers"


@dataclass(frozen=True, slots=True)
class Profile:
    """One realm. `opened_at` stamps what exists before the seed; `book_close_date` may be None."""

    realm: str
    name: str
    book_close_date: date | None = None
    legal_name: str = ""
    email: str = "books@company.example"
    opened_at: datetime = datetime(2025, 1, 1, 16, tzinfo=UTC)
    time_zone: str = "America/Los_Angeles"
    basis: str = "Accrual"
    tracks_classes: bool = True
    tracks_departments: bool = True
    is_multicurrency: bool = False
    home_currency: str = "USD"

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    def company_info(self) -> dict[str, Any]:
        address = {"Id": "1", "Line1": "14 Quay Street", "City": "Larkfield", "CountrySubDivisionCode": "CA"}
        offering = {"NeoEnabled": "true", "OfferingSku": "QuickBooks Online Plus", "SubscriptionStatus": "PAID"}
        return {
            "CompanyName": self.name,
            "LegalName": self.legal_name or self.name,
            "CompanyAddr": {**address, "PostalCode": "94000", "Country": "US"},
            "LegalAddr": {**address, "PostalCode": "94000", "Country": "US"},
            "CompanyStartDate": self.opened_at.date().isoformat(),
            "FiscalYearStartMonth": "January",
            "Country": "US",
            "Email": {"Address": self.email},
            "WebAddr": {},
            "SupportedLanguages": "en",
            "DefaultTimeZone": self.time_zone,
            "NameValue": [{"Name": name, "Value": value} for name, value in offering.items()],
        }

    def preferences(self) -> dict[str, Any]:
        accounting: dict[str, Any] = {
            "FirstMonthOfFiscalYear": "January",
            "TaxYearMonth": "January",
            "UseAccountNumbers": False,
            "TrackDepartments": self.tracks_departments,
            "DepartmentTerminology": "Location",
            "ClassTrackingPerTxn": False,
            "ClassTrackingPerTxnLine": self.tracks_classes,
            "CustomerTerminology": "Customers",
        }
        if self.book_close_date:
            accounting["BookCloseDate"] = self.book_close_date.isoformat()
        return {
            "AccountingInfoPrefs": accounting,
            "ProductAndServicesPrefs": {"ForSales": True, "ForPurchase": True, "QuantityWithPriceAndRate": True},
            "SalesFormsPrefs": {"CustomTxnNumbers": False, "AllowDiscount": True, "AllowShipping": False},
            "VendorAndPurchasesPrefs": {"TrackingByCustomer": True, "BillableExpenseTracking": False},
            "TaxPrefs": {"UsingSalesTax": False, "PartnerTaxEnabled": False},
            "CurrencyPrefs": {
                "MultiCurrencyEnabled": self.is_multicurrency,
                "HomeCurrency": {"value": self.home_currency},
            },
            "ReportPrefs": {"ReportBasis": self.basis, "CalcAgingReportFromTxnDate": False},
            "OtherPrefs": {"NameValue": [{"Name": WARNED_NUMBERS, "Value": "true"}]},
        }
