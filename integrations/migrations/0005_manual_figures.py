"""Figures typed by hand: what was typed never changes, and who typed it does not decide on it."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

from clients.tenancy import client_table


class Migration(migrations.Migration):

    dependencies = [
        ('clients', '0001_initial'),
        ('integrations', '0004_waiting_facts'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ManualFigure',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('system', models.SlugField(max_length=60)),
                ('form', models.SlugField(max_length=30)),
                ('account', models.CharField(max_length=60)),
                ('identity', models.CharField(max_length=150)),
                ('version', models.PositiveIntegerField(default=1)),
                ('booked_on', models.DateField()),
                ('currency', models.CharField(max_length=3)),
                ('values', models.JSONField()),
                ('evidence_name', models.CharField(max_length=200)),
                ('evidence', models.BinaryField()),
                ('evidence_sha256', models.CharField(max_length=64)),
                ('entered_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('state', models.CharField(choices=[('waiting', 'To be verified'), ('verified', 'Verified'), ('rejected', 'Rejected'), ('replaced', 'Replaced')], default='waiting', max_length=8)),
                ('decided_at', models.DateTimeField(null=True)),
                ('reason', models.CharField(blank=True, max_length=300)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='clients.client')),
                ('decided_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('entered_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['client', 'system', '-booked_on'], name='figure_by_system')],
                'constraints': [models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'verified', 'rejected', 'replaced'])), name='figure_state'), models.CheckConstraint(condition=models.Q(('decided_by__isnull', True), models.Q(('decided_by', models.F('entered_by')), _negated=True), _connector='OR'), name='figure_second_person'), models.CheckConstraint(condition=models.Q(models.Q(('decided_at__isnull', True), ('decided_by__isnull', True), ('state', 'waiting')), ('state', 'replaced'), models.Q(('decided_at__isnull', False), ('decided_by__isnull', False), ('state__in', ['verified', 'rejected'])), _connector='OR'), name='figure_decision_has_its_person'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'rejected'), _negated=True), models.Q(('reason', ''), _negated=True), _connector='OR'), name='figure_rejection_says_why'), models.UniqueConstraint(fields=('client', 'system', 'identity', 'version'), name='figure_version_once'), models.UniqueConstraint(condition=models.Q(('state', 'waiting')), fields=('client', 'system', 'identity'), name='figure_one_waits'), models.UniqueConstraint(condition=models.Q(('state', 'verified')), fields=('client', 'system', 'identity'), name='figure_one_counts')],
            },
        ),
        client_table(
            "integrations_manualfigure",
            grants="SELECT, INSERT, UPDATE (state, decided_by_id, decided_at, reason)",
        ),
    ]
