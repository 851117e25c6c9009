"""The facts still to be handled as a list of their own, so that a fact's state changes in place."""

from pathlib import Path

import django.db.models.deletion
from django.db import migrations, models

from clients.tenancy import client_table

HERE = Path(__file__).resolve().parent


class Migration(migrations.Migration):
    dependencies = [("integrations", "0003_app_budget")]

    operations = [
        migrations.CreateModel(
            name="WaitingFact",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "client_id", "fact_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "client",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="clients.client",
                    ),
                ),
                (
                    "fact",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="to_handle",
                        to="integrations.fact",
                    ),
                ),
            ],
        ),
        migrations.RunSQL(
            sql=(HERE / "0004_waiting_facts.sql").read_text(encoding="utf-8"),
            reverse_sql=(HERE / "0004_waiting_facts.back.sql").read_text(encoding="utf-8"),
        ),
        client_table("integrations_waitingfact", grants="SELECT"),
        migrations.RemoveIndex(model_name="fact", name="fact_to_handle"),
    ]
