"""Who looks after accounts, typed balances, bank rules and pairs of clients; finished reconciliations stand."""

from pathlib import Path

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from clients.tenancy import client_table

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):

    dependencies = [
        ('clients', '0002_inventory'),
        ('ledger', '0008_name_decisions'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='statementbalance',
            name='finished_lines',
            field=models.JSONField(blank=True, help_text='What it stood on, to name what changed since.', null=True),
        ),
        migrations.AddField(
            model_name='statementbalance',
            name='told_minor',
            field=models.BigIntegerField(blank=True, help_text='Another balance told after it was finished.', null=True),
        ),
        migrations.AddField(
            model_name='timingitem',
            name='owner',
            field=models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.CreateModel(
            name='BankRule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('words', models.CharField(help_text="What the bank's description must contain.", max_length=120)),
                ('direction', models.CharField(choices=[('either', 'In or out'), ('in', 'Money in'), ('out', 'Money out')], default='either', max_length=6)),
                ('least_minor', models.BigIntegerField(blank=True, help_text='Smallest amount, without its sign.', null=True)),
                ('most_minor', models.BigIntegerField(blank=True, help_text='Largest amount, without its sign.', null=True)),
                ('party', models.CharField(blank=True, max_length=120)),
                ('is_automatic', models.BooleanField(default=False)),
                ('is_active', models.BooleanField(default=True)),
                ('made_at', models.DateTimeField(auto_now_add=True)),
                ('approved_at', models.DateTimeField(blank=True, null=True)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.account')),
                ('approved_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='clients.client')),
                ('feed', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.bankfeed')),
                ('made_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['words', 'pk'],
                'constraints': [models.CheckConstraint(condition=models.Q(('words', ''), _negated=True), name='bank_rule_has_words'), models.CheckConstraint(condition=models.Q(('least_minor__isnull', True), ('most_minor__isnull', True), ('most_minor__gte', models.F('least_minor')), _connector='OR'), name='bank_rule_least_to_most'), models.CheckConstraint(condition=models.Q(('is_automatic', False), ('approved_by__isnull', False), _connector='OR'), name='bank_rule_automatic_is_approved'), models.CheckConstraint(condition=models.Q(('approved_by__isnull', True), models.Q(('approved_by', models.F('made_by')), _negated=True), _connector='OR'), name='bank_rule_approver_is_not_its_maker')],
            },
        ),
        migrations.CreateModel(
            name='IntercompanyPair',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('made_at', models.DateTimeField(auto_now_add=True)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.account')),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='intercompany', to='clients.client')),
                ('made_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('partner', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='clients.client')),
                ('partner_account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.account')),
            ],
            options={
                'ordering': ['pk'],
                'constraints': [models.UniqueConstraint(fields=('client', 'account'), name='intercompany_one_per_account'), models.CheckConstraint(condition=models.Q(('client', models.F('partner')), _negated=True), name='intercompany_two_clients')],
            },
        ),
        migrations.CreateModel(
            name='ReconciliationDuty',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('due_days', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('tolerance_minor', models.BigIntegerField(default=0)),
                ('changed_at', models.DateTimeField(auto_now=True)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='duties', to='ledger.account')),
                ('changed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='clients.client')),
                ('owner', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('client', 'account'), name='duty_one_per_account'), models.CheckConstraint(condition=models.Q(('tolerance_minor__gte', 0)), name='duty_tolerance_not_negative'), models.CheckConstraint(condition=models.Q(('due_days__isnull', True), ('due_days__lte', 90), _connector='OR'), name='duty_due_soon')],
            },
        ),
        migrations.CreateModel(
            name='StatedBalance',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('month', models.DateField(help_text="The month's first day.")),
                ('ends_on', models.DateField()),
                ('amount_minor', models.BigIntegerField()),
                ('support', models.CharField(max_length=300)),
                ('typed_at', models.DateTimeField(auto_now=True)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='stated', to='ledger.account')),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='clients.client')),
                ('typed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('client', 'account', 'month'), name='stated_one_per_month'), models.CheckConstraint(condition=models.Q(('month__day', 1)), name='stated_month_starts_on_the_first'), models.CheckConstraint(condition=models.Q(('ends_on__gte', models.F('month')), ('ends_on__month', models.F('month__month')), ('ends_on__year', models.F('month__year'))), name='stated_within_its_month'), models.CheckConstraint(condition=models.Q(('support', ''), _negated=True), name='stated_has_support')],
            },
        ),
        client_table("ledger_reconciliationduty", grants="SELECT, INSERT, UPDATE"),
        client_table("ledger_statedbalance", grants="SELECT, INSERT, UPDATE"),
        client_table("ledger_bankrule", grants="SELECT, INSERT, UPDATE"),
        client_table("ledger_intercompanypair", grants="SELECT, INSERT, DELETE"),
        migrations.RunSQL(
            sql=(SQL / "reconciliation.sql").read_text(), reverse_sql=(SQL / "reconciliation.reverse.sql").read_text()
        ),
    ]
