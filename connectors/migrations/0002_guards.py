from django.db import migrations

# Deferred to the end of the transaction: an owner may hand over and leave in one go.
LAST_OWNER = """
CREATE FUNCTION connectors_keep_an_owner() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT 1 FROM connectors_publisher WHERE id = OLD.publisher_id)
       AND NOT EXISTS (SELECT 1 FROM connectors_membership
                        WHERE publisher_id = OLD.publisher_id AND role = 'owner') THEN
        RAISE EXCEPTION 'a publisher keeps at least one owner' USING ERRCODE = 'check_violation',
              CONSTRAINT = 'membership_last_owner';
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER membership_last_owner AFTER UPDATE OR DELETE ON connectors_membership
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION connectors_keep_an_owner();
"""
LAST_OWNER_UNDO = """
DROP TRIGGER membership_last_owner ON connectors_membership;
DROP FUNCTION connectors_keep_an_owner();
"""

IMMUTABLE_VERSION = """
CREATE FUNCTION connectors_version_is_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.connector_id, NEW.number, NEW.digest, NEW.size_bytes, NEW.created_by_id)
       IS DISTINCT FROM (OLD.connector_id, OLD.number, OLD.digest, OLD.size_bytes, OLD.created_by_id) THEN
        RAISE EXCEPTION 'a version is immutable' USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER version_immutable BEFORE UPDATE ON connectors_version
    FOR EACH ROW EXECUTE FUNCTION connectors_version_is_immutable();
"""
IMMUTABLE_VERSION_UNDO = """
DROP TRIGGER version_immutable ON connectors_version;
DROP FUNCTION connectors_version_is_immutable();
"""

# One row per (region, connector, version, operation, minute) and batch; partitions are made day by day. No foreign
# keys: they would be looked up for every row, and the batch that is inserted with the rows has checked them.
SAMPLES = """
CREATE TABLE connectors_sample (
    minute timestamptz NOT NULL,
    batch_id uuid NOT NULL,
    connector_id uuid NOT NULL,
    region_id varchar(40) NOT NULL,
    version_label varchar(40) NOT NULL,
    operation varchar(200) NOT NULL,
    requests bigint NOT NULL,
    successes bigint NOT NULL,
    throttled bigint NOT NULL,
    statuses jsonb NOT NULL,
    latency bigint[] NOT NULL,
    connections integer NOT NULL
) PARTITION BY RANGE (minute);
CREATE INDEX connectors_sample_read ON connectors_sample (connector_id, minute);
CREATE INDEX connectors_sample_batch ON connectors_sample (batch_id);
"""


class Migration(migrations.Migration):
    """Promises the database keeps by itself, and the partitioned table of samples."""

    dependencies = [("connectors", "0001_initial")]
    operations = [
        migrations.RunSQL(LAST_OWNER, LAST_OWNER_UNDO),
        migrations.RunSQL(IMMUTABLE_VERSION, IMMUTABLE_VERSION_UNDO),
        migrations.RunSQL(SAMPLES, "DROP TABLE connectors_sample"),
    ]
