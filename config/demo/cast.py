"""The practice Larkfield Ledger, its people and its clients. All fictional."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from allauth.account.models import EmailAddress
from django.db import transaction

from clients import catalogue, groups
from clients.models import Assignment, AuditEvent, Client, Membership, Practice, Role, StackItem, User
from clients.tenancy import client_context, practice_context
from config.demo import stack

CUT_OVER = date(2026, 1, 1)
#: name, address, role, sees payroll, clients assigned ('' = none needed).
PEOPLE = (
    ("Rowan Oakes", "rowan@larkfield.example", Role.CONTROLLER, True, ()),
    ("Helen Kerr", "helen@larkfield.example", Role.CONTROLLER, True, ()),
    (
        "Jules Tan",
        "jules@larkfield.example",
        Role.STAFF,
        True,
        ("kestrel", "quillfeather", "brambling", "tamarack", "osprey"),
    ),
    ("Sam Vale", "sam@larkfield.example", Role.STAFF, False, ("brambling",)),
    ("Ada Lark", "ada@larkfield.example", Role.ADMIN, True, ()),
    ("Nora Pine", "nora@kestrelandpine.example", Role.CLIENT, False, ("kestrel",)),
    ("Piers Quill", "piers@quillfeather.example", Role.CLIENT, False, ("quillfeather",)),
)
CLIENTS = (
    ("kestrel", "Kestrel and Pine Outfitters", Client.Stage.LIVE, CUT_OVER),
    ("quillfeather", "Quillfeather Coffee Roasters", Client.Stage.LIVE, CUT_OVER),
    ("brambling", "Brambling Studio", Client.Stage.ONBOARDING, None),
    ("tamarack", "Tamarack Trading", Client.Stage.LIVE, CUT_OVER),
    ("osprey", "Osprey Field Works", Client.Stage.LIVE, CUT_OVER),
)
#: Companies of one owner. Their books hold no accounts between them, so no pair is declared.
GROUP = ("Northwater Holdings", ("osprey", "tamarack"))


@dataclass(frozen=True)
class Cast:
    """The people of the demonstration by what they do, and its clients."""

    practice: Practice
    controller: User
    second_controller: User
    bookkeeper: User
    admin: User
    client_user: User
    clients: dict[str, Client]


@transaction.atomic
def seed() -> Cast:
    """Make the practice, its people and clients, or find them again."""
    practice, _ = Practice.objects.get_or_create(slug="larkfield", defaults={"name": "Larkfield Ledger"})
    people = {email: _person(name, email) for name, email, *_ in PEOPLE}
    controller, bookkeeper = people["rowan@larkfield.example"], people["jules@larkfield.example"]
    clients = {}
    for slug, name, stage, cut_over in CLIENTS:
        clients[slug], _ = Client.objects.get_or_create(
            practice=practice,
            slug=slug,
            defaults={
                "name": name, "stage": stage, "cut_over_on": cut_over, "timezone": "America/Los_Angeles", "home_currency": "USD",
                "preparer": bookkeeper, "controller": controller, "materiality_minor": 50_000,
            },
        )  # fmt: skip
    for _name, email, role, payroll, assigned in PEOPLE:
        membership, _ = Membership.objects.get_or_create(
            practice=practice, user=people[email], defaults={"role": role, "sees_payroll": payroll}
        )
        for slug in assigned:
            with client_context(clients[slug].pk):
                Assignment.objects.get_or_create(membership=membership, client=clients[slug])
    _group(practice, clients, by=controller)
    for client in clients.values():
        _inventory(client, complete=client.cut_over_on is not None)
    return Cast(
        practice, controller, people["helen@larkfield.example"], bookkeeper, people["ada@larkfield.example"],
        people["nora@kestrelandpine.example"], clients,
    )  # fmt: skip


def _person(name: str, email: str) -> User:
    user = User.objects.filter(email=email).first()
    if user is None:
        user = User.objects.create_user(email, None, name=name)
        EmailAddress.objects.create(user=user, email=email, verified=True, primary=True)
    return user


def _group(practice: Practice, clients: dict[str, Client], *, by: User) -> None:
    """The group, once: what people made of it since stays."""
    name, members = GROUP
    with practice_context(practice.pk):
        if not AuditEvent.objects.filter(practice=practice, client=None, action="group.made").exists():
            groups.make(practice, name, [clients[slug] for slug in members], by=by)


def _inventory(client: Client, *, complete: bool) -> None:
    """Everything the company says it uses, or as much of it as is known while it is being onboarded."""
    used = stack.used(client)
    with client_context(client.pk):
        for slug in used if complete else used[:1]:
            system = catalogue.BY_SLUG[slug]
            StackItem.objects.get_or_create(
                client=client,
                system=slug,
                defaults={"category": system.category, "route": system.route, "access_state": "granted"},
            )
