"""Form 940 can be typed as it was filed."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0022_words_to_bank_rules'),
    ]

    operations = [
        migrations.RemoveConstraint(model_name='filedreturn', name='return_of_its_period'),
        migrations.AlterField(
            model_name='filedreturn',
            name='form',
            field=models.CharField(choices=[('941', 'Form 941'), ('940', 'Form 940'), ('W-3', 'Form W-3')], max_length=4),
        ),
        migrations.AddConstraint(
            model_name='filedreturn',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('form', '941'), ('quarter__range', (1, 4))), models.Q(('form__in', ['940', 'W-3']), ('quarter', 0)), _connector='OR'), name='return_of_its_period'),
        ),
    ]
