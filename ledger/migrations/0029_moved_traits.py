"""What the records said whose sums an adjusting entry of a mapping moved."""

import django.db.models.deletion
from django.db import migrations, models

from clients.tenancy import append_only, client_table


class Migration(migrations.Migration):

    dependencies = [
        ('clients', '0003_client_groups'),
        ('ledger', '0028_goods_and_taxes'),
    ]

    operations = [
        migrations.CreateModel(
            name='MovedTraits',
            fields=[
                ('entry', models.OneToOneField(db_constraint=False, on_delete=django.db.models.deletion.DO_NOTHING, primary_key=True, related_name='moved_traits', serialize=False, to='ledger.journalentry')),
                ('channel', models.TextField(blank=True)),
                ('location', models.TextField(blank=True)),
                ('tender', models.TextField(blank=True)),
                ('product', models.TextField(blank=True)),
                ('jurisdiction', models.TextField(blank=True)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='clients.client')),
            ],
        ),
        client_table('ledger_movedtraits', grants='SELECT, INSERT'),
        append_only('ledger_movedtraits'),
    ]
