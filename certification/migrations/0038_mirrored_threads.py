"""Threads that stand at the pull request, too, and what people without an account wrote there."""

import uuid

import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("certification", "0037_reruns"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CommentMirror",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                ("note", models.CharField(max_length=140, null=True)),
                ("forge_id", models.BigIntegerField(null=True)),
                ("url", models.CharField(blank=True, max_length=500)),
                ("changed_at", models.DateTimeField(null=True)),
                ("is_edited", models.BooleanField(default=False)),
                ("is_gone", models.BooleanField(default=False)),
            ],
        ),
        migrations.CreateModel(
            name="ReviewMirror",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                ("seen_until", models.DateTimeField(null=True)),
                ("busy_until", models.DateTimeField(null=True)),
                ("problem", models.CharField(blank=True, max_length=300)),
            ],
        ),
        migrations.CreateModel(
            name="ThreadMirror",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                (
                    "way",
                    models.CharField(
                        blank=True,
                        choices=[("line", "Beside a line"), ("general", "In general")],
                        max_length=7,
                    ),
                ),
                ("forge_id", models.BigIntegerField(null=True)),
                ("url", models.CharField(blank=True, max_length=500)),
                ("digest", models.CharField(blank=True, max_length=64)),
                ("told_state", models.CharField(default="open", max_length=10)),
                ("is_gone", models.BooleanField(default=False)),
            ],
        ),
        migrations.AddField(
            model_name="comment",
            name="outsider",
            field=models.CharField(blank=True, db_default="", default="", max_length=100),
        ),
        migrations.AddField(
            model_name="pullrequestcheck",
            name="package_digest",
            field=models.CharField(blank=True, db_default="", default="", max_length=64),
        ),
        migrations.AddField(
            model_name="pullrequestcheck",
            name="paths",
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name="thread",
            name="outsider",
            field=models.CharField(blank=True, db_default="", default="", max_length=100),
        ),
        migrations.AlterField(
            model_name="comment",
            name="author",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AlterField(
            model_name="thread",
            name="author",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="comment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("author__isnull", False), ("outsider", "")),
                    models.Q(("author__isnull", True), models.Q(("outsider", ""), _negated=True)),
                    _connector="OR",
                ),
                name="comment_has_one_author",
            ),
        ),
        migrations.AddConstraint(
            model_name="thread",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("author__isnull", False), ("outsider", "")),
                    models.Q(("author__isnull", True), models.Q(("outsider", ""), _negated=True)),
                    _connector="OR",
                ),
                name="thread_has_one_author",
            ),
        ),
        migrations.AddField(
            model_name="commentmirror",
            name="comment",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="mirror",
                to="certification.comment",
            ),
        ),
        migrations.AddField(
            model_name="reviewmirror",
            name="pull_request",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="review_mirrors",
                to="certification.pullrequest",
            ),
        ),
        migrations.AddField(
            model_name="reviewmirror",
            name="submission",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="review_mirrors",
                to="certification.submission",
            ),
        ),
        migrations.AddField(
            model_name="threadmirror",
            name="review",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="threads",
                to="certification.reviewmirror",
            ),
        ),
        migrations.AddField(
            model_name="threadmirror",
            name="thread",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.CASCADE, related_name="mirror", to="certification.thread"
            ),
        ),
        migrations.AddField(
            model_name="commentmirror",
            name="thread",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="comments",
                to="certification.threadmirror",
            ),
        ),
        migrations.AddConstraint(
            model_name="reviewmirror",
            constraint=models.UniqueConstraint(
                fields=("pull_request", "submission"), name="reviewmirror_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="threadmirror",
            constraint=models.UniqueConstraint(
                fields=("review", "way", "forge_id"), name="threadmirror_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="threadmirror",
            constraint=models.CheckConstraint(
                condition=models.Q(("way__in", ["", "line", "general"])), name="threadmirror_way_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="commentmirror",
            constraint=models.UniqueConstraint(fields=("thread", "note"), name="commentmirror_note_once"),
        ),
        migrations.AddConstraint(
            model_name="commentmirror",
            constraint=models.UniqueConstraint(fields=("thread", "forge_id"), name="commentmirror_once"),
        ),
    ]
