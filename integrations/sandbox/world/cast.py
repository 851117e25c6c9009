"""What is fixed about a company of the story, and the three the story began with: Kestrel and Pine, Quillfeather, Brambling."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from integrations.sandbox.world.calendar import ALL_MONTHS, FIRST_DAY, month_of
from integrations.sandbox.world.people import Buyer, CardHabit, Channel, Contractor, Employee, Supply


@dataclass(frozen=True, slots=True, kw_only=True)
class Cast:
    """What is fixed about a company before anything happens. Amounts in cents; opening balances debit-positive.

    `systems` are the slugs of everything the company uses; `opened` is the day its books begin.
    """

    slug: str
    name: str
    legal_name: str
    email: str
    realm: str
    systems: tuple[str, ...]
    item_account: str
    supplies: tuple[Supply, ...]
    card_habits: tuple[CardHabit, ...]
    buyers: tuple[Buyer, ...]
    rent_minor: int
    landlord: str
    insurance_minor: int
    draw_minor: int
    savings_minor: int
    depreciation_minor: int
    fee_minor: int
    opening: tuple[tuple[str, int], ...]
    opened: date = FIRST_DAY
    stripe_account: str = ""
    sales_a_month: int = 0
    channels: tuple[Channel, ...] = ()
    payout_weekdays: tuple[int, ...] = ()
    departments: tuple[str, ...] = ()
    employees: tuple[Employee, ...] = ()
    contractor: Contractor | None = None
    first_check_date: date | None = None
    bonus_check_date: date | None = None
    catering_account: bool = False
    runs_cut_over: bool = True
    card_paid_by: str = "Transfer"

    @property
    def months(self) -> tuple[str, ...]:
        """The months of its books, April's first days included."""
        return tuple(month for month in ALL_MONTHS if month >= month_of(self.opened))


_USUAL = ("quickbooks-online", "stripe", "gusto", "plaid")


SOFTWARE = (
    CardHabit("Tallyleaf Software", "Software", 1, 7900, 7900, "TALLYLEAF SOFTWARE", "GENERAL_SERVICES"),
    CardHabit("Marrowgate Hosting", "Software", 1, 4250, 4250, "MARROWGATE HOSTING", "GENERAL_SERVICES"),
)

KESTREL = Cast(
    slug="kestrel",
    name="Kestrel and Pine Outfitters",
    legal_name="Kestrel and Pine Outfitters LLC",
    email="books@kestrelandpine.example",
    realm="9341455000000101",
    systems=_USUAL,
    stripe_account="acct_1KestrelPine00001",
    item_account="Wholesale Goods",
    sales_a_month=350,
    channels=(
        Channel("store", "Store Sales", 55, 2900, 40000, tax_bp=850),
        Channel("online", "Online Sales", 45, 4200, 36500),
    ),
    payout_weekdays=(0, 2, 4),
    supplies=(
        Supply("Alder Ridge Textiles", "Materials", 4, 420000, 560000, 24, "ach", "ALDER RIDGE TEXTILES ACH"),
        Supply("Bramwell Leather Works", "Materials", 16, 210000, 330000, 21, "check", "CHECK"),
        Supply("Foldwell Cartons", "Packaging", 9, 42000, 78000, 18, "check", "CHECK"),
        Supply("Granite Bay Power", "Utilities", 12, 31000, 52000, 13, "check", "CHECK"),
        Supply("Hollis and Finch CPA", "Professional Fees", 20, 45000, 45000, 9, "ach", "HOLLIS FINCH CPA"),
    ),
    card_habits=(
        *SOFTWARE,
        CardHabit("Lanternpost Ads", "Marketing", 4, 9000, 26000, "LANTERNPOST ADS", "GENERAL_SERVICES"),
        CardHabit("Pinefork Diner", "Travel and Meals", 3, 1800, 7200, "PINEFORK DINER", "FOOD_AND_DRINK"),
        CardHabit("Twine and Tape Supply", "Packaging", 3, 2100, 9800, "TWINE TAPE SUPPLY", "GENERAL_MERCHANDISE"),
        CardHabit("Halyard Hardware", "Repairs and Maintenance", 2, 1500, 14000, "HALYARD HDWE", "HOME_IMPROVEMENT"),
    ),
    buyers=(
        Buyer("Northlake Trading Post", 180000, 320000, 1, 28),
        Buyer("Summit House Lodge", 120000, 260000, 1, 24),
        Buyer("Driftwood Gallery", 60000, 140000, 1, 33),
    ),
    rent_minor=380000,
    landlord="Old Mill Properties",
    insurance_minor=360000,
    draw_minor=350000,
    savings_minor=100000,
    depreciation_minor=41667,
    fee_minor=2500,
    opening=(
        ("Checking", 4821055),
        ("Savings", 1500000),
        ("Furniture and Equipment", 2500000),
        ("Accumulated Depreciation", -750000),
        ("Business Visa", -184217),
        ("Owner's Equity", -5000000),
        ("Retained Earnings", -2886838),
    ),
    departments=("Store", "Workshop"),
    employees=(
        Employee("Maren", "Ashdown", "Store", "Store manager", False, 228000, 1050, 420, 9500, 22500, 400),
        Employee("Tobias", "Wren", "Store", "Sales associate", True, 2150, 700, 250, 6500, 15000),
        Employee("Ida", "Larkspur", "Store", "Sales associate", True, 2050, 650, 230),
        Employee("Corwin", "Hale", "Workshop", "Workshop lead", False, 241500, 1100, 450, 9500, 22500, 500),
        Employee("Petra", "Holloway", "Workshop", "Stitcher", True, 2350, 760, 280, 6500, 15000, 300, 17500),
        Employee("Anselm", "Quay", "Workshop", "Apprentice", True, 1900, 600, 200),
    ),
    contractor=Contractor("Rosalind", "Tern", 95000),
    first_check_date=date(2025, 1, 10),
    bonus_check_date=date(2026, 2, 12),
    card_paid_by="CreditCardPayment",
)

QUILLFEATHER = Cast(
    slug="quillfeather",
    name="Quillfeather Coffee Roasters",
    legal_name="Quillfeather Coffee Roasters Inc.",
    email="accounts@quillfeather.example",
    realm="9341455000000202",
    systems=_USUAL,
    stripe_account="acct_1Quillfeather0002",
    item_account="Wholesale Coffee",
    sales_a_month=700,
    channels=(
        Channel("cafe", "Cafe Sales", 60, 1500, 12800, tax_bp=875, tip_percent_of_sales=45),
        Channel("online", "Online Sales", 40, 6000, 34500),
    ),
    payout_weekdays=(1, 3, 4),
    supplies=(
        Supply("Harvest Moon Importers", "Materials", 3, 980000, 1280000, 25, "ach", "HARVEST MOON IMPORTERS"),
        Supply("Blue Heron Dairy", "Materials", 15, 160000, 240000, 15, "check", "CHECK"),
        Supply("Foldwell Cartons", "Packaging", 8, 120000, 190000, 20, "check", "CHECK"),
        Supply("Tidewater Energy", "Utilities", 11, 98000, 152000, 14, "check", "CHECK"),
        Supply("Hollis and Finch CPA", "Professional Fees", 20, 65000, 65000, 9, "ach", "HOLLIS FINCH CPA"),
    ),
    card_habits=(
        *SOFTWARE,
        CardHabit("Lanternpost Ads", "Marketing", 5, 12000, 38000, "LANTERNPOST ADS", "GENERAL_SERVICES"),
        CardHabit("Saltmarsh Grill", "Travel and Meals", 3, 2400, 9800, "SALTMARSH GRILL", "FOOD_AND_DRINK"),
        CardHabit("Paper Crane Supply", "Packaging", 4, 3100, 16000, "PAPER CRANE SUPPLY", "GENERAL_MERCHANDISE"),
        CardHabit(
            "Copperline Parts", "Repairs and Maintenance", 2, 4000, 27000, "COPPERLINE PARTS", "HOME_IMPROVEMENT"
        ),
    ),
    buyers=(
        Buyer("Juniper Hill Grocers", 680000, 980000, 1, 27),
        Buyer("The Copper Kettle Inn", 420000, 640000, 1, 22),
        Buyer("Beacon Street Market", 380000, 560000, 1, 31),
        Buyer("Wayfarer Hotel Group", 720000, 1150000, 1, 35),
    ),
    rent_minor=1150000,
    landlord="Quay Street Holdings",
    insurance_minor=720000,
    draw_minor=400000,
    savings_minor=200000,
    depreciation_minor=108333,
    fee_minor=4500,
    opening=(
        ("Checking", 9655040),
        ("Savings", 4000000),
        ("Furniture and Equipment", 7800000),
        ("Accumulated Depreciation", -2600000),
        ("Business Visa", -341862),
        ("Owner's Equity", -12000000),
        ("Retained Earnings", -6513178),
    ),
    departments=("Cafe", "Roastery", "Office"),
    employees=(
        Employee("Linnea", "Marsh", "Cafe", "Cafe manager", False, 219000, 1000, 410, 9500, 22500, 300),
        Employee("Oskar", "Penhallow", "Cafe", "Barista", True, 2000, 620, 220, 6500, 15000),
        Employee("Junie", "Fairweather", "Cafe", "Barista", True, 1950, 600, 210),
        Employee("Caspian", "Rowe", "Cafe", "Barista", True, 1950, 600, 210),
        Employee("Hester", "Vance", "Roastery", "Head roaster", False, 265000, 1200, 480, 9500, 22500, 500),
        Employee("Bram", "Okafor", "Roastery", "Roaster", True, 2600, 820, 310, 6500, 15000, 300, 21000),
        Employee("Salome", "Brandt", "Roastery", "Packer", True, 2000, 620, 220),
        Employee("Edith", "Moreau", "Office", "Office manager", False, 232000, 1080, 440, 9500, 22500, 400),
        Employee("Ravi", "Thornbury", "Office", "Wholesale clerk", True, 2400, 780, 290, 6500, 15000),
    ),
    contractor=Contractor("Dashiell", "Crowe", 140000),
    first_check_date=date(2025, 1, 3),
    bonus_check_date=date(2026, 1, 22),
    catering_account=True,
)

BRAMBLING = Cast(
    slug="brambling",
    name="Brambling Studio",
    legal_name="Brambling Studio LLC",
    email="hello@brambling.example",
    realm="9341455000000303",
    systems=("quickbooks-online", "stripe", "plaid"),
    stripe_account="acct_1BramblingStu003",
    item_account="Design Work",
    sales_a_month=40,
    channels=(Channel("online", "Online Sales", 100, 3500, 26000),),
    payout_weekdays=(2,),
    supplies=(
        Supply("Inkwell Paper Co", "Materials", 6, 38000, 72000, 20, "check", "CHECK"),
        Supply("Hollis and Finch CPA", "Professional Fees", 20, 25000, 25000, 9, "ach", "HOLLIS FINCH CPA"),
    ),
    card_habits=(
        *SOFTWARE,
        CardHabit("Lanternpost Ads", "Marketing", 1, 5000, 12000, "LANTERNPOST ADS", "GENERAL_SERVICES"),
        CardHabit("Pinefork Diner", "Travel and Meals", 2, 1400, 5200, "PINEFORK DINER", "FOOD_AND_DRINK"),
    ),
    buyers=(Buyer("Beacon Street Market", 60000, 140000, 1, 26),),
    rent_minor=95000,
    landlord="Old Mill Properties",
    insurance_minor=96000,
    draw_minor=180000,
    savings_minor=20000,
    depreciation_minor=12500,
    fee_minor=1500,
    opening=(
        ("Checking", 1240310),
        ("Savings", 500000),
        ("Furniture and Equipment", 750000),
        ("Accumulated Depreciation", -150000),
        ("Business Visa", -62144),
        ("Owner's Equity", -1500000),
        ("Retained Earnings", -778166),
    ),
    runs_cut_over=False,
)

CAST = (KESTREL, QUILLFEATHER, BRAMBLING)
