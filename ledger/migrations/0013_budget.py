"""Budgets: a figure an account and month."""

import django.db.models.deletion
from django.db import migrations, models

from clients.tenancy import client_table


class Migration(migrations.Migration):

    dependencies = [
        ('clients', '0001_initial'),
        ('ledger', '0012_deal_invoices'),
    ]

    operations = [
        migrations.CreateModel(
            name='BudgetLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('month', models.DateField(help_text="The month's first day.")),
                ('amount_minor', models.BigIntegerField()),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.account')),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='clients.client')),
            ],
            options={
                'ordering': ['account', 'month'],
                'constraints': [models.UniqueConstraint(fields=('client', 'account', 'month'), name='budget_one_per_account_and_month'), models.CheckConstraint(condition=models.Q(('month__day', 1)), name='budget_month_starts_on_the_first')],
            },
        ),
        migrations.RunSQL(
            sql="ALTER TABLE ledger_budgetline ADD CONSTRAINT budget_account_is_of_the_client"
                " FOREIGN KEY (client_id, account_id) REFERENCES ledger_account (client_id, id)",
            reverse_sql="ALTER TABLE ledger_budgetline DROP CONSTRAINT budget_account_is_of_the_client",
        ),
        client_table("ledger_budgetline"),
    ]
