"""What the database keeps by itself: the last owner, the immutable version, the samples' partitions, the words of the search."""

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

# Bodies of this kind are bound when they are made: they mean the same whatever the search path is later. The
# texts are cut so that no package can overflow a tsvector (1 MB) and with it refuse its own upload.
SEARCH_FUNCTIONS = r"""
CREATE FUNCTION connectors_plain(given text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN lower(unaccent('unaccent', given));

CREATE FUNCTION connectors_words(name text, summary text, host text) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN to_tsvector('simple', connectors_plain(concat_ws(' ', name, summary, replace(host, '.', ' '))));

CREATE FUNCTION connectors_operation_words(facts jsonb) RETURNS tsvector
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN to_tsvector('simple', connectors_plain(left(coalesce((
        SELECT string_agg(concat_ws(' ', each ->> 'id', regexp_replace(each ->> 'id', '([a-z0-9])([A-Z])', '\1 \2', 'g'),
                                    each ->> 'summary'), ' ')
        FROM jsonb_array_elements(
            CASE jsonb_typeof(facts -> 'operations') WHEN 'array' THEN facts -> 'operations' ELSE '[]' END
        ) AS each
    ), ''), 200000)));
"""

SEARCH_INDEXES = """
CREATE INDEX connector_words ON connectors_connector USING gin (connectors_words(name, summary, backend_host));
CREATE INDEX version_operation_words ON connectors_version USING gin (connectors_operation_words(facts));
"""
