"""What an account is kept in, and the document that another one voids."""

import django.db.models.deletion
from django.db import migrations, models

FROZEN = """
CREATE OR REPLACE FUNCTION ledger_outbox_is_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR (NEW.client_id, NEW.connection_id, NEW.type, NEW.booked_on, NEW.marker, NEW.payload_sha256, NEW.request_id,
            NEW.total_minor, NEW.approved_by_id{new}) IS DISTINCT FROM
           (OLD.client_id, OLD.connection_id, OLD.type, OLD.booked_on, OLD.marker, OLD.payload_sha256, OLD.request_id,
            OLD.total_minor, OLD.approved_by_id{old}) OR NEW.payload <> OLD.payload THEN
        RAISE EXCEPTION 'an approved document is frozen' USING ERRCODE = 'check_violation', CONSTRAINT = 'outbox_is_frozen';
    END IF;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0015_rollbacks'),
    ]

    operations = [
        migrations.AddField(
            model_name='account',
            name='currency',
            field=models.CharField(blank=True, db_default='', default='', help_text="What it is kept in; '' for the home currency.", max_length=3),
        ),
        migrations.AddField(
            model_name='outboxitem',
            name='voids',
            field=models.OneToOneField(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='voided_by', to='ledger.outboxitem'),
        ),
        migrations.RunSQL(
            sql=FROZEN.format(new=", NEW.voids_id", old=", OLD.voids_id"),
            reverse_sql=FROZEN.format(new="", old=""),
        ),
    ]
