"""Row-level security, append-only documents, and references that stay within a client."""

from pathlib import Path

from django.db import migrations

from clients.tenancy import append_only, client_table

HERE = Path(__file__).resolve().parent


class Migration(migrations.Migration):
    dependencies = [("integrations", "0001_initial")]

    operations = [
        client_table("integrations_connection", system=True, board=True, grants="SELECT, INSERT, UPDATE"),
        client_table("integrations_token"),
        client_table("integrations_ratebudget", grants="SELECT, INSERT, UPDATE"),
        client_table("integrations_streamstate", grants="SELECT, INSERT, UPDATE"),
        client_table("integrations_oauthattempt", system=True),
        client_table("integrations_syncjob", system=True),
        client_table("integrations_sourcedocument", grants="SELECT, INSERT"),
        client_table("integrations_fact", grants="SELECT, INSERT, UPDATE (state, reason)"),
        client_table("integrations_controltotal", grants="SELECT, INSERT, UPDATE"),
        client_table("integrations_webhookevent", system=True),
        client_table("integrations_fileimport", grants="SELECT, INSERT, UPDATE"),
        append_only("integrations_sourcedocument"),
        migrations.RunSQL(
            sql=(HERE / "0002_guards.sql").read_text(encoding="utf-8"),
            reverse_sql=(HERE / "0002_guards.back.sql").read_text(encoding="utf-8"),
        ),
    ]
