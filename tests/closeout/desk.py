"""At the desks: the shared scene without an open context, browsers signed in, and what a page says."""

from __future__ import annotations

from django.test import Client as Browser

from clients.tenancy import client_context
from closeout import package, workflow
from tests import builders
from tests.closeout import scene

JANUARY = "/c/kestrel/close/2026-01/"
PDF = b"%PDF-1.7 a package"


def standing():
    """Like the shared scene with its checks run, but with no context left open: pages open their own."""
    world = builders.world()
    with client_context(world.kestrel.pk):
        made = scene.build(world)
        workflow.run_checks(made.close)
    return made


def browser(books, who):
    return builders.sign_in(Browser(), getattr(books.world, who))


def ready(books):
    with client_context(books.client.pk):
        scene.make_ready(books)


def sealed(books):
    with client_context(books.client.pk):
        row = scene.sealed(books)
        package.publish(row, PDF, 9)
    return row


def inside(books):
    return client_context(books.client.pk)


def text(response):
    return " ".join(response.content.decode().split())
