"""The papers behind entries, and how far each is on its way to the accounting system."""

import django.db.models.deletion
import django.db.models.functions.datetime
import uuid
from django.conf import settings
from django.db import migrations, models

from clients.tenancy import client_table


class Migration(migrations.Migration):

    dependencies = [
        ('clients', '0001_initial'),
        ('integrations', '0004_waiting_facts'),
        ('ledger', '0002_invariants'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='SupportFile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=200)),
                ('content_type', models.CharField(blank=True, max_length=100)),
                ('content', models.BinaryField(blank=True, null=True)),
                ('sha256', models.CharField(blank=True, max_length=64)),
                ('size', models.PositiveIntegerField(default=0)),
                ('source_id', models.CharField(blank=True, max_length=200)),
                ('url', models.CharField(blank=True, help_text='Where the system shows it; may have run out.', max_length=2000)),
                ('added_at', models.DateTimeField(auto_now_add=True)),
                ('request_id', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('state', models.CharField(choices=[('new', 'Not in the accounting system yet'), ('sending', 'On its way'), ('posted', 'In the accounting system'), ('failed', 'Could not be attached')], default='new', max_length=7)),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('send_after', models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                ('sent_at', models.DateTimeField(blank=True, null=True)),
                ('answered_at', models.DateTimeField(blank=True, null=True)),
                ('external_id', models.CharField(blank=True, max_length=60)),
                ('problem', models.CharField(blank=True, max_length=300)),
                ('added_by', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='clients.client')),
                ('connection', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.PROTECT, to='integrations.connection')),
                ('entry', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='support', to='ledger.journalentry')),
            ],
            options={
                'ordering': ['id'],
                'indexes': [models.Index(fields=['client', 'entry'], name='support_by_entry'), models.Index(condition=models.Q(('state__in', ['new', 'sending'])), fields=['client', 'send_after'], name='support_due')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('source_id', ''), _negated=True), fields=('client', 'entry', 'source_id'), name='support_one_per_receipt'), models.UniqueConstraint(condition=models.Q(('source_id', '')), fields=('client', 'entry', 'sha256'), name='support_one_per_content'), models.CheckConstraint(condition=models.Q(models.Q(('state', 'posted'), _negated=True), models.Q(('external_id', ''), _negated=True), _connector='OR'), name='support_posted_has_an_id')],
            },
        ),
        client_table("ledger_supportfile", grants="SELECT, INSERT, UPDATE"),
    ]
