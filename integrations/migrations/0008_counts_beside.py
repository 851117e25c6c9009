"""What a system counts beside what is here at that moment."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('clients', '0002_inventory'),
        ('integrations', '0007_one_ledger'),
    ]

    operations = [
        migrations.AddField(
            model_name='controltotal',
            name='here',
            field=models.PositiveIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='controltotal',
            name='here_minor',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='controltotal',
            name='missing',
            field=models.JSONField(default=list),
        ),
        migrations.AddConstraint(
            model_name='controltotal',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('count__isnull', True), ('here__isnull', True)), models.Q(('count__isnull', False), ('here__isnull', False)), _connector='OR'), name='control_total_counts_both'),
        ),
    ]
