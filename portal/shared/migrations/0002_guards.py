from django.db import migrations

APPEND_ONLY = """
CREATE FUNCTION shared_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER auditrecord_append_only BEFORE UPDATE OR DELETE ON shared_auditrecord
    FOR EACH ROW EXECUTE FUNCTION shared_refuse_change();
CREATE TRIGGER auditseal_append_only BEFORE UPDATE OR DELETE ON shared_auditseal
    FOR EACH ROW EXECUTE FUNCTION shared_refuse_change();
"""

UNDO = """
DROP TRIGGER auditrecord_append_only ON shared_auditrecord;
DROP TRIGGER auditseal_append_only ON shared_auditseal;
DROP FUNCTION shared_refuse_change();
"""


class Migration(migrations.Migration):
    """The audit trail is written once: the database refuses to change or delete it."""

    dependencies = [("shared", "0001_initial")]
    operations = [migrations.RunSQL(APPEND_ONLY, UNDO)]
