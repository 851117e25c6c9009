"""What payments settle in the accounting system."""

import django.db.models.deletion
from django.db import migrations, models

from clients.tenancy import client_table


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0002_guards'),
        ('ledger', '0023_form_940'),
    ]

    operations = [
        migrations.CreateModel(
            name='MirrorLink',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('source', models.CharField(max_length=60)),
                ('target', models.CharField(max_length=60)),
                ('booked_on', models.DateField()),
                ('place', models.PositiveSmallIntegerField(help_text='The order in which the payment names them.')),
                ('amount_minor', models.BigIntegerField()),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='clients.client')),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='integrations.connection')),
            ],
            options={
                'ordering': ['booked_on', 'source', 'place'],
                'constraints': [models.UniqueConstraint(fields=('client', 'connection', 'source', 'target'), name='mirror_link_once'), models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0)), name='mirror_link_is_something')],
            },
        ),
        migrations.RunSQL(
            sql="ALTER TABLE ledger_mirrorlink ADD CONSTRAINT mirror_link_connection_of_client FOREIGN KEY (client_id, connection_id)"
                " REFERENCES integrations_connection (client_id, id) DEFERRABLE INITIALLY DEFERRED",
            reverse_sql="ALTER TABLE ledger_mirrorlink DROP CONSTRAINT mirror_link_connection_of_client",
        ),
        client_table("ledger_mirrorlink"),
    ]
