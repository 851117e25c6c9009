"""A change of the mapping: what it would move, what it moves, and what stands (N7)."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.db import connection
from django.db.models import Sum
from django.test.utils import CaptureQueriesContext

from clients.tenancy import client_context
from integrations import jobs
from integrations.models import SyncJob
from integrations.records import Goods, Order, Tax
from ledger import booking, mapping, remapping
from ledger.mapping import MappingError
from ledger.models import JournalEntry, JournalLine, MatchMember, Period
from tests.ledger import scene

pytestmark = pytest.mark.django_db
MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)


@pytest.fixture
def books(standing, db):
    with client_context(standing[1].client.pk):
        yield standing[1]


@pytest.fixture
def change(standing, books):
    """``change(role="sales", key="online", number="4010")``: Bob's draft from March on, tested."""
    world = standing[0]

    def run(locked_months="stay", **named):
        version = mapping.draft(books.client, by=world.bob, effective_from=MARCH)
        mapping.set_rule(version, account=books.account(named.pop("number")), by=world.bob, **named)
        mapping.submit(version, note="Changed", effective_from=MARCH, by=world.bob, locked_months=locked_months)
        mapping.mark_tested(version, MARCH, by=world.bob)
        return version

    return run


@pytest.fixture
def put_in_force(standing, books):
    def run(version):
        remapping.put_in_force(version, by=standing[0].alice)
        return remapping.follow(books.client)

    return run


def net(books, number, **narrowed):
    """Debit − credit of all lines on an account."""
    lines = JournalLine.objects.filter(client=books.client, account=books.account(number), **narrowed)
    sums = lines.aggregate(debit=Sum("debit_minor", default=0), credit=Sum("credit_minor", default=0))
    return sums["debit"] - sums["credit"]


def online(books):
    return net(books, "4020", role="sales")


def seen(books):
    return remapping.preview(books.client, mapping.load_draft(books.client.pk))


def test_the_preview_names_entries_months_and_accounts_and_changes_nothing(books, change):
    before, entries = online(books), JournalEntry.objects.filter(client=books.client).count()
    change(role="sales", key="online", number="4090")
    found = seen(books)
    (march,) = found.months
    assert (str(march.month), march.is_closed, found.entries, found.lines) == ("2026-03", False, 16, 16)
    assert [(str(account), by) for account, by in found.changes()] == [
        ("4020 Online store sales", before),
        ("4090 Refunds and discounts", -before),
    ]
    assert found.net_income(march) == 0
    assert (online(books), JournalEntry.objects.filter(client=books.client).count()) == (before, entries)


def test_a_move_between_profit_and_balance_sheet_shows_in_the_profit(books, change):
    change(role="merchant-fees", number="1900")
    found = seen(books)
    assert found.net_income(found.months[0]) == net(books, "6510", role="merchant-fees")


def test_a_draft_that_changes_nothing_moves_nothing(books, change):
    change(role="sales", key="online", number="4020")
    assert seen(books).months == []


def test_the_preview_asks_the_same_number_of_queries_for_one_role_and_for_many(books, change):
    change(role="sales", key="online", number="4090")
    with CaptureQueriesContext(
        connection,
    ) as one:
        seen(books)
    for role in ("merchant-fees", "returns", "sales-tax-payable"):
        change(role=role, number="1900")
    with CaptureQueriesContext(connection) as many:
        assert seen(books).entries > 16
    assert len(many) == len(one)


def test_what_was_posted_follows_and_every_line_remembers_its_version(books, change, put_in_force):
    before, shop = online(books), net(books, "4090")
    version = change(role="sales", key="online", number="4090")
    assert put_in_force(version) == 32
    assert (online(books), net(books, "4090")) == (0, shop + before)
    newest = JournalEntry.objects.filter(client=books.client, purpose="sale", mapping_version_id=version.pk)
    assert set(newest.values_list("revision", flat=True)) == {1}
    assert newest.count() == 16
    assert remapping.follow(books.client) == 0
    assert remapping.preview(books.client, mapping.load(books.client.pk).versions[0]).months == []


def test_reverting_puts_every_figure_back(standing, books, change, put_in_force):
    before = online(books)
    first = mapping.load(books.client.pk).versions[0]
    put_in_force(change(role="sales", key="online", number="4090"))
    to = mapping.MappingVersion.objects.get(pk=first.version_id)
    back = mapping.revert(to, by=standing[0].bob, effective_from=MARCH)
    with pytest.raises(MappingError, match="not been tested"):
        remapping.put_in_force(back, by=standing[0].alice)
    mapping.mark_tested(back, MARCH, by=standing[0].bob)
    put_in_force(back)
    assert online(books) == before


def test_a_locked_month_stays_as_it_was_signed(books, change, put_in_force):
    Period.objects.filter(client=books.client, month=MARCH).update(state="locked")
    before = online(books)
    version = change(role="sales", key="online", number="4090")
    assert seen(books).has_closed
    assert put_in_force(version) == 0
    assert online(books) == before


def test_or_an_adjusting_entry_in_the_first_open_month_moves_its_sums_once(books, change, put_in_force):
    Period.objects.filter(client=books.client, month=MARCH).update(state="locked")
    before = online(books)
    assert put_in_force(change("adjust", role="sales", key="online", number="4090")) == 1
    made = JournalEntry.objects.get(client=books.client, purpose=remapping.PURPOSE)
    assert (made.booked_on, made.reason) == (APRIL, "Mapping v2: Changed")
    assert net(books, "4020", entry=made) == -before
    assert net(books, "4090", entry=made) == before
    assert net(books, "4020", booked_on__lt=APRIL, role="sales") == before
    # The next change starts from where the first one left it.
    assert put_in_force(change("adjust", role="sales", key="online", number="1900")) == 1
    assert (online(books), net(books, "4090", role="sales"), net(books, "1900", role="sales")) == (0, 0, before)


def test_an_entry_that_a_bank_line_is_matched_with_stands_and_an_adjusting_entry_moves_its_sum(
    books, change, put_in_force
):
    matched = set(MatchMember.objects.filter(client=books.client, is_live=True).values_list("entry_id", flat=True))
    lines = JournalLine.objects.filter(client=books.client, role="in-transit", entry_id__in=matched)
    assert lines.exists(), "the scene matches payouts with their bank lines"
    transit = net(books, "1220")
    version = change(role="in-transit", number="1900")
    assert seen(books).months[0].kept
    put_in_force(version)
    assert not JournalEntry.objects.filter(client=books.client, reverses_id__in=matched - {None}).exists()
    assert (net(books, "1220"), net(books, "1900", role="in-transit")) == (0, transit)


def test_an_account_that_a_person_chose_does_not_move(books, change):
    line = JournalLine.objects.filter(client=books.client, role="sales", key="online").first()
    version = change(role="sales", key="online", number="4090")
    resolver = remapping.Resolver(
        mapping.load(books.client.pk), mapping.load_draft(books.client.pk), version.effective_from
    )
    asked = remapping.DraftLine("sales", key="online")
    assert resolver.rule(asked, line.account_id, "stripe", remapping.NO_TRAITS) is not None
    assert resolver.rule(asked, books.account("3000").pk, "stripe", remapping.NO_TRAITS) is None


def test_a_rule_for_one_channel_moves_that_channel_and_tags_its_lines(books, change, put_in_force):
    tax = net(books, "2300", role="sales-tax-payable")
    version = change(role="sales-tax-payable", channel="Online", number="1900", to_class="Web")
    assert seen(books).entries == 16
    put_in_force(version)
    moved = net(books, "1900", role="sales-tax-payable", klass="Web")
    assert moved == -16 * 3_100
    assert net(books, "2300", role="sales-tax-payable") == tax - moved
    # A change of the tag alone is a change, and the channel is still known behind it.
    other = change(role="sales-tax-payable", channel="Online", number="1900", to_class="Shop online")
    put_in_force(other)
    assert net(books, "1900", klass="Web", entry__reversals__isnull=True, entry__reverses__isnull=True) == 0


def test_what_stands_is_moved_once_by_each_of_several_changes_of_one_channel(books, change, put_in_force):
    Period.objects.filter(client=books.client, month=MARCH).update(state="locked")
    role, moved = "sales-tax-payable", -16 * 3_100
    rest = net(books, "2300", role=role) - moved
    for number in ("1900", "6520", "4090"):
        put_in_force(change("adjust", role=role, channel="Online", number=number))
        found = {one: net(books, one, role=role) for one in ("2300", "1900", "6520", "4090")}
        assert found == {"2300": rest, "1900": 0, "6520": 0, "4090": 0} | {number: moved}


def test_a_changed_draft_has_to_be_tested_again(standing, books, change):
    version = change(role="sales", key="online", number="4090")
    mapping.set_rule(version, role="fx", account=books.account("6520"), by=standing[0].bob)
    with pytest.raises(MappingError, match="not been tested since it changed"):
        remapping.put_in_force(version, by=standing[0].alice)


@pytest.fixture
def lease(books):
    """A refresh under way, whose lease has already run out."""
    job = jobs.enqueue(books.client.pk, "refresh", "refresh:remapped")
    held = jobs.claim(job.pk)
    SyncJob.objects.filter(pk=job.pk).update(lease_until=datetime(2026, 4, 1, tzinfo=UTC))
    return held


def test_a_long_move_renews_its_lease_after_every_step(standing, books, change, lease, monkeypatch):
    monkeypatch.setattr(remapping, "BATCH", 5)
    steps, before = [], net(books, "4020", role="sales")

    def renew():
        lease.renew()
        steps.append(online(books))

    remapping.put_in_force(change(role="sales", key="online", number="4090"), by=standing[0].alice)
    assert remapping.follow(books.client, renew) == 32
    assert [before < left < 0 for left in steps] == [True, True, True, False], "16 entries in steps of five"
    assert steps[-1] == 0
    assert SyncJob.objects.get(pk=lease.job_id).lease_until > datetime.now(UTC)


def test_whoever_takes_a_long_move_over_goes_on_where_it_stopped(standing, books, change, lease, monkeypatch):
    monkeypatch.setattr(remapping, "BATCH", 5)
    before, shop = online(books), net(books, "4090")
    version = change(role="sales", key="online", number="4090")
    remapping.put_in_force(version, by=standing[0].alice)
    lease.fence -= 1  # another worker's claim is newer
    with pytest.raises(jobs.LeaseLost):
        remapping.follow(books.client, lease.renew)
    version.refresh_from_db()
    assert version.moved_at is None
    assert before < online(books) < 0
    assert remapping.follow(books.client) == 22
    assert (online(books), net(books, "4090")) == (0, shop + before)
    assert remapping.follow(books.client) == 0


def test_adjusting_entries_are_made_once_though_the_rest_takes_several_steps(books, change, put_in_force, monkeypatch):
    monkeypatch.setattr(remapping, "BATCH", 3)
    Period.objects.filter(client=books.client, month=MARCH).update(state="locked")
    before = online(books)
    assert put_in_force(change("adjust", role="sales", key="online", number="4090")) == 1
    assert net(books, "4090", role="sales", booked_on=APRIL) == before


def test_what_was_posted_follows_a_rule_for_one_type_of_goods_and_one_jurisdiction(books, change, put_in_force):
    day = date(2026, 3, 9)
    for key, product, place in (
        ("o1", "Rope", "Maine"),
        ("o2", "Sails", "Maine"),
        ("o3", "Rope", "Ohio"),
        ("o4", "", ""),
    ):
        taxes, goods = (Tax(amount=100, jurisdiction=place),), (Goods(amount=1_000, product=product),)
        scene.fact(books, "stripe", "balance_transactions", Order(
            external_id=key, booked_on=day, currency="USD", amount=1_100, goods=goods, taxes=taxes, channel="online",
            shipping=0,
        ))  # fmt: skip
    first = change(role="sales", number="4020")
    put_in_force(first)
    booking.book(books.client)
    before = net(books, "1210", role="clearing")
    version = change(role="clearing", number="1900", product="Rope", jurisdiction="Maine")
    assert seen(books).entries == 1
    assert put_in_force(version) == 2
    assert net(books, "1900", role="clearing") == 1_100
    assert net(books, "1210", role="clearing") == before - 1_100
    assert remapping.preview(books.client, mapping.load(books.client.pk).versions[0]).months == []
