"""An invitation opens one account, once, for a week, with the role it names."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client as Browser
from django.utils import timezone

from clients import invitations
from clients.models import Assignment, AuditEvent, Invitation, Membership, User
from clients.tenancy import client_context, practice_context, system_context
from tests import builders

pytestmark = pytest.mark.django_db
ANSWER = {"name": "Fay Fern", "password": "a new long passphrase"}


def invite(world, **fields):
    given = {"practice": world.practice, "by": world.dan, "email": "fay@people.example", "role": "staff"} | fields
    invitations.invite(**given)
    return re.search(r"/invitation/\S+", mail.outbox[-1].body).group(0)


def test_it_opens_an_account_with_its_role(world, client):
    client.post(invite(world), ANSWER)
    assert Membership.objects.get(user__email="fay@people.example").role == "staff"


def test_the_new_account_must_set_up_a_factor_first(world, client):
    response = client.post(invite(world), ANSWER)
    assert response.headers["Location"] == "/second-factor/"
    assert client.get("/clients/").headers["Location"] == "/second-factor/"


def test_it_works_once(world):
    link = invite(world)
    Browser().post(link, ANSWER)
    assert Browser().post(link, ANSWER | {"name": "Another"}).status_code == 410
    assert User.objects.filter(email="fay@people.example").count() == 1


def test_it_runs_out(world, client):
    link = invite(world)
    with system_context():
        Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert client.get(link).status_code == 410


def test_a_withdrawn_one_is_over(world, client):
    link = invite(world)
    with practice_context(world.practice.pk):
        invitations.withdraw(Invitation.objects.get(), by=world.dan)
    assert client.post(link, ANSWER).status_code == 410


def test_a_second_one_replaces_the_first(world, client):
    first = invite(world)
    second = invite(world)
    assert client.get(first).status_code == 410
    assert client.get(second).status_code == 200


def test_an_unknown_link_says_no_more_than_an_old_one(world, client):
    link = invite(world)
    Browser().post(link, ANSWER)
    said = [client.get(address).content.decode() for address in (link, "/invitation/" + "x" * 43 + "/")]
    assert len({re.sub(r'"X-CSRFToken": "\w+"', "", body) for body in said}) == 1


def test_only_the_hash_of_the_link_is_kept(world):
    token = invite(world).split("/")[2]
    with practice_context(world.practice.pk):
        kept = Invitation.objects.get()
    assert token not in str(vars(kept))


def test_a_client_user_sees_the_one_company_of_the_invitation(world, client):
    client.post(invite(world, role="client", client=world.quillfeather), ANSWER)
    with client_context(world.quillfeather.pk):
        assert Assignment.objects.filter(membership__user__email="fay@people.example").exists()
    with client_context(world.kestrel.pk):
        assert not Assignment.objects.filter(membership__user__email="fay@people.example").exists()


def test_a_client_invitation_names_a_company(world):
    with pytest.raises(invitations.InvitationRefused):
        invite(world, role="client")


def test_someone_who_belongs_is_not_invited_again(world):
    with pytest.raises(invitations.InvitationRefused):
        invite(world, email="Bob@People.example")


def test_a_weak_password_is_refused_and_the_link_stays_open(world, client):
    link = invite(world)
    assert "too short" in client.post(link, ANSWER | {"password": "short"}).content.decode()
    assert client.post(link, ANSWER).status_code == 302


def test_someone_with_an_account_keeps_their_password(world, client):
    link = invite(world, email=world.charlie.email)
    client.post(link, {"password": "an attempt to replace it"})
    world.charlie.refresh_from_db()
    assert world.charlie.check_password(builders.PASSWORD)
    assert Membership.objects.filter(user=world.charlie, practice=world.practice).exists()


def test_someone_with_an_account_is_not_signed_in_by_the_link(world, client):
    client.post(invite(world, email=world.charlie.email), {})
    assert client.get("/preferences/").status_code == 302


def test_sending_and_joining_are_in_the_trail(world, client):
    client.post(invite(world), ANSWER)
    with practice_context(world.practice.pk):
        assert list(AuditEvent.objects.order_by("number").values_list("action", flat=True)) == [
            "person.invited",
            "person.joined",
        ]


def test_the_page_sends_it(world, client):
    builders.sign_in(client, world.dan).post("/people/invite/", {"email": "gus@people.example", "role": "staff"})
    assert mail.outbox[-1].to == ["gus@people.example"]


def test_a_company_of_another_firm_cannot_be_named(world, client):
    response = builders.sign_in(client, world.dan).post(
        "/people/invite/", {"email": "gus@people.example", "role": "client", "client": "wren"}
    )
    assert response.status_code == 422
    assert mail.outbox == []
