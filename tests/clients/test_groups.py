"""Groups of clients: made, changed and dissolved by a controller after a look at what it does; the database keeps the rest out."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from clients import groups
from clients.groups import GroupError
from clients.models import AuditEvent, Client, ClientGroup
from clients.tenancy import client_context, practice_context
from tests import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice(world, client):
    return builders.sign_in(client, world.alice)


@pytest.fixture
def pine(world):
    with practice_context(world.practice.pk):
        return groups.make(world.practice, "Pine", [world.kestrel, world.brambling], by=world.alice)


def there(world):
    """The names of the practice's groups."""
    with practice_context(world.practice.pk):
        return list(ClientGroup.objects.values_list("name", flat=True))


def members(group):
    return {member.slug for member in Client.objects.filter(group=group)}


def acts(world, company):
    with client_context(company.pk):
        return list(AuditEvent.objects.filter(client=company).order_by("number").values_list("action", "subject"))


def test_making_a_group_is_shown_first_and_kept_when_confirmed(world, alice):
    given = {"name": "Pine Holdings", "company": ["kestrel", "quillfeather"]}
    asked = alice.post("/groups/new/", given)
    assert "Kestrel and Pine Outfitters joins" in asked.content.decode()
    assert there(world) == []
    answer = alice.post("/groups/new/", given | {"confirm": "yes"})
    with practice_context(world.practice.pk):
        group = ClientGroup.objects.get()
        trail = AuditEvent.objects.get(client=None)
    assert answer.headers["Location"] == f"/groups/{group.pk}/"
    assert members(group) == {"kestrel", "quillfeather"}
    assert (trail.action, trail.subject) == ("group.made", "Pine Holdings")
    assert acts(world, world.kestrel) == [("group.joined", "Pine Holdings")]


def test_an_edit_says_who_joins_and_who_leaves(world, alice, pine):
    given = {"name": "Pine and Quill", "company": ["kestrel", "quillfeather"]}
    said = alice.post(f"/groups/{pine.pk}/edit/", given).content.decode()
    assert "It is called Pine and Quill from now on" in said
    assert "Quillfeather Coffee Roasters joins" in said
    assert "Brambling Studio leaves" in said
    assert members(pine) == {"kestrel", "brambling"}
    alice.post(f"/groups/{pine.pk}/edit/", given | {"confirm": "yes"})
    assert members(pine) == {"kestrel", "quillfeather"}
    assert there(world) == ["Pine and Quill"]
    assert acts(world, world.brambling) == [("group.joined", "Pine"), ("group.left", "Pine and Quill")]


def test_dissolving_asks_first_and_leaves_the_companies(world, alice, pine):
    assert "Dissolve Pine?" in alice.post(f"/groups/{pine.pk}/dissolve/").content.decode()
    assert there(world) == ["Pine"]
    alice.post(f"/groups/{pine.pk}/dissolve/", {"confirm": "yes"})
    assert there(world) == []
    world.kestrel.refresh_from_db()
    assert world.kestrel.group_id is None
    assert acts(world, world.kestrel) == [("group.joined", "Pine"), ("group.left", "Pine")]


@pytest.mark.parametrize(
    ("name", "companies", "why"),
    [
        (" ", ["quillfeather", "kestrel"], "has a name"),
        ("x" * 121, ["quillfeather", "kestrel"], "at most 120"),
        ("PINE", ["quillfeather"], "called PINE already"),
        ("Larch", ["quillfeather"], "two companies or more"),
        ("Larch", ["quillfeather", "kestrel"], "Kestrel and Pine Outfitters is in another group"),
    ],
)
def test_what_cannot_be_a_group_is_refused_with_the_reason(world, alice, pine, name, companies, why):
    answer = alice.post("/groups/new/", {"name": name, "company": companies, "confirm": "yes"})
    assert answer.status_code == 422
    assert why in answer.content.decode()
    assert there(world) == ["Pine"]


def test_another_practices_company_does_not_come_along(world, alice):
    alice.post("/groups/new/", {"name": "Wide", "company": ["kestrel", "quillfeather", "wren"], "confirm": "yes"})
    world.wren.refresh_from_db()
    assert world.wren.group_id is None


def test_a_company_that_somebody_else_has_just_taken_is_refused(world, pine):
    stale = Client.objects.get(pk=world.kestrel.pk)
    stale.group_id = None
    with practice_context(world.practice.pk), pytest.raises(GroupError, match="has just put"):
        groups.make(world.practice, "Larch", [stale, world.quillfeather], by=world.carol)
    assert there(world) == ["Pine"]
    assert members(pine) == {"kestrel", "brambling"}


def test_bookkeepers_see_groups_and_do_not_make_them(world, client, pine):
    bob = builders.sign_in(client, world.bob)
    said = bob.get("/clients/").content.decode()
    assert f'href="/groups/{pine.pk}/"' in said
    assert "/groups/new/" not in said
    assert bob.post(f"/groups/{pine.pk}/dissolve/", {"confirm": "yes"}).status_code == 403
    assert there(world) == ["Pine"]


def test_the_list_of_clients_is_filtered_by_group(alice, pine):
    def shown(group):
        rows = alice.get(f"/clients/?group={group}").content.decode().split("<tbody")[1].split("</tbody>")[0]
        return {slug for slug in ("kestrel", "quillfeather", "brambling") if f'href="/c/{slug}/"' in rows}

    assert shown(pine.pk) == {"kestrel", "brambling"}
    assert shown("none") == {"quillfeather"}
    assert shown("") == {"kestrel", "quillfeather", "brambling"}


def test_a_stranger_finds_no_group(world, client, pine):
    charlie = builders.sign_in(client, world.charlie)
    assert charlie.get(f"/groups/{pine.pk}/").status_code == 404
    assert builders.sign_in(client, world.alice).get(f"/groups/{pine.pk + 1}/").status_code == 404


def test_the_database_keeps_a_company_out_of_another_practices_group(world, pine):
    with pytest.raises(IntegrityError, match="client_group_of_practice"), transaction.atomic():
        Client.objects.filter(pk=world.wren.pk).update(group=pine)


def test_another_practice_reads_and_writes_no_group(world, pine):
    with practice_context(world.other_practice.pk):
        assert not ClientGroup.objects.exists()
        assert ClientGroup.objects.filter(pk=pine.pk).update(name="Ours") == 0
        sql = "INSERT INTO clients_clientgroup (practice_id, name, made_by_id) VALUES (%s, 'Theirs', %s)"
        refused = pytest.raises(ProgrammingError, match="row-level security")
        with refused, transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, [world.practice.pk, world.charlie.pk])
