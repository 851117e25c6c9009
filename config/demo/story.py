"""The demonstration, start to end: one clean company closed three months running, one with planted faults, one being onboarded,
and two whose stacks hold every other system, each proven.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from clients import catalogue
from clients.tenancy import client_context
from closeout import baseline
from closeout.models import Seal
from config.demo import consent, month, onboard, plants, register, stack, systems, truth, work
from config.demo.progress import heading, stage
from ledger.core.period import Month

if TYPE_CHECKING:
    from clients.models import Client
    from config.demo.cast import Cast

#: The companies whose stacks hold what the others have not.
WIDE = ("tamarack", "osprey")
RUNNING = ("kestrel", "quillfeather", *WIDE)
OPENING = Month(2025, 12)
MONTHS = (Month(2026, 1), Month(2026, 2), Month(2026, 3))


def play(cast: Cast, *, once: bool = False) -> bool:
    """Run the whole demonstration; True if every proof ties to the sandbox's truth. Finding it done costs seconds."""
    del once  # the same either way: serving is the caller's
    new = [cast.clients[slug] for slug in RUNNING if not _is_sealed(cast.clients[slug])]
    if new:
        heading(f"Onboarding {len(new)} companies")
        onboard.begin(new, cast)
    clean = clean_company(cast.clients["kestrel"], cast)
    faulty = faulty_company(cast.clients["quillfeather"], cast)
    new_company(cast.clients["brambling"], cast)
    wide = [wide_company(cast.clients[slug], cast) for slug in WIDE]
    return clean and faulty and all(wide)


def clean_company(client: Client, cast: Cast) -> bool:
    """Kestrel: connected, booked, and closed for January, February and March to signed PDFs."""
    heading(f"{client.name}: a clean company")
    _onboard(client, cast)
    register.take_over(client, cast)
    closed = _close(client, cast, MONTHS)
    return _ties(client, (OPENING, *MONTHS)) and closed


def faulty_company(client: Client, cast: Cast) -> bool:
    """Quillfeather: January and February closed, March blocked, every planted fault named by a check."""
    heading(f"{client.name}: faults planted in March")
    _onboard(client, cast)
    closed = _close(client, cast, MONTHS[:2])
    ties = _ties(client, (OPENING, *MONTHS[:2]))
    plants.plant(client, cast)
    with stage("March 2026: check") as line:
        month.check(client, cast, MONTHS[2])
        proven, total = month.counts(client, MONTHS[2])
        line.says(f"{proven} of {total} checks proven; the month is blocked")
    return _named(client) and ties and closed


def new_company(client: Client, cast: Cast) -> None:
    """Brambling: its accounting system is connected, the rest of its stack is still to be found."""
    heading(f"{client.name}: being onboarded")
    with stage("connect") as line:
        if consent.connection(client, "quickbooks-online") is None:
            consent.connect(client, "quickbooks-online", by=cast.bookkeeper)
        work.quiet(client)
        line.says("1 system; the wizard waits for the others")


def wide_company(client: Client, cast: Cast) -> bool:
    """Tamarack or Osprey: every system of a wide stack connected, booked and proven by itself and in the whole."""
    heading(f"{client.name}: {len(stack.used(client))} systems")
    _onboard(client, cast)
    ties = _ties(client, (OPENING, *MONTHS))
    known = truth.read(client)
    with client_context(client.pk):
        for proof in systems.prove(client, MONTHS, known):
            ties = ties and proof.ties
            print(f"    {catalogue.BY_SLUG[proof.slug].name:<20} {proof}", flush=True)
    if missing := stack.missing(client):
        print(f"    {'nobody reads yet':<20} {', '.join(missing)}", flush=True)
    return ties


def _onboard(client: Client, cast: Cast) -> None:
    if _is_sealed(client):
        return
    onboard.refresh(client)
    with stage("agree opening balances") as line, client_context(client.pk):
        seal = baseline.seal_opening(client, OPENING, by=cast.controller)
        line.says(f"{OPENING.label} sealed as {seal.code}")


def _is_sealed(client: Client) -> bool:
    with client_context(client.pk):
        return Seal.objects.filter(client=client).exists()


def _close(client: Client, cast: Cast, months: tuple[Month, ...]) -> bool:
    """Close months in their order; False at the first that cannot be closed."""
    return all(month.close_month(client, cast, each) for each in months)


def _ties(client: Client, months: tuple[Month, ...]) -> bool:
    """Print, month by month, whether every account's balance is the sandbox's truth to the cent."""
    known = truth.read(client)
    ties = True
    for each in months:
        with stage(f"{each.label}: against the truth") as line, client_context(client.pk):
            differences = truth.compare(client, each, known)
            unproven = truth.unproven(client, each, known) if each != OPENING else []
            accounts = sum(row["balance_minor"] != 0 for row in known["months"][str(each)].values())
            ties = ties and not differences and not unproven
            if differences:
                first = differences[0]
                line.says(
                    f"{len(differences)} accounts differ, first {first.account}: {first.actual} for {first.expected}"
                )
            elif unproven:
                line.says("; ".join(unproven))
            else:
                line.says(f"= {accounts} accounts, processor, banks and payroll, to the cent")
    return ties


def _named(client: Client) -> bool:
    """Print each planted fault beside what names it; False if one goes unnamed."""
    with client_context(client.pk):
        found = plants.named(client, MONTHS[2])
    for one in found:
        money = f"{one.amount_minor / 100:,.2f}" if one.amount_minor is not None else ""
        said = one.said or "NOT NAMED"
        print(f"    {one.fault.replace('_', ' '):<22} {money:>10}  {one.where:<5}  {said[:90]}", flush=True)
    return all(one.said for one in found)
