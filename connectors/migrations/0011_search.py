"""What search stands on: text without case and accents, and the words of connectors and of operations, indexed."""

from django.contrib.postgres.operations import UnaccentExtension
from django.db import migrations

# Bodies of this kind are bound when they are made: they mean the same whatever the search path is later. The
# texts are cut so that no package can overflow a tsvector (1 MB) and with it refuse its own upload.
_FUNCTIONS = r"""
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
_INDEXES = """
CREATE INDEX connector_words ON connectors_connector USING gin (connectors_words(name, summary, backend_host));
CREATE INDEX version_operation_words ON connectors_version USING gin (connectors_operation_words(facts));
"""
_UNDONE = """
DROP INDEX version_operation_words;
DROP INDEX connector_words;
DROP FUNCTION connectors_operation_words(jsonb);
DROP FUNCTION connectors_words(text, text, text);
DROP FUNCTION connectors_plain(text);
"""


class Migration(migrations.Migration):
    dependencies = [("connectors", "0010_public_status"), ("shared", "0001_initial")]

    operations = [
        UnaccentExtension(),
        migrations.RunSQL(_FUNCTIONS + _INDEXES, _UNDONE),
    ]
