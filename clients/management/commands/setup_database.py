"""``manage.py setup_database``: role, database, tables, grants; may be run again at any time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management import BaseCommand, CommandError, call_command
from django.db import connections
from django.db.migrations.loader import MigrationLoader

from clients import provisioning

if TYPE_CHECKING:
    from django.db.backends.base.base import BaseDatabaseWrapper


class Command(BaseCommand):
    help = "Make the app's role and the database if needed, migrate as the owner, and grant."
    requires_system_checks: list[str] = []

    def handle(self, *_args: Any, **options: Any) -> None:
        owner, app = settings.DATABASES["owner"], settings.DATABASES["default"]
        with provisioning.connect(owner, provisioning.MAINTENANCE) as server:
            if provisioning.make_role(server, settings.DATABASE_APP_ROLE, str(app["PASSWORD"])):
                self.stdout.write(f"role {settings.DATABASE_APP_ROLE} made")
            if provisioning.make_database(server, str(owner["NAME"])):
                self.stdout.write(f"database {owner['NAME']} made")
        with provisioning.connect(owner, str(owner["NAME"])) as database:
            provisioning.grant_future(database, settings.DATABASE_APP_ROLE)
            refuse_another_version(connections["owner"])
            call_command("migrate", database="owner", interactive=False, verbosity=options["verbosity"] - 1)
            call_command("createcachetable", database="owner", verbosity=0)
            provisioning.narrow(database, settings.DATABASE_APP_ROLE)
        self.stdout.write("database ready")


def refuse_another_version(connection: BaseDatabaseWrapper) -> None:
    """One clear line for a database that a newer or another version of this program migrated. Raises CommandError."""
    loader = MigrationLoader(connection)
    unknown = sorted(
        f"{app}.{name}"
        for app, name in loader.applied_migrations
        if app in loader.migrated_apps and (app, name) not in loader.disk_migrations
    )
    if unknown:
        raise CommandError(
            f"the database is of another version of this program: it holds {unknown[0]}, which this one does not know; "
            "run that version, or begin with an empty database"
        )
