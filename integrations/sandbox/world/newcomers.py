"""The two companies whose stacks hold every other system: Tamarack Trading sells and pays people, Osprey Field Works buys.

Their books begin a month before the cut-over, and each system of theirs on the cut-over itself. What a system did there is
told by its own folder (`world/told.py`); here stands only what the company has without any of them.
"""

from __future__ import annotations

from datetime import date

from integrations.sandbox.world.cast import SOFTWARE, Cast
from integrations.sandbox.world.people import Buyer, CardHabit, Contractor, Employee, Supply

_OPENED = date(2025, 12, 1)

TAMARACK = Cast(
    slug="tamarack",
    name="Tamarack Trading",
    legal_name="Tamarack Trading Company LLC",
    email="books@tamaracktrading.example",
    realm="9341455000000404",
    systems=(
        "quickbooks-online",
        "square",
        "paypal",
        "shopify",
        "woocommerce",
        "amazon",
        "melio",
        "expensify",
        "adp",
        "plaid",
    ),
    item_account="Wholesale Goods",
    opened=_OPENED,
    supplies=(
        Supply("Cedarline Imports", "Materials", 5, 310000, 420000, 20, "ach", "CEDARLINE IMPORTS ACH"),
        Supply("Hollis and Finch CPA", "Professional Fees", 20, 40000, 40000, 9, "ach", "HOLLIS FINCH CPA"),
    ),
    card_habits=(
        *SOFTWARE,
        CardHabit("Lanternpost Ads", "Marketing", 2, 8000, 21000, "LANTERNPOST ADS", "GENERAL_SERVICES"),
    ),
    buyers=(Buyer("Marrow Lake Outpost", 90000, 180000, 1, 25),),
    rent_minor=290000,
    landlord="Harbor Row Properties",
    insurance_minor=216000,
    draw_minor=250000,
    savings_minor=80000,
    depreciation_minor=20833,
    fee_minor=2000,
    opening=(
        ("Checking", 16420775),
        ("Savings", 2500000),
        ("Prepaid Expenses", 18000),
        ("Furniture and Equipment", 1250000),
        ("Accumulated Depreciation", -458326),
        ("Business Visa", -96412),
        ("Owner's Equity", -12000000),
        ("Retained Earnings", -7634037),
    ),
    departments=("Shop", "Warehouse"),
    employees=(
        Employee("Elspeth", "Garrow", "Shop", "Shop manager", False, 221000, 1020, 400, 9500, 22500, 400),
        Employee("Dorian", "Fell", "Shop", "Sales associate", True, 2075, 660, 240),
        Employee("Isolde", "Marchbank", "Warehouse", "Warehouse lead", False, 228000, 1040, 420, 9500, 22500, 300),
        Employee("Piran", "Loxley", "Warehouse", "Packer", True, 1980, 620, 220, 6500, 15000, 0, 14000),
    ),
    contractor=Contractor("Leopold", "Ashby", 88000),
    first_check_date=date(2026, 1, 9),
)

OSPREY = Cast(
    slug="osprey",
    name="Osprey Field Works",
    legal_name="Osprey Field Works Inc.",
    email="accounts@ospreyfield.example",
    realm="9341455000000505",
    systems=(
        "quickbooks-online",
        "quickbooks-payroll",
        "bill",
        "ramp",
        "dext",
        "hubspot",
        "salesforce",
        "bank-file",
    ),
    item_account="Field Work",
    opened=_OPENED,
    supplies=(Supply("Hollis and Finch CPA", "Professional Fees", 20, 52000, 52000, 9, "ach", "HOLLIS FINCH CPA"),),
    card_habits=(
        *SOFTWARE,
        CardHabit("Pinefork Diner", "Travel and Meals", 2, 1600, 6400, "PINEFORK DINER", "FOOD_AND_DRINK"),
    ),
    buyers=(Buyer("Northlake Parks Trust", 420000, 690000, 1, 26),),
    rent_minor=210000,
    landlord="Old Mill Properties",
    insurance_minor=504000,
    draw_minor=300000,
    savings_minor=120000,
    depreciation_minor=62500,
    fee_minor=3000,
    opening=(
        ("Checking", 24618350),
        ("Savings", 3000000),
        ("Prepaid Expenses", 42000),
        ("Furniture and Equipment", 3750000),
        ("Accumulated Depreciation", -1250000),
        ("Business Visa", -58230),
        ("Owner's Equity", -18000000),
        ("Retained Earnings", -12102120),
    ),
    departments=("Field", "Office"),
    employees=(
        Employee("Torsten", "Vale", "Field", "Crew lead", False, 251000, 1150, 460, 9500, 22500, 500),
        Employee("Wilhelmina", "Stroud", "Field", "Surveyor", True, 3150, 900, 340, 6500, 15000, 300),
        Employee("Ansel", "Kirkbride", "Field", "Field hand", True, 2250, 700, 260, 0, 0, 0, 16500),
        Employee("Odette", "Lacey", "Office", "Office manager", False, 234000, 1080, 440, 9500, 22500, 400),
    ),
    contractor=Contractor("Fenwick", "Arrowood", 120000),
    first_check_date=date(2026, 1, 8),
)

NEWCOMERS = (TAMARACK, OSPREY)
