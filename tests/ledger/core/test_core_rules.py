"""The rules as a whole: every record class is answered, everything balances, clearing is what the processor holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from anything import orders, sales
from hypothesis import given
from hypothesis import strategies as st

from integrations import records
from integrations.money import split
from integrations.records import (
    BalanceFunding,
    BalancePurchase,
    CustomerDeposit,
    Dispute,
    GiftCard,
    LoanMovement,
    OrderRefund,
    OwnTransfer,
    PayItem,
    Payout,
    PayrollRun,
    Payslip,
    ProcessorCredit,
    ProcessorFee,
    Refund,
    Reserve,
    Sale,
    TaxMovement,
)
from ledger.core.entry import balances
from ledger.core.roles import ROLES
from ledger.core.rules import Unbookable, drafts, payroll_cash_entry, payroll_cash_lines
from ledger.core.rules.booking import EVIDENCE, draft
from ledger.core.tieouts import balance_movements, processor_roll_forward, register_to_ledger

ON = date(2026, 3, 31)
CENTS = st.integers(0, 10**7)
SIGNED = st.integers(-(10**7), 10**7)
COMMON = {"external_id": st.uuids().map(str), "booked_on": st.just(ON), "currency": st.just("USD")}
CHANNELS = st.sampled_from(["", "online", "store"])


def own_balance(sale):
    """What other processors took is in clearing accounts of their own: here every tender is this one's, or no processor's."""
    return replace(sale, tenders=tuple(replace(tender, name="") for tender in sale.tenders))


def as_row(order):
    """An order without tenders is itself a row of the balance (a marketplace's settlement)."""
    return replace(order, tenders=())


PROCESSOR_FACTS = st.one_of(
    st.builds(
        Sale,
        **COMMON,
        amount=CENTS,
        discount=CENTS,
        shipping=CENTS,
        tax=CENTS,
        tip=CENTS,
        fee=SIGNED,
        fee_tax=CENTS,
        channel=CHANNELS,
    ),
    st.builds(Refund, **COMMON, amount=CENTS, shipping=CENTS, tax=CENTS, tip=CENTS, fee=SIGNED, channel=CHANNELS),
    st.builds(
        Dispute,
        **COMMON,
        stage=st.sampled_from(["opened", "won", "lost", "accepted", "inquiry"]),
        amount=CENTS,
        fee=CENTS,
    ),
    st.builds(ProcessorFee, **COMMON, amount=SIGNED, tax=CENTS, category=st.text(max_size=12)),
    st.builds(
        Payout, **COMMON, amount=SIGNED, arrives_on=st.just(ON), stage=st.sampled_from(["sent", "returned"]), fee=CENTS
    ),
    st.builds(Reserve, **COMMON, amount=SIGNED),
    st.builds(LoanMovement, **COMMON, amount=SIGNED, fee=CENTS),
    st.builds(BalancePurchase, **COMMON, amount=SIGNED, tax=CENTS),
    st.builds(BalanceFunding, **COMMON, amount=SIGNED, funded_by=st.sampled_from(["card", "bank"])),
    st.builds(OwnTransfer, **COMMON, amount=SIGNED, to=st.sampled_from(["bank", "in_transit", "payroll", "card"])),
    st.builds(ProcessorCredit, **COMMON, amount=SIGNED, kind=st.sampled_from(["reward", "interest", "fee_waiver"])),
    st.builds(TaxMovement, **COMMON, amount=SIGNED, kind=st.sampled_from(["sales", "marketplace", "duty", "input"])),
    st.builds(GiftCard, **COMMON, stage=st.just("sold"), amount=SIGNED),
    st.builds(CustomerDeposit, **COMMON, amount=SIGNED, into=st.sampled_from(["clearing", "undeposited", "bank"])),
    sales().map(own_balance),
    orders().map(as_row),
    orders(OrderRefund).map(as_row),
)


@given(st.lists(PROCESSOR_FACTS, max_size=12))
def test_clearing_moves_by_what_the_processor_balance_moves(facts):
    """The one equation of a processor: Σ rows = change of its balance = change of clearing."""
    entries = [entry for fact in facts for entry in drafts(fact, provider="p", category="processor")]
    clearing = balances(entries).get("clearing", 0)
    assert clearing == sum(amount for fact in facts for _, amount in balance_movements(fact))
    assert processor_roll_forward(700, facts, reported=700 + clearing, ledger=700 + clearing).ties


@given(st.lists(PROCESSOR_FACTS, max_size=8), st.randoms())
def test_order_of_facts_changes_no_balance(facts, chance):
    shuffled = list(facts)
    chance.shuffle(shuffled)
    booked, again = ([entry for fact in some for entry in drafts(fact)] for some in (facts, shuffled))
    assert balances(booked) == balances(again)


@st.composite
def payslips(draw):
    def items(*names):
        return tuple(PayItem(name=name, amount=draw(CENTS)) for name in names)

    earnings, taxes, reimbursed = items("Regular", "Overtime"), items("Federal", "State"), items("Mileage")
    kept = draw(st.sampled_from([(), (PayItem(name="Levy", amount=draw(CENTS), kind="garnishment"),)]))
    net = sum(item.amount for item in (*earnings, *reimbursed)) - sum(item.amount for item in (*taxes, *kept))
    return Payslip(
        employee_id="e", employee="Ada Quill", department=draw(st.sampled_from(["Shop", "Roastery"])), net_pay=net,
        earnings=earnings, employee_taxes=taxes, employer_taxes=items("FICA"), deductions=kept,
        contributions=items("401k"), reimbursements=reimbursed,
    )  # fmt: skip


@given(st.lists(payslips(), min_size=1, max_size=5))
def test_payroll_ties_to_its_own_register_and_cash_empties_clearing(slips):
    taxes = sum(item.amount for slip in slips for item in (*slip.employee_taxes, *slip.employer_taxes))
    run = PayrollRun(
        external_id="r", booked_on=ON, currency="USD", period_start=ON, period_end=ON, kind="regular", payslips=tuple(slips),
        net_pay_pull=sum(slip.net_pay for slip in slips), tax_pull=taxes,
    )  # fmt: skip
    entries = drafts(run)
    assert register_to_ledger(run, entries[0].lines if entries else ()) == ()
    cash = [payroll_cash_entry(pull, ON) for pull in payroll_cash_lines(run)]
    left = balances([*entries, *cash])
    assert [left.get(role, 0) for role in ("net-pay-clearing", "ee-tax-payable", "er-tax-payable")] == [0, 0, 0]


@given(SIGNED, st.lists(st.integers(0, 10**6), min_size=1, max_size=9).filter(any))
def test_split_shares_sum_to_the_total(total, weights):
    assert sum(split(total, weights)) == total


def test_every_record_class_has_a_rule_or_is_evidence():
    classes = [
        one
        for one in vars(records).values()
        if isinstance(one, type) and issubclass(one, records.Record) and one is not records.Record
    ]
    unanswered = [
        one.__name__ for one in classes if one not in EVIDENCE and draft.dispatch(one) is draft.dispatch(records.Record)
    ]
    assert unanswered == []


def test_record_class_without_a_rule_is_an_exception():
    class Novelty(records.Record):
        pass

    with pytest.raises(Unbookable, match="Novelty"):
        drafts(Novelty(external_id="x", booked_on=ON, currency="USD"))


def test_evidence_makes_no_entry():
    line = records.BankLine(external_id="x", booked_on=ON, currency="USD", account="a", amount=5, description="")
    assert drafts(line) == ()
    assert drafts(records.Skipped(external_id="x", booked_on=ON, currency="USD", reason="nil pair")) == ()


def test_sale_of_nothing_makes_no_entry():
    assert drafts(Sale(external_id="x", booked_on=ON, currency="USD", amount=0)) == ()


def test_clearing_accounts_of_two_providers_stay_apart():
    sale = Sale(external_id="x", booked_on=ON, currency="USD", amount=5)
    assert {drafts(sale, provider=slug)[0].lines[0].key for slug in ("one", "two")} == {"one", "two"}


def test_contra_roles_stand_against_their_type():
    assert (ROLES["returns"].type, ROLES["returns"].side) == ("income", "debit")
    assert (ROLES["owner-draw"].type, ROLES["owner-draw"].side) == ("equity", "debit")
