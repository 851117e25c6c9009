"""Exchange rates that no record brings with it."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from clients.tenancy import append_only, client_table


class Migration(migrations.Migration):

    dependencies = [
        ('clients', '0002_inventory'),
        ('ledger', '0009_reconciliation'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ExchangeRate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('currency', models.CharField(max_length=3)),
                ('on_date', models.DateField()),
                ('rate', models.DecimalField(decimal_places=12, max_digits=24)),
                ('source', models.CharField(max_length=120)),
                ('set_at', models.DateTimeField(auto_now_add=True)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='clients.client')),
                ('set_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-on_date', '-id'],
                'indexes': [models.Index(fields=['client', 'currency', 'on_date'], name='rate_by_day')],
                'constraints': [models.CheckConstraint(condition=models.Q(('rate__gt', 0)), name='rate_is_positive'), models.CheckConstraint(condition=models.Q(('currency__regex', '^[A-Z]{3}$')), name='rate_is_of_a_currency')],
            },
        ),
        client_table("ledger_exchangerate", grants="SELECT, INSERT"),
        append_only("ledger_exchangerate"),
    ]
