"""Form W-9 of contractors: that it was seen, never the number."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from clients.tenancy import append_only, client_table

NUMBER = "[0-9]{3}-?[0-9]{2}-?[0-9]{4}|[0-9]{2}-[0-9]{7}"


class Migration(migrations.Migration):

    dependencies = [
        ('clients', '0002_inventory'),
        ('ledger', '0024_mirror_links'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='ContractorW9',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('contractor', models.CharField(max_length=120)),
                ('received_on', models.DateField()),
                ('file_name', models.CharField(max_length=150)),
                ('sha256', models.CharField(max_length=64)),
                ('size', models.PositiveIntegerField()),
                ('last_four', models.CharField(blank=True, max_length=4)),
                ('kept_at', models.CharField(max_length=200)),
                ('recorded_at', models.DateTimeField(auto_now_add=True)),
                ('client', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, to='clients.client')),
                ('kept_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'ordering': ['contractor', '-received_on', '-pk'],
                'constraints': [models.UniqueConstraint(fields=('client', 'contractor', 'sha256'), name='w9_file_once_per_contractor'), models.CheckConstraint(condition=models.Q(('last_four__regex', '^([0-9]{4})?$')), name='w9_last_four_digits_at_most'), models.CheckConstraint(condition=models.Q(models.Q(('file_name__regex', NUMBER), _negated=True), models.Q(('kept_at__regex', NUMBER), _negated=True)), name='w9_no_whole_tax_number'), models.CheckConstraint(condition=models.Q(models.Q(('contractor', ''), _negated=True), models.Q(('kept_at', ''), _negated=True)), name='w9_of_whom_and_where')],
            },
        ),
        client_table("ledger_contractorw9", grants="SELECT, INSERT"),
        append_only("ledger_contractorw9"),
    ]
