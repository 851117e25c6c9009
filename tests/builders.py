"""The people and companies of the tests: one practice with everyone in it, and a stranger's.

Alice controls, Bob keeps the books of Kestrel and Quillfeather (not Brambling), Carol is a second controller, Dan
administers, Erin is Kestrel's own user. Charlie works for another firm that keeps Wren's books.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from clients.models import Assignment, Client, Membership, Practice, Role, User
from clients.tenancy import client_context

PASSWORD = "a long enough passphrase"
CUT_OVER = date(2026, 1, 1)


@dataclass(frozen=True)
class World:
    practice: Practice
    other_practice: Practice
    alice: User
    bob: User
    carol: User
    dan: User
    erin: User
    charlie: User
    kestrel: Client
    quillfeather: Client
    brambling: Client
    wren: Client


def practice(name: str = "Larkfield Ledger", slug: str = "larkfield") -> Practice:
    return Practice.objects.create(name=name, slug=slug)


def user(name: str) -> User:
    """A person with a verified address ``<first name>@people.example`` and no second factor yet."""
    from allauth.account.models import EmailAddress

    person = User.objects.create_user(f"{name.split(maxsplit=1)[0].lower()}@people.example", PASSWORD, name=name)
    EmailAddress.objects.create(user=person, email=person.email, verified=True, primary=True)
    return person


def member(of: Practice, person: User, role: str, *clients: Client, sees_payroll: bool = False) -> Membership:
    membership = Membership.objects.create(practice=of, user=person, role=role, sees_payroll=sees_payroll)
    for company in clients:
        assign(membership, company)
    return membership


def assign(membership: Membership, company: Client) -> Assignment:
    with client_context(company.pk):
        return Assignment.objects.create(membership=membership, client=company)


def client(of: Practice, name: str, slug: str, **fields: Any) -> Client:
    given = {
        "timezone": "America/Los_Angeles",
        "home_currency": "USD",
        "cut_over_on": CUT_OVER,
        "stage": "live",
        **fields,
    }
    return Client.objects.create(practice=of, name=name, slug=slug, **given)


def world() -> World:
    firm, other = practice(), practice("Harrow and Finch", "harrow-and-finch")
    alice, bob, carol, dan, erin, charlie = (
        user(name) for name in ("Alice Arden", "Bob Birch", "Carol Cole", "Dan Dale", "Erin Eaves", "Charlie Crane")
    )
    kestrel = client(firm, "Kestrel and Pine Outfitters", "kestrel", preparer=bob, controller=alice)
    quillfeather = client(firm, "Quillfeather Coffee Roasters", "quillfeather", preparer=bob, controller=alice)
    brambling = client(firm, "Brambling Studio", "brambling", cut_over_on=None, stage="onboarding")
    wren = client(other, "Wren Press", "wren", preparer=charlie)
    member(firm, alice, Role.CONTROLLER)
    member(firm, bob, Role.STAFF, kestrel, quillfeather, sees_payroll=True)
    member(firm, carol, Role.CONTROLLER)
    member(firm, dan, Role.ADMIN)
    member(firm, erin, Role.CLIENT, kestrel)
    member(other, charlie, Role.STAFF, wren)
    return World(
        practice=firm,
        other_practice=other,
        alice=alice,
        bob=bob,
        carol=carol,
        dan=dan,
        erin=erin,
        charlie=charlie,
        kestrel=kestrel,
        quillfeather=quillfeather,
        brambling=brambling,
        wren=wren,
    )


def sign_in(browser: Any, person: User, *, second_factor: bool = True) -> Any:
    """Sign a Django test client in as that person, with a second factor proven just now unless told otherwise."""
    import time

    from allauth.mfa.models import Authenticator

    browser.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
    if second_factor:
        Authenticator.objects.get_or_create(
            user=person, type=Authenticator.Type.TOTP, defaults={"data": {"secret": "unused"}}
        )
        session = browser.session
        now = time.time()
        session["account_authentication_methods_user"] = str(person.pk)
        session["account_authentication_methods"] = [
            {"method": "password", "at": now, "email": person.email},
            {"method": "mfa", "at": now, "type": "totp"},
        ]
        session.save()
    return browser
