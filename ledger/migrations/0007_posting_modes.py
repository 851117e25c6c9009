"""How the rows of a stream go out together, and one more kind of exception: a payout that is not complete."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from clients.tenancy import append_only, client_table

#: A choice about days of a closed month would change what was signed.
OPEN_DAYS = """
CREATE FUNCTION ledger_posting_mode_is_open() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    IF EXISTS (SELECT FROM ledger_period p WHERE p.client_id = NEW.client_id AND p.state <> 'open'
                AND p.month = date_trunc('month', NEW.effective_from::timestamp)::date FOR SHARE) THEN
        RAISE EXCEPTION 'a posting mode changes in an open month'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'posting_mode_period_is_open';
    END IF;
    IF NOT EXISTS (SELECT FROM integrations_connection c WHERE c.id = NEW.connection_id AND c.client_id = NEW.client_id) THEN
        RAISE EXCEPTION 'the connection is of another client'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'posting_mode_is_of_its_client';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER posting_mode_is_open BEFORE INSERT ON ledger_postingmode
    FOR EACH ROW EXECUTE FUNCTION ledger_posting_mode_is_open();
"""
OPEN_DAYS_BACK = """
DROP TRIGGER posting_mode_is_open ON ledger_postingmode;
DROP FUNCTION ledger_posting_mode_is_open();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('clients', '0002_inventory'),
        ('integrations', '0006_health'),
        ('ledger', '0006_mapping_conditions'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name='ledgerexception',
            name='kind',
            field=models.CharField(choices=[('unmapped', 'No account mapped'), ('unknown', 'Unknown type'), ('payload', 'Unreadable record'), ('duplicate', 'Possible duplicate'), ('overlap', 'Booked by another route'), ('closed', 'Dated in a closed month'), ('held', 'Payout held until it is complete'), ('refused', 'Refused by the accounting system'), ('uncertain', 'Posted or not, nobody answered'), ('login', 'Login expired'), ('stale', 'Not synced'), ('slowed', 'Slowed by the provider'), ('expiring', 'Access ends soon'), ('missing', 'Missing here'), ('mirror', 'Changed in the accounting system')], max_length=10),
        ),
        migrations.CreateModel(
            name='PostingMode',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('stream', models.CharField(max_length=60)),
                ('mode', models.CharField(choices=[('event', 'One document for each record'), ('day', 'One document a day for each channel'), ('payout', 'One document a payout, equal to the deposit')], max_length=6)),
                ('effective_from', models.DateField()),
                ('chosen_at', models.DateTimeField(auto_now_add=True)),
                ('chosen_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='clients.client')),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='integrations.connection')),
            ],
            options={
                'ordering': ['effective_from', 'id'],
                'constraints': [models.CheckConstraint(condition=models.Q(('mode__in', ['event', 'day', 'payout'])), name='posting_mode_is_known')],
            },
        ),
        client_table("ledger_postingmode", grants="SELECT, INSERT"),
        append_only("ledger_postingmode"),
        migrations.RunSQL(sql=OPEN_DAYS, reverse_sql=OPEN_DAYS_BACK),
    ]
