"""What the database refuses by itself, whatever code runs: decisions and calls to regions that may not be."""

DECISION = """
CREATE FUNCTION certification_check_decision() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    made_by uuid;
    handed_in uuid;
    package_digest varchar;
    team uuid;
BEGIN
    SELECT v.created_by_id, r.handed_in_by_id, v.digest, c.publisher_id
      INTO made_by, handed_in, package_digest, team
      FROM certification_revision r
      JOIN connectors_version v ON v.id = r.version_id
      JOIN connectors_connector c ON c.id = v.connector_id
     WHERE r.id = NEW.revision_id AND r.submission_id = NEW.submission_id;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the revision is not of this submission' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.digest <> package_digest THEN
        RAISE EXCEPTION 'a decision is bound to the digest of its revision' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.reviewer_id IN (made_by, handed_in) OR EXISTS (
        SELECT 1 FROM connectors_membership WHERE publisher_id = team AND user_id = NEW.reviewer_id) THEN
        RAISE EXCEPTION 'nobody decides on the work of their own team' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER decision_checked BEFORE INSERT ON certification_decision
    FOR EACH ROW EXECUTE FUNCTION certification_check_decision();
CREATE TRIGGER decision_append_only BEFORE UPDATE OR DELETE ON certification_decision
    FOR EACH ROW EXECUTE FUNCTION shared_refuse_change();
CREATE TRIGGER revision_append_only BEFORE UPDATE ON certification_revision
    FOR EACH ROW EXECUTE FUNCTION shared_refuse_change();
CREATE TRIGGER datechange_append_only BEFORE UPDATE ON certification_datechange
    FOR EACH ROW EXECUTE FUNCTION shared_refuse_change();
"""

# The last wall behind the services: no call to a region is prepared for a rollout that does not run, except that
# opt-in waves under way go on after their rollout is complete.
INTENT = """
CREATE FUNCTION certification_check_intent() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    rollout_state varchar;
    pinned varchar;
    package_digest varchar;
BEGIN
    -- Every sending, the repeated one too, sets a new intended_at.
    IF NEW.state = 'intended' AND NEW.intended_at IS DISTINCT FROM OLD.intended_at
       AND NEW.rollout_id IS NOT NULL THEN
        SELECT state, digest INTO rollout_state, pinned
          FROM certification_rollout WHERE id = NEW.rollout_id FOR SHARE;
        IF NEW.action = 'deploy' THEN
            SELECT digest INTO package_digest FROM connectors_version WHERE id = NEW.version_id;
            IF rollout_state <> 'running' AND NOT (rollout_state = 'completed' AND EXISTS (
                SELECT 1 FROM certification_rolloutwave
                 WHERE id = NEW.wave_id AND is_opt_in AND state = 'running')) THEN
                RAISE EXCEPTION 'rollout is %, nothing is deployed', rollout_state
                      USING ERRCODE = 'check_violation', CONSTRAINT = 'deployment_only_while_running';
            END IF;
            IF package_digest <> pinned THEN
                RAISE EXCEPTION 'the package is not the approved one' USING ERRCODE = 'check_violation';
            END IF;
        ELSIF rollout_state <> 'rolling_back' THEN
            RAISE EXCEPTION 'rollout is %, nothing is rolled back', rollout_state
                  USING ERRCODE = 'check_violation', CONSTRAINT = 'rollback_only_while_rolling_back';
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER deployment_intent_checked BEFORE UPDATE ON certification_regiondeployment
    FOR EACH ROW EXECUTE FUNCTION certification_check_intent();
"""

# The numbers people quote: S-1001, S-1002 and so on. Outside of transactions, so that nobody waits for a number.
REFERENCE = "CREATE SEQUENCE certification_submission_reference START 1001"

FORECASTS = """
CREATE TRIGGER forecast_append_only BEFORE UPDATE ON certification_forecastsnapshot
    FOR EACH ROW EXECUTE FUNCTION shared_refuse_change();
"""
