"""A scope for programs that only report that a backend is alive."""

import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0009_erased"),
    ]

    operations = [
        migrations.AlterField(
            model_name="apitoken",
            name="scopes",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("read", "Read everything you may see"),
                        ("connectors:write", "Register connectors and upload packages"),
                        ("submissions:write", "Create, submit and withdraw submissions"),
                        ("reviews:write", "Claim, comment and decide"),
                        ("rollouts:write", "Sign off, stop, hold, resume and roll back"),
                        ("health:write", "Look after health alerts and close them"),
                        ("heartbeats:write", "Report that a backend is alive"),
                        ("team:write", "Invite people and change roles"),
                        ("validate", "Check definitions with paconn"),
                        ("validate:strict", "Check definitions with paconn; errors fail the command"),
                        ("admin:write", "Change plans, freezes and regions"),
                    ],
                    max_length=40,
                ),
                default=list,
                size=None,
            ),
        ),
        migrations.AlterField(
            model_name="devicesignin",
            name="asked_scopes",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("read", "Read everything you may see"),
                        ("connectors:write", "Register connectors and upload packages"),
                        ("submissions:write", "Create, submit and withdraw submissions"),
                        ("reviews:write", "Claim, comment and decide"),
                        ("rollouts:write", "Sign off, stop, hold, resume and roll back"),
                        ("health:write", "Look after health alerts and close them"),
                        ("heartbeats:write", "Report that a backend is alive"),
                        ("team:write", "Invite people and change roles"),
                        ("validate", "Check definitions with paconn"),
                        ("validate:strict", "Check definitions with paconn; errors fail the command"),
                        ("admin:write", "Change plans, freezes and regions"),
                    ],
                    max_length=40,
                ),
                default=list,
                size=None,
            ),
        ),
        migrations.AlterField(
            model_name="devicesignin",
            name="scopes",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(
                    choices=[
                        ("read", "Read everything you may see"),
                        ("connectors:write", "Register connectors and upload packages"),
                        ("submissions:write", "Create, submit and withdraw submissions"),
                        ("reviews:write", "Claim, comment and decide"),
                        ("rollouts:write", "Sign off, stop, hold, resume and roll back"),
                        ("health:write", "Look after health alerts and close them"),
                        ("heartbeats:write", "Report that a backend is alive"),
                        ("team:write", "Invite people and change roles"),
                        ("validate", "Check definitions with paconn"),
                        ("validate:strict", "Check definitions with paconn; errors fail the command"),
                        ("admin:write", "Change plans, freezes and regions"),
                    ],
                    max_length=40,
                ),
                default=list,
                size=None,
            ),
        ),
    ]
