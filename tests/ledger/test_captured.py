"""Figures by hand: a second person verifies them, then they are booked by the same rules and proven like any other."""

from __future__ import annotations

from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.db.models import Sum
from django.test import Client as Browser

from clients.catalogue import BY_SLUG, SYSTEMS
from clients.models import StackItem
from clients.tenancy import client_context, use_client
from integrations import capturing
from integrations.byhand.forms import FORMS, form_of
from integrations.capturing import CaptureRefused
from integrations.models import Connection, Fact, ManualFigure
from ledger import booking, captured_proof, completeness, mapping
from ledger.core.period import Month
from ledger.core.roles import ROLES
from ledger.models import Account, JournalEntry, JournalLine
from tests import builders

pytestmark = pytest.mark.django_db
MARCH = Month(2026, 3)
END = date(2026, 3, 31)
#: System: (account, figures, what the journal holds by role (debit − credit), what the system holds or is owed).
CASES = {
    "cash-drawer": (
        "Front counter", {"counted": 50_000, "expected": 50_500}, {"cash-over-short": 500, "cash-drawer": -500}, {"cash-drawer": 50_000},
    ),
    "card-statement": (
        "Fleet card",
        {
            "opening": 10_000, "charges": 30_000, "credits": 1_000, "payments": 10_000, "closing": 29_000,
            "purchases": [["Fuel", 25_000], ["Repairs", 4_000]],
        },
        {"expense": 29_000, "card": -29_000}, {"card": 29_000},
    ),
    "brokerage": ("Reserve", {"closing": 250_000}, {}, {"bank": 250_000}),
    "loan": (
        "Alder Bank", {"opening": 1_000_000, "interest": 5_000, "fees": 100, "payments": 20_000, "closing": 985_100},
        {"financing-cost": 5_100, "loan-payable": -5_100}, {"loan-payable": 985_100},
    ),
    "paychex": (
        "Salaried staff",
        {
            "number": "regular", "period_start": "2026-03-16", "period_end": "2026-03-31", "gross": 400_000,
            "employee_taxes": 80_000, "benefits": 10_000, "net_pay": 310_000, "employer_taxes": 30_600, "contributions": 20_000,
            "net_pull": 310_000, "tax_pull": 110_600,
        },
        {
            "wages": 400_000, "er-tax-expense": 30_600, "benefit-expense": 20_000, "ee-tax-payable": -80_000,
            "er-tax-payable": -30_600, "benefit-payable": -30_000, "net-pay-clearing": -310_000,
        }, {},
    ),
    "toast": (
        "Harbor Street",
        {
            "goods": [["Food", 90_000], ["Drink", 10_000]], "discounts": 2_000, "tax": 8_000, "marketplace_tax": 500,
            "tips": 4_000, "gift_cards_sold": 1_000, "collected": 111_000, "by_card": 100_000, "by_cash": 9_000,
            "by_gift_card": 2_000, "fees": 3_000, "paid_out": 90_000, "held": 7_000,
        },
        {
            "clearing": 7_000, "cash-drawer": 9_000, "gift-card-liability": 1_000, "discounts": 2_000, "sales": -100_000,
            "sales-tax-payable": -8_000, "tips-payable": -4_000, "merchant-fees": 3_000, "in-transit": 90_000,
        },
        {"clearing": 7_000},
    ),
    "adyen": (
        "Web shop", {"gross": 50_000, "tax": 4_000, "refunds": 5_000, "fees": 1_500, "paid_out": 40_000, "held": 3_500},
        {
            "sales": -46_000, "sales-tax-payable": -4_000, "returns": 5_000, "merchant-fees": 1_500, "in-transit": 40_000,
            "clearing": 3_500,
        },
        {"clearing": 3_500},
    ),
    "paper-bills": (
        "Larch Timber", {"number": "L-77", "lines": [["Timber", 8_000], ["Freight", 500]], "total": 8_500},
        {"expense": 8_500, "ap": -8_500}, {},
    ),
    "expenses-by-hand": (
        "Ida Moss", {"number": "7", "lines": [["Travel", 4_200]], "total": 4_200}, {"expense": 4_200, "reimb-payable": -4_200}, {},
    ),
    "invoices-by-hand": (
        "Fern and Co", {"number": "1001", "lines": [["Design", 90_000]], "tax": 7_200, "total": 97_200},
        {"ar": 97_200, "revenue": -90_000, "sales-tax-payable": -7_200}, {},
    ),
    "state-sales-tax": ("Washington", {"owed": 15_200}, {}, {"sales-tax-payable": 15_200}),
    "payroll-tax-deposits": (
        "Federal", {"employee_owed": 80_000, "employer_owed": 30_600}, {}, {"ee-tax-payable": 80_000, "er-tax-payable": 30_600},
    ),
    "toggl": ("Workshop", {"owed": 21_000}, {}, {"accrued-payroll": 21_000}),
}  # fmt: skip


@pytest.fixture(scope="module")
def mapped(django_db_setup, django_db_blocker):
    """A company with one account a role, all mapped; each test on its own savepoint of it."""
    with django_db_blocker.unblock(), transaction.atomic():
        world = builders.world()
        use_client(world.kestrel.pk)
        version = mapping.draft(world.kestrel, by=world.bob, effective_from=date(2026, 1, 1))
        for number, role in enumerate(ROLES.values(), 1):
            account = Account.objects.create(
                client=world.kestrel,
                external_id=str(number),
                number=str(1000 + number),
                name=role.label,
                type=role.type,
            )
            mapping.set_rule(version, role=role.slug, account=account, by=world.bob)
        mapping.approve(version, by=world.alice)
        yield world
        transaction.set_rollback(True)


@pytest.fixture
def books(mapped):
    with client_context(mapped.kestrel.pk):
        yield mapped


def enter(books, system="loan", *, on=END, by=None, account=None, corrects=None, **changed):
    named, values, *_rest = CASES[system]
    return capturing.enter(
        by or books.bob, books.kestrel, BY_SLUG[system], form_of(BY_SLUG[system]), account=account or named, booked_on=on,
        values={**values, **changed}, filename="statement.pdf", content=b"%PDF evidence", corrects=corrects,
    )  # fmt: skip


def journal(books):
    lines = JournalLine.objects.filter(client=books.kestrel).values("role")
    sums = lines.annotate(net=Sum("debit_minor") - Sum("credit_minor")).values_list("role", "net")
    return {role: net for role, net in sums if net}


@pytest.mark.parametrize("system", CASES)
def test_verified_figures_are_booked_by_the_rules_of_every_source(books, system):
    capturing.verify(enter(books, system), by=books.alice)
    booking.book(books.kestrel)
    assert not Fact.objects.filter(client=books.kestrel, state__in=["new", "exception"]).exists()
    assert journal(books) == CASES[system][2]
    held = Fact.objects.filter(client=books.kestrel, kind="SystemBalance").values_list("data__role", "data__amount")
    assert dict(held) == CASES[system][3]


def test_every_form_has_a_case():
    assert {form_of(BY_SLUG[system]).key for system in CASES} == set(FORMS)


def test_every_system_by_hand_has_a_form_but_the_ledgers():
    without = {system.category for system in SYSTEMS if system.route == "hand" and form_of(system) is None}
    assert without == {"accounting"}


def test_nothing_counts_before_it_is_verified(books):
    enter(books)
    assert not Fact.objects.filter(client=books.kestrel).exists()
    assert not Connection.objects.filter(client=books.kestrel, provider="loan").exists()


def test_who_typed_the_figures_does_not_verify_them(books):
    figure = enter(books, by=books.alice)
    with pytest.raises(CaptureRefused, match="does not verify"):
        capturing.verify(figure, by=books.alice)
    with pytest.raises(IntegrityError, match="figure_second_person"), transaction.atomic():
        ManualFigure.objects.filter(pk=figure.pk).update(
            state="verified", decided_by=books.alice, decided_at="2026-04-01T00:00Z"
        )


def test_what_was_typed_cannot_be_changed_afterwards(books):
    figure = enter(books)
    with pytest.raises(Exception, match="permission denied"), transaction.atomic():
        ManualFigure.objects.filter(pk=figure.pk).update(values={})
    with pytest.raises(Exception, match="permission denied"), transaction.atomic():
        ManualFigure.objects.filter(pk=figure.pk).delete()


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"state": "verified"}, "figure_decision_has_its_person"),
        ({"state": "lost"}, "figure_"),
        ({"state": "rejected", "reason": ""}, "figure_"),
    ],
)
def test_the_database_refuses_half_a_decision(books, changes, constraint):
    figure = enter(books)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        ManualFigure.objects.filter(pk=figure.pk).update(**changes)


def test_figures_whose_sum_does_not_hold_are_refused(books):
    with pytest.raises(CaptureRefused, match="Beginning"):
        enter(books, closing=985_101)


def test_a_rejection_needs_its_reason_and_lets_the_figures_be_typed_again(books):
    figure = enter(books)
    with pytest.raises(CaptureRefused, match="say why"):
        capturing.reject(figure, by=books.alice, reason=" ")
    capturing.reject(figure, by=books.alice, reason="The fee is not on the statement")
    again = enter(books, fees=0, closing=985_000)
    assert again.version == 2
    assert not Fact.objects.filter(client=books.kestrel).exists()


def test_the_same_figures_wait_once(books):
    enter(books)
    with pytest.raises(CaptureRefused, match="wait to be verified already"):
        enter(books)


def test_a_correction_takes_the_place_of_what_was_booked(books):
    first = enter(books)
    capturing.verify(first, by=books.alice)
    booking.book(books.kestrel)
    second = enter(books, on=date(2026, 3, 30), fees=0, closing=985_000, corrects=first)
    assert journal(books)["financing-cost"] == 5_100
    capturing.verify(second, by=books.carol)
    booking.book(books.kestrel)
    first.refresh_from_db(fields=["state"])
    assert (first.state, second.version) == ("replaced", 2)
    assert journal(books) == {"financing-cost": 5_000, "loan-payable": -5_000}
    assert JournalEntry.objects.filter(client=books.kestrel).count() == 3  # booked, reversed, booked anew


def test_a_captured_balance_is_proven_against_the_account_of_its_role(books):
    capturing.verify(enter(books), by=books.alice)
    booking.book(books.kestrel)
    (proof,) = captured_proof.of(books.kestrel, MARCH, ("loan",))
    assert (proof.stated, proof.ledger, proof.difference) == (985_100, 5_100, -980_000)
    assert captured_proof.of(books.kestrel, MARCH.next, ("loan",)) == []


def test_two_lenders_on_one_account_are_proven_together(books):
    capturing.verify(enter(books), by=books.alice)
    capturing.verify(enter(books, account="Moss Credit"), by=books.alice)
    (proof,) = captured_proof.of(books.kestrel, MARCH, ("loan",))
    assert proof.stated == 2 * 985_100
    assert "Alder Bank" in proof.label
    assert "Moss Credit" in proof.label


def test_a_month_without_verified_figures_is_missing(books):
    StackItem.objects.create(client=books.kestrel, system="loan", category="lending", route="hand")
    StackItem.objects.create(client=books.kestrel, system="paper-bills", category="payables", route="hand")
    figure = enter(books)
    assert completeness.uncaptured_systems(books.kestrel, MARCH) == [("loan", "Loan without a feed")]
    capturing.verify(figure, by=books.alice)
    assert completeness.uncaptured_systems(books.kestrel, MARCH) == []


def test_figures_of_a_day_before_the_months_end_lack_nothing(books):
    capturing.verify(enter(books, "paychex", on=date(2026, 3, 27)), by=books.alice)
    booking.book(books.kestrel)
    (row,) = completeness.month(books.kestrel, MARCH)
    assert (row.label, row.fetched, row.booked, row.is_incomplete) == ("Payroll run", 1, 1, False)


# ---- pages ---------------------------------------------------------------------------------------------------------------


def posted(**changed):
    given = {
        "account": "Alder Bank", "booked_on": "2026-03-31", "opening": "10,000.00", "interest": "50.00", "fees": "1",
        "payments": "200.00", "closing": "9,851.00", "evidence": SimpleUploadedFile("statement.pdf", b"%PDF evidence"),
    }  # fmt: skip
    return given | changed


def test_the_whole_way_through_the_pages(mapped):
    bob, alice = builders.sign_in(Browser(), mapped.bob), builders.sign_in(Browser(), mapped.alice)
    answer = bob.post("/c/kestrel/stack/loan/capture/", posted())
    assert answer.status_code == 302, answer.content.decode()
    where = answer.headers["Location"]
    assert "Whoever typed the figures does not verify them" in bob.get(where).content.decode()
    assert bob.post(f"{where}verify/").status_code == 403
    assert alice.post(f"{where}verify/").status_code == 302
    page = alice.get(where).content.decode()
    assert "Alder Bank, Mar 31, 2026: verified" in page
    assert "9,851.00" in page
    file = bob.get(f"{where}evidence/")
    assert (file.content, file.headers["X-Content-Type-Options"]) == (b"%PDF evidence", "nosniff")
    assert "attachment" in file.headers["Content-Disposition"]
    assert (
        'value="9851.00"' in bob.get(f"/c/kestrel/stack/loan/capture/?corrects={where.split('/')[-2]}").content.decode()
    )
    assert "Loan without a feed" in bob.get("/c/kestrel/connections/").content.decode()
    assert "By hand" in bob.get("/c/kestrel/connections/").content.decode()


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"closing": "9,850.00"}, "does not hold"),
        ({"interest": "-5"}, "Not below nil"),
        ({"interest": "5.001"}, "at most 2 decimals"),
        ({"interest": "much"}, "at most 2 decimals"),
        ({"evidence": ""}, "This field is required"),
        ({"evidence": SimpleUploadedFile("run.exe", b"MZ")}, "evidence is one of"),
    ],
)
def test_wrong_figures_are_told_and_not_kept(mapped, changed, said):
    answer = builders.sign_in(Browser(), mapped.bob).post("/c/kestrel/stack/loan/capture/", posted(**changed))
    assert answer.status_code == 422
    assert said.lower() in answer.content.decode().lower()
    with client_context(mapped.kestrel.pk):
        assert not ManualFigure.objects.exists()


def test_what_is_typed_of_another_client_is_not_seen(mapped):
    with client_context(mapped.kestrel.pk):
        figure = enter(mapped)
    alice = builders.sign_in(Browser(), mapped.alice)
    assert alice.get(f"/c/quillfeather/stack/figures/{figure.pk}/").status_code == 404
    with connection.cursor() as cursor, client_context(mapped.quillfeather.pk):
        cursor.execute("SELECT count(*) FROM integrations_manualfigure")
        assert cursor.fetchone() == (0,)
