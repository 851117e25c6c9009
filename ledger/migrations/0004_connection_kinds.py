"""Access that ends soon and records that are missing here: two more kinds of exceptions."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('ledger', '0003_support_files'),
    ]

    operations = [
        migrations.AlterField(
            model_name='ledgerexception',
            name='kind',
            field=models.CharField(choices=[('unmapped', 'No account mapped'), ('unknown', 'Unknown type'), ('payload', 'Unreadable record'), ('duplicate', 'Possible duplicate'), ('overlap', 'Booked by another route'), ('closed', 'Dated in a closed month'), ('refused', 'Refused by the accounting system'), ('uncertain', 'Posted or not, nobody answered'), ('login', 'Login expired'), ('stale', 'Not synced'), ('slowed', 'Slowed by the provider'), ('expiring', 'Access ends soon'), ('missing', 'Missing here'), ('mirror', 'Changed in the accounting system')], max_length=10),
        ),
    ]
