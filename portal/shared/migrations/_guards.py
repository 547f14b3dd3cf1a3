"""What the database refuses by itself: the audit trail is written once."""

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
