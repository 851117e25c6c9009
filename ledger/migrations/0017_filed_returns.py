"""Payroll returns as they were filed."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from clients.tenancy import client_table


class Migration(migrations.Migration):

    dependencies = [
        ('clients', '0002_inventory'),
        ('ledger', '0016_currencies_and_voids'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='FiledReturn',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('form', models.CharField(choices=[('941', 'Form 941'), ('W-3', 'Form W-3')], max_length=4)),
                ('year', models.PositiveSmallIntegerField()),
                ('quarter', models.PositiveSmallIntegerField(default=0)),
                ('lines', models.JSONField(default=dict)),
                ('filed_on', models.DateField()),
                ('typed_at', models.DateTimeField(auto_now=True)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='clients.client')),
                ('typed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('client', 'form', 'year', 'quarter'), name='return_filed_once'), models.CheckConstraint(condition=models.Q(models.Q(('form', '941'), ('quarter__range', (1, 4))), models.Q(('form', 'W-3'), ('quarter', 0)), _connector='OR'), name='return_of_its_period')],
            },
        ),
        client_table("ledger_filedreturn", grants="SELECT, INSERT, UPDATE"),
    ]
