from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models

# One change of a record is allowed: words go, with their salts, and are named in `erased`, which only grows.
GUARD = """
CREATE FUNCTION shared_guard_erasure() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    was text[] := coalesce(OLD.erased, '{}');
    now_erased text[] := coalesce(NEW.erased, '{}');
    free text[] := ARRAY['reason', 'data', 'salts', 'erased'];
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF to_jsonb(NEW) - free IS DISTINCT FROM to_jsonb(OLD) - free
       OR NOT now_erased @> was
       OR (NEW.reason IS DISTINCT FROM OLD.reason AND NOT 'reason' = ANY (now_erased))
       OR EXISTS (SELECT 1 FROM jsonb_each(OLD.data) o FULL JOIN jsonb_each(NEW.data) n USING (key)
                   WHERE o.value IS DISTINCT FROM n.value AND NOT ('data.' || key) = ANY (now_erased))
       OR EXISTS (SELECT 1 FROM jsonb_each(coalesce(OLD.salts, '{}')) o
                   FULL JOIN jsonb_each(coalesce(NEW.salts, '{}')) n USING (key)
                   WHERE n.value IS DISTINCT FROM o.value
                     AND NOT (n.value IS NULL AND key = ANY (now_erased))) THEN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER auditrecord_append_only BEFORE UPDATE OR DELETE ON shared_auditrecord
    FOR EACH ROW EXECUTE FUNCTION shared_guard_erasure();
"""
UNDO_GUARD = """
CREATE OR REPLACE TRIGGER auditrecord_append_only BEFORE UPDATE OR DELETE ON shared_auditrecord
    FOR EACH ROW EXECUTE FUNCTION shared_refuse_change();
DROP FUNCTION shared_guard_erasure();
"""

# For texts in other tables that nothing else may change: an erasure says so for its transaction, and changes no
# columns but those the trigger names.
TEXTS = """
CREATE FUNCTION shared_refuse_all_but_erasure() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND current_setting('portal.erasing', true) = 'on'
       AND to_jsonb(NEW) - TG_ARGV::text[] IS NOT DISTINCT FROM to_jsonb(OLD) - TG_ARGV::text[] THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""


class Migration(migrations.Migration):
    """Words about a person can be taken out of the audit trail; what is left still verifies."""

    dependencies = [("shared", "0003_first_release")]
    operations = [
        migrations.AddField("auditrecord", "commitments", models.JSONField(null=True)),
        migrations.AddField("auditrecord", "salts", models.JSONField(null=True)),
        migrations.AddField("auditrecord", "erased", ArrayField(models.TextField(), null=True)),
        migrations.AddField("auditseal", "format", models.PositiveSmallIntegerField(db_default=1)),
        migrations.RunSQL(GUARD, UNDO_GUARD),
        migrations.RunSQL(TEXTS, "DROP FUNCTION shared_refuse_all_but_erasure()"),
    ]
