"""Schedules, entries that come again, and the limits above which a bill is no expense."""

from pathlib import Path

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


from clients.tenancy import client_table

SQL = Path(__file__).parent / "sql"
NO_DELETE = "SELECT, INSERT, UPDATE"


class Migration(migrations.Migration):

    dependencies = [
        ('clients', '0002_inventory'),
        ('ledger', '0013_budget'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='EntryTemplate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=160)),
                ('memo', models.CharField(max_length=500)),
                ('reason', models.CharField(max_length=500)),
                ('every', models.CharField(choices=[('month', 'Month'), ('quarter', 'Quarter'), ('year', 'Year')], max_length=7)),
                ('first_on', models.DateField(help_text='The day of the first one; the others fall on the same day of their month.')),
                ('last_on', models.DateField(blank=True, null=True)),
                ('reverses', models.BooleanField(default=False, help_text='Each is taken back on the first of the next month.')),
                ('posts_itself', models.BooleanField(default=False)),
                ('is_active', models.BooleanField(default=True)),
                ('made_at', models.DateTimeField(auto_now_add=True)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='clients.client')),
                ('made_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['name', 'id'],
            },
        ),
        migrations.CreateModel(
            name='Schedule',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('prepaid', 'Prepaid expense'), ('asset', 'Fixed asset'), ('loan', 'Loan'), ('deferred', 'Deferred revenue'), ('accrual', 'Accrual')], max_length=8)),
                ('method', models.CharField(choices=[('months', 'Equal months'), ('days', 'By the day'), ('milestones', 'By milestones'), ('straight-line', 'Straight line'), ('declining', 'Declining balance'), ('units', 'Units of production'), ('annuity', 'Equal payments'), ('fixed-principal', 'Equal principal'), ('interest-only', 'Interest only'), ('once', 'Reversed once')], max_length=15)),
                ('duty', models.CharField(choices=[('here', 'Booked here'), ('elsewhere', 'Booked in the accounting system; only proven here')], default='here', max_length=9)),
                ('name', models.CharField(max_length=160)),
                ('party', models.CharField(blank=True, max_length=120)),
                ('support', models.CharField(blank=True, max_length=300)),
                ('department', models.CharField(blank=True, max_length=120)),
                ('klass', models.CharField(blank=True, max_length=120)),
                ('amount_minor', models.BigIntegerField()),
                ('residual_minor', models.BigIntegerField(default=0)),
                ('payment_minor', models.BigIntegerField(default=0)),
                ('units', models.BigIntegerField(default=0)),
                ('rate_millionths', models.BigIntegerField(default=0)),
                ('months', models.PositiveSmallIntegerField(default=0)),
                ('convention', models.CharField(choices=[('full-month', 'The whole first month'), ('next-month', 'From the month after'), ('mid-month', 'Half of the first and of the last month')], default='full-month', max_length=10)),
                ('switches', models.BooleanField(default=False)),
                ('added_on', models.DateField(help_text='The day the amount is on the account.')),
                ('starts_on', models.DateField()),
                ('ends_on', models.DateField(blank=True, null=True)),
                ('expected_on', models.DateField(blank=True, help_text="When an accrual's paper is expected.", null=True)),
                ('change', models.CharField(choices=[('catch-up', 'In the first open month'), ('spread', 'Over the months that are left')], default='catch-up', max_length=8)),
                ('state', models.CharField(choices=[('active', 'Running'), ('ended', 'Ended'), ('cancelled', 'Cancelled')], default='active', max_length=9)),
                ('ended_on', models.DateField(blank=True, null=True)),
                ('left_minor', models.BigIntegerField(default=0, help_text='What was not amortised yet when it ended.')),
                ('proceeds_minor', models.BigIntegerField(default=0)),
                ('end_reason', models.CharField(blank=True, max_length=300)),
                ('needs_approval', models.BooleanField(default=False)),
                ('made_at', models.DateTimeField(auto_now_add=True)),
                ('changed_at', models.DateTimeField(auto_now=True)),
                ('approved_at', models.DateTimeField(blank=True, null=True)),
                ('source_entry_id', models.BigIntegerField(blank=True, null=True)),
                ('source_line_no', models.PositiveSmallIntegerField(blank=True, null=True)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.account')),
                ('approved_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='clients.client')),
                ('contra_account', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.account')),
                ('counter_account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.account')),
                ('made_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('moved_from', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.account')),
                ('proceeds_account', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.account')),
                ('result_account', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.account')),
            ],
            options={
                'ordering': ['kind', 'starts_on', 'id'],
            },
        ),
        migrations.CreateModel(
            name='ScheduleLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('month', models.DateField()),
                ('on', models.DateField()),
                ('amount_minor', models.BigIntegerField()),
                ('interest_minor', models.BigIntegerField(default=0)),
                ('closing_minor', models.BigIntegerField()),
                ('catch_up_minor', models.BigIntegerField(default=0)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='clients.client')),
                ('entry', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='ledger.journalentry')),
                ('schedule', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='lines', to='ledger.schedule')),
            ],
            options={
                'ordering': ['on'],
            },
        ),
        migrations.CreateModel(
            name='ScheduleStep',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('on', models.DateField()),
                ('amount', models.BigIntegerField(help_text='Minor units of money, or a count of units.')),
                ('interest_minor', models.BigIntegerField(default=0)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='clients.client')),
                ('schedule', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='steps', to='ledger.schedule')),
            ],
            options={
                'ordering': ['on', 'id'],
            },
        ),
        migrations.CreateModel(
            name='TemplateDate',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('due_on', models.DateField()),
                ('state', models.CharField(choices=[('proposed', 'Proposed'), ('posted', 'Posted'), ('skipped', 'Left out')], default='proposed', max_length=8)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='clients.client')),
                ('decided_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('entry', models.ForeignKey(blank=True, db_constraint=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='ledger.journalentry')),
                ('template', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='dates', to='ledger.entrytemplate')),
            ],
            options={
                'ordering': ['due_on', 'id'],
            },
        ),
        migrations.CreateModel(
            name='TemplateLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('no', models.PositiveSmallIntegerField()),
                ('debit_minor', models.BigIntegerField(default=0)),
                ('credit_minor', models.BigIntegerField(default=0)),
                ('memo', models.CharField(blank=True, max_length=300)),
                ('department', models.CharField(blank=True, max_length=120)),
                ('klass', models.CharField(blank=True, max_length=120)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.account')),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='clients.client')),
                ('template', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='lines', to='ledger.entrytemplate')),
            ],
            options={
                'ordering': ['no'],
            },
        ),
        migrations.CreateModel(
            name='WatchedAccount',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('rather', models.CharField(choices=[('asset', 'A fixed asset'), ('prepaid', 'A prepaid expense')], max_length=7)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='ledger.account')),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='clients.client')),
            ],
        ),
        migrations.CreateModel(
            name='BooksLimits',
            fields=[
                ('client', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='+', serialize=False, to='clients.client')),
                ('asset_over_minor', models.BigIntegerField(blank=True, null=True)),
                ('prepaid_over_minor', models.BigIntegerField(blank=True, null=True)),
                ('changed_at', models.DateTimeField(auto_now=True)),
                ('changed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(models.Q(('asset_over_minor__isnull', True), ('asset_over_minor__gt', 0), _connector='OR'), models.Q(('prepaid_over_minor__isnull', True), ('prepaid_over_minor__gt', 0), _connector='OR')), name='limits_are_more_than_nil')],
            },
        ),
        migrations.AddConstraint(
            model_name='entrytemplate',
            constraint=models.CheckConstraint(condition=models.Q(('last_on__isnull', True), ('last_on__gte', models.F('first_on')), _connector='OR'), name='template_dates_hold'),
        ),
        migrations.AddConstraint(
            model_name='entrytemplate',
            constraint=models.CheckConstraint(condition=models.Q(('every__in', ['month', 'quarter', 'year'])), name='template_comes_again'),
        ),
        migrations.AddIndex(
            model_name='schedule',
            index=models.Index(fields=['client', 'kind', 'state'], name='schedule_by_kind'),
        ),
        migrations.AddConstraint(
            model_name='schedule',
            constraint=models.UniqueConstraint(condition=models.Q(('source_entry_id__isnull', False), models.Q(('state', 'cancelled'), _negated=True)), fields=('client', 'source_entry_id', 'source_line_no'), name='schedule_one_per_line'),
        ),
        migrations.AddConstraint(
            model_name='schedule',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor__gt', 0), ('residual_minor__gte', 0), ('residual_minor__lt', models.F('amount_minor')), models.Q(('residual_minor', 0), ('kind__in', ['asset', 'loan']), _connector='OR')), name='schedule_amounts_hold'),
        ),
        migrations.AddConstraint(
            model_name='schedule',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ends_on__isnull', True), ('method__in', ['straight-line', 'declining', 'units', 'annuity', 'fixed-principal', 'interest-only', 'milestones'])), models.Q(('ends_on__gte', models.F('starts_on')), ('ends_on__isnull', False)), _connector='OR'), name='schedule_dates_hold'),
        ),
        migrations.AddConstraint(
            model_name='schedule',
            constraint=models.CheckConstraint(condition=models.Q(('convention__in', ('full-month', 'next-month', 'mid-month')), models.Q(models.Q(('kind', 'prepaid'), ('method__in', ('months', 'days'))), models.Q(('kind', 'asset'), ('method__in', ('straight-line', 'declining', 'units'))), models.Q(('kind', 'loan'), ('method__in', ('annuity', 'fixed-principal', 'interest-only'))), models.Q(('kind', 'deferred'), ('method__in', ('months', 'days', 'milestones'))), models.Q(('kind', 'accrual'), ('method__in', ('once',))), _connector='OR')), name='schedule_method_is_of_its_kind'),
        ),
        migrations.AddConstraint(
            model_name='schedule',
            constraint=models.CheckConstraint(condition=models.Q(('contra_account__isnull', False), models.Q(('kind__in', ['asset', 'loan']), _negated=True), _connector='OR'), name='schedule_has_its_contra_account'),
        ),
        migrations.AddConstraint(
            model_name='schedule',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ended_on__isnull', False), ('state', 'ended')), models.Q(models.Q(('state', 'ended'), _negated=True), ('ended_on__isnull', True)), _connector='OR'), name='schedule_ended_on_a_day'),
        ),
        migrations.AddConstraint(
            model_name='schedule',
            constraint=models.CheckConstraint(condition=models.Q(('approved_by__isnull', True), models.Q(('approved_by', models.F('made_by')), _negated=True), _connector='OR'), name='schedule_approver_is_not_its_maker'),
        ),
        migrations.AddConstraint(
            model_name='schedule',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('kind', 'accrual'), _negated=True), models.Q(('expected_on__isnull', False), models.Q(('support', ''), _negated=True)), _connector='OR'), name='schedule_accrual_has_support_and_a_date'),
        ),
        migrations.AddIndex(
            model_name='scheduleline',
            index=models.Index(fields=['client', 'on'], name='schedule_line_by_day'),
        ),
        migrations.AddConstraint(
            model_name='scheduleline',
            constraint=models.UniqueConstraint(fields=('client', 'schedule', 'month'), name='schedule_one_line_a_month'),
        ),
        migrations.AddConstraint(
            model_name='scheduleline',
            constraint=models.CheckConstraint(condition=models.Q(('month__day', 1)), name='schedule_month_starts_on_the_first'),
        ),
        migrations.AddConstraint(
            model_name='scheduleline',
            constraint=models.CheckConstraint(condition=models.Q(('amount_minor', 0), ('interest_minor', 0), _negated=True), name='schedule_line_is_something'),
        ),
        migrations.AddConstraint(
            model_name='schedulestep',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gte', 0), ('interest_minor__gte', 0)), name='schedule_step_not_negative'),
        ),
        migrations.AddConstraint(
            model_name='schedulestep',
            constraint=models.UniqueConstraint(fields=('client', 'schedule', 'on'), name='schedule_one_step_a_day'),
        ),
        migrations.AddConstraint(
            model_name='templatedate',
            constraint=models.UniqueConstraint(fields=('client', 'template', 'due_on'), name='template_date_once'),
        ),
        migrations.AddConstraint(
            model_name='templatedate',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('entry__isnull', False), ('state', 'posted')), models.Q(models.Q(('state', 'posted'), _negated=True), ('entry__isnull', True)), _connector='OR'), name='template_date_posted_has_an_entry'),
        ),
        migrations.AddConstraint(
            model_name='templateline',
            constraint=models.UniqueConstraint(fields=('client', 'template', 'no'), name='template_line_numbered_once'),
        ),
        migrations.AddConstraint(
            model_name='templateline',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('debit_minor__gt', 0), ('credit_minor', 0)), models.Q(('credit_minor__gt', 0), ('debit_minor', 0)), _connector='OR'), name='template_line_one_side_positive'),
        ),
        migrations.AddConstraint(
            model_name='watchedaccount',
            constraint=models.UniqueConstraint(fields=('client', 'account'), name='watched_once'),
        ),
        migrations.AddConstraint(
            model_name='watchedaccount',
            constraint=models.CheckConstraint(condition=models.Q(('rather__in', ['asset', 'prepaid'])), name='watched_for_something'),
        ),
        migrations.RunSQL(
            sql=(SQL / "schedules.sql").read_text(), reverse_sql=(SQL / "schedules.reverse.sql").read_text()
        ),
        client_table("ledger_schedule", grants=NO_DELETE),
        client_table("ledger_schedulestep"),
        client_table("ledger_scheduleline"),
        client_table("ledger_bookslimits", grants=NO_DELETE),
        client_table("ledger_watchedaccount"),
        client_table("ledger_entrytemplate", grants=NO_DELETE),
        client_table("ledger_templateline"),
        client_table("ledger_templatedate", grants=NO_DELETE),
    ]
