"""Assets by half years."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0018_journal_revisions'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='schedule',
            name='schedule_method_is_of_its_kind',
        ),
        migrations.AlterField(
            model_name='schedule',
            name='convention',
            field=models.CharField(choices=[('full-month', 'The whole first month'), ('next-month', 'From the month after'), ('mid-month', 'Half of the first and of the last month'), ('half-year', 'Half of the first and of the last year')], default='full-month', max_length=10),
        ),
        migrations.AddConstraint(
            model_name='schedule',
            constraint=models.CheckConstraint(condition=models.Q(('convention__in', ('full-month', 'next-month', 'mid-month', 'half-year')), models.Q(models.Q(('kind', 'prepaid'), ('method__in', ('months', 'days'))), models.Q(('kind', 'asset'), ('method__in', ('straight-line', 'declining', 'units'))), models.Q(('kind', 'loan'), ('method__in', ('annuity', 'fixed-principal', 'interest-only'))), models.Q(('kind', 'deferred'), ('method__in', ('months', 'days', 'milestones'))), models.Q(('kind', 'accrual'), ('method__in', ('once',))), _connector='OR')), name='schedule_method_is_of_its_kind'),
        ),
    ]
