"""Worked cases: payroll runs, their pulls, accruals and tax bands."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from trial import minor, trial

from integrations.records import ContractorPayment, PayItem, PayrollRun, Payslip
from ledger.core.entry import reversal
from ledger.core.payroll_tax import TAX_YEARS, recompute
from ledger.core.rules import (
    Unbookable,
    drafts,
    payroll_accrual,
    payroll_accrual_estimate,
    payroll_cash_entry,
    payroll_cash_lines,
)


def items(**amounts):
    return tuple(PayItem(name=name.replace("_", " "), amount=minor(amount)) for name, amount in amounts.items())


def item(name, amount, kind=""):
    return PayItem(name=name, amount=amount, kind=kind)


def slip(**fields):
    given = {"employee_id": "e1", "employee": "Ada Quill", "department": "Shop", "net_pay": 0}
    return Payslip(**{**given, **fields})


def run(*slips, **fields):
    given = {
        "external_id": "run1",
        "booked_on": date(2026, 3, 13),
        "currency": "USD",
        "period_start": date(2026, 2, 23),
        "period_end": date(2026, 3, 8),
        "kind": "regular",
        "payslips": slips,
    }
    return PayrollRun(**{**given, **fields})


@pytest.fixture
def recorded():
    """Gusto, recorded processed payroll, first item: totals only, as one payslip."""
    totals = slip(
        net_pay=minor("20,832.92"),
        earnings=items(Regular="27,509.23"),
        employee_taxes=items(Withheld="6,676.31"),
        employer_taxes=items(Employer="3,232.35"),
    )
    return run(totals, net_pay_pull=minor("20,832.92"), tax_pull=minor("9,908.66"), debit_on=date(2026, 3, 12))


def test_recorded_run_journal(recorded):
    """Dr Wages 27,509.23, Dr Employer taxes 3,232.35 = 30,741.58;
    Cr Net pay 20,832.92, Cr Employee taxes 6,676.31, Cr Employer taxes payable 3,232.35 = 30,741.58."""
    (entry,) = drafts(recorded)
    assert entry.total == minor("30,741.58")
    assert trial(entry) == {
        "wages": "27509.23",
        "er-tax-expense": "3232.35",
        "net-pay-clearing": "-20832.92",
        "ee-tax-payable": "-6676.31",
        "er-tax-payable": "-3232.35",
    }


def test_two_pulls_settle_the_recorded_run(recorded):
    """Dr the three credits; Cr Bank 20,832.92 + 9,908.66, a day before the check date: clearing and payables end at nil."""
    pulls = payroll_cash_lines(recorded)
    assert [(pull.kind, pull.amount, pull.unexplained) for pull in pulls] == [
        ("net-pay", minor("20,832.92"), 0),
        ("tax", minor("9,908.66"), 0),
    ]
    cash = [payroll_cash_entry(pull, pull.expected_on, bank="checking") for pull in pulls]
    assert trial(*drafts(recorded), *cash) == {"wages": "27509.23", "er-tax-expense": "3232.35", "bank": "-30741.58"}


def test_run_with_every_kind_of_line():
    """Register row: gross 3,000.00 + reimbursement 80.00 − taxes 612.50 − 401k 150.00 − child support 200.00 = 2,117.50.

    Dr Wages 3,000.00 (Bonus and Regular apart), Dr Employer taxes 250.00, Dr Benefits 75.00, Dr Expense 80.00;
    Cr Net pay 2,117.50, Cr Employee taxes 612.50, Cr Employer taxes 250.00, Cr Benefits 225.00, Cr Garnishments 200.00.
    """
    one = slip(
        net_pay=minor("2,117.50"),
        earnings=items(Regular="2,600.00", Bonus="400.00"),
        employee_taxes=items(Federal="612.50"),
        employer_taxes=items(Social_Security="186.00", Medicare="64.00"),
        deductions=(
            item("401k", minor("150.00"), "benefit"),
            item("Child support", minor("200.00"), "garnishment"),
        ),
        contributions=items(**{"401k": "75.00"}),
        reimbursements=items(Mileage="80.00"),
    )
    assert trial(*drafts(run(one)), keyed=True) == {
        "wages:Regular": "2600.00",
        "wages:Bonus": "400.00",
        "er-tax-expense": "250.00",
        "benefit-expense:401k": "75.00",
        "expense:Mileage": "80.00",
        "net-pay-clearing": "-2117.50",
        "ee-tax-payable:Federal": "-612.50",
        "er-tax-payable:Social Security": "-186.00",
        "er-tax-payable:Medicare": "-64.00",
        "benefit-payable:401k": "-225.00",
        "garnishment-payable:Child support": "-200.00",
    }


def test_costs_stay_with_each_employees_department():
    """Allocation by each employee's own lines: 1,000.00 and 76.50 to Shop, 3,000.00 and 229.50 to Roastery."""
    shop = slip(net_pay=minor("1000.00"), earnings=items(Regular="1000.00"), employer_taxes=items(FICA="76.50"))
    roastery = replace(
        shop,
        department="Roastery",
        net_pay=minor("3000.00"),
        earnings=items(Regular="3000.00"),
        employer_taxes=items(FICA="229.50"),
    )
    (entry,) = drafts(run(shop, roastery))
    costs = {(line.role, line.department): line.debit for line in entry.lines if line.debit}
    assert costs == {
        ("wages", "Shop"): minor("1000.00"),
        ("er-tax-expense", "Shop"): minor("76.50"),
        ("wages", "Roastery"): minor("3000.00"),
        ("er-tax-expense", "Roastery"): minor("229.50"),
    }


def test_paper_cheque_waits_outside_the_pull():
    """Net pay by cheque: Cr Outstanding cheques, party the employee."""
    (entry,) = drafts(run(slip(net_pay=minor("500.00"), by_check=True, earnings=items(Regular="500.00"))))
    assert trial(entry) == {"wages": "500.00", "outstanding-cheques": "-500.00"}


def test_reversed_run_leaves_nothing(recorded):
    """A void mirrors the lines on its own day, linked to the original; both together are nil."""
    void = replace(recorded, external_id="run1v", booked_on=date(2026, 3, 20), reverses="run1")
    (entry,) = drafts(void)
    assert (entry.purpose, entry.booked_on) == ("payroll-reversal", date(2026, 3, 20))
    assert trial(*drafts(recorded), entry) == {}


def test_run_of_a_prior_provider_is_history(recorded):
    assert drafts(replace(recorded, history=True)) == ()
    assert payroll_cash_lines(replace(recorded, history=True)) == ()


def test_payslip_that_breaks_its_identity_is_not_booked():
    """Gross 500.00 without taxes cannot be net 499.00: the difference of −1.00 is named, nothing is booked."""
    broken = run(slip(net_pay=minor("499.00"), earnings=items(Regular="500.00")))
    with pytest.raises(Unbookable, match="Ada Quill") as refused:
        drafts(broken)
    assert refused.value.amount == -100


def test_garnishment_pulled_with_the_taxes():
    """The service remits the garnishment itself and takes it with the taxes: 100.00 + 50.00 in one pull."""
    one = slip(
        net_pay=minor("850.00"),
        earnings=items(Regular="1000.00"),
        employee_taxes=items(Federal="100.00"),
        deductions=(item("Levy", minor("50.00"), "garnishment"),),
    )
    paid = run(one, net_pay_pull=minor("850.00"), tax_pull=minor("150.00"))
    cash = [payroll_cash_entry(pull, pull.expected_on) for pull in payroll_cash_lines(paid)]
    assert trial(*drafts(paid), *cash) == {"wages": "1000.00", "bank": "-1000.00"}


def test_pull_that_is_not_the_register_waits_for_a_person(recorded):
    (_, tax) = payroll_cash_lines(replace(recorded, tax_pull=minor("9,908.67")))
    assert tax.unexplained == 1
    with pytest.raises(Unbookable):
        payroll_cash_entry(tax, tax.expected_on)


def test_contractor_paid_with_a_reimbursement():
    """Dr Contractors 1,200.00, Dr Expense 45.10; Cr Payroll clearing 1,245.10."""
    paid = ContractorPayment(
        external_id="c1",
        booked_on=date(2026, 3, 6),
        currency="USD",
        contractor="Rowan Pike",
        amount=minor("1200.00"),
        reimbursement=minor("45.10"),
    )
    assert trial(*drafts(paid)) == {"contractor-expense": "1200.00", "expense": "45.10", "net-pay-clearing": "-1245.10"}


def test_wages_accrued_over_month_end_and_reversed():
    """Ten working days 23 March to 3 April, seven by the 31st: 7/10 of 2,000.00 wages and 153.00 employer tax.

    31 March: Dr Wages 1,400.00, Dr Employer taxes 107.10; Cr Accrued payroll 1,507.10. 1 April: the reverse.
    """
    paid = run(
        slip(net_pay=minor("2000.00"), earnings=items(Regular="2000.00"), employer_taxes=items(FICA="153.00")),
        booked_on=date(2026, 4, 10),
        period_start=date(2026, 3, 23),
        period_end=date(2026, 4, 3),
    )
    accrued = payroll_accrual(paid, date(2026, 3, 31))
    assert trial(accrued) == {"wages": "1400.00", "er-tax-expense": "107.10", "accrued-payroll": "-1507.10"}
    assert accrued.reverses_on == date(2026, 4, 1)
    assert trial(accrued, reversal(accrued, accrued.reverses_on)) == {}


def test_run_paid_within_the_month_accrues_nothing():
    paid = run(slip(net_pay=100, earnings=(item("Regular", 100),)))
    assert payroll_accrual(paid, date(2026, 3, 31)) is None


def test_bonus_run_accrues_no_days():
    bonus = run(
        slip(net_pay=100, earnings=(item("Bonus", 100),)),
        kind="off-cycle",
        booked_on=date(2026, 4, 3),
        period_end=date(2026, 4, 3),
    )
    assert payroll_accrual(bonus, date(2026, 3, 31)) is None


def test_accrual_by_the_last_known_average():
    """Last period 2–13 March cost 1,000.00 for ten days; 16–17 March are two more: Dr Wages 200.00; Cr Accrued payroll."""
    last = run(
        slip(net_pay=minor("1000.00"), earnings=items(Regular="1000.00")),
        period_start=date(2026, 3, 2),
        period_end=date(2026, 3, 13),
    )
    assert trial(payroll_accrual_estimate(last, date(2026, 3, 17))) == {"wages": "200.00", "accrued-payroll": "-200.00"}


def test_social_security_stops_at_the_wage_base():
    """SSA 2026 base 184,500: after 184,000.00 only 500.00 is taxed, 31.00. Withholding 62.00 is a finding."""
    one = slip(
        net_pay=minor("969.00"), earnings=items(Regular="1000.00"), employee_taxes=items(Social_Security="31.00")
    )
    assert recompute(run(one), earned_before={"e1": minor("184,000.00")}).passes
    wrong = replace(one, net_pay=minor("938.00"), employee_taxes=items(Social_Security="62.00"))
    (finding,) = recompute(run(wrong), earned_before={"e1": minor("184,000.00")}).findings
    assert (finding.tax, finding.highest, finding.actual) == ("Social Security", 3101, 6200)


def test_year_without_parameters_cannot_be_told():
    told = recompute(run(slip(), booked_on=date(2031, 1, 3)))
    assert not told.passes
    assert "2031" in told.cannot_tell


def test_parameters_of_2025_and_2026():
    """SSA contribution bases 176,100 and 184,500; Form 1099-NEC from 600 and, for payments of 2026, 2,000."""
    assert (TAX_YEARS[2025].social_security_base, TAX_YEARS[2026].social_security_base) == (17_610_000, 18_450_000)
    assert (TAX_YEARS[2025].nec_threshold, TAX_YEARS[2026].nec_threshold) == (60_000, 200_000)
