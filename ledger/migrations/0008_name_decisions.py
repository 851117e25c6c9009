"""What people decided about names that look alike."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from clients.tenancy import client_table


class Migration(migrations.Migration):

    dependencies = [
        ('clients', '0002_inventory'),
        ('ledger', '0007_posting_modes'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='NameDecision',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('Vendor', 'Vendor'), ('Customer', 'Customer')], max_length=8)),
                ('first', models.CharField(db_collation='C', max_length=200)),
                ('second', models.CharField(db_collation='C', max_length=200)),
                ('kept', models.CharField(blank=True, db_collation='C', max_length=200)),
                ('decided_at', models.DateTimeField(auto_now_add=True)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='clients.client')),
                ('decided_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['kind', 'first', 'second'],
                'constraints': [models.UniqueConstraint(fields=('client', 'kind', 'first', 'second'), name='name_decided_once'), models.CheckConstraint(condition=models.Q(('first__lt', models.F('second'))), name='name_pair_in_order'), models.CheckConstraint(condition=models.Q(('kept', ''), ('kept', models.F('first')), ('kept', models.F('second')), _connector='OR'), name='name_kept_is_one_of_them')],
            },
        ),
        client_table("ledger_namedecision", grants="SELECT, INSERT, DELETE"),
    ]
