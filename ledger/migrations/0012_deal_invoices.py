"""Invoices that people write from won deals."""

from pathlib import Path

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from clients.tenancy import client_table

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):

    dependencies = [
        ('clients', '0002_inventory'),
        ('integrations', '0008_counts_beside'),
        ('ledger', '0011_mapping_templates'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='DealInvoice',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('deal', models.CharField(max_length=300)),
                ('based_on', models.JSONField()),
                ('customer', models.CharField(max_length=200)),
                ('number', models.CharField(blank=True, max_length=21)),
                ('invoiced_on', models.DateField(null=True)),
                ('due_on', models.DateField(null=True)),
                ('currency', models.CharField(max_length=3)),
                ('amount_minor', models.BigIntegerField()),
                ('lines', models.JSONField(default=list)),
                ('state', models.CharField(choices=[('waiting', 'Waits for approval'), ('approved', 'Approved'), ('dismissed', 'Not to be invoiced')], default='waiting', max_length=9)),
                ('reason', models.CharField(blank=True, max_length=300)),
                ('prepared_at', models.DateTimeField(auto_now=True)),
                ('approved_at', models.DateTimeField(blank=True, null=True)),
                ('approved_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='clients.client')),
                ('connection', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='integrations.connection')),
                ('prepared_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['-id'],
                'constraints': [models.UniqueConstraint(fields=('client', 'connection', 'deal'), name='deal_decided_once'), models.CheckConstraint(condition=models.Q(models.Q(('approved_at__isnull', False), ('approved_by__isnull', False), ('state', 'approved')), models.Q(('approved_at__isnull', True), ('approved_by__isnull', True), ('state__in', ['waiting', 'dismissed'])), _connector='OR'), name='deal_invoice_approved_by_somebody'), models.CheckConstraint(condition=models.Q(('approved_by__isnull', True), models.Q(('approved_by', models.F('prepared_by')), _negated=True), _connector='OR'), name='deal_invoice_second_person'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'dismissed'), _negated=True), models.Q(('reason', ''), _negated=True), _connector='OR'), name='deal_dismissed_with_a_reason'), models.CheckConstraint(condition=models.Q(('state', 'dismissed'), models.Q(('amount_minor__gt', 0), ('due_on__gte', models.F('invoiced_on')), ('invoiced_on__isnull', False)), _connector='OR'), name='deal_invoice_is_whole')],
            },
        ),
        client_table("ledger_dealinvoice", grants="SELECT, INSERT, UPDATE"),
        migrations.RunSQL(
            sql=(SQL / "deal_invoices.sql").read_text(), reverse_sql=(SQL / "deal_invoices.reverse.sql").read_text()
        ),
    ]
