from connectors.models.alerts import HealthAlert, HealthObjective
from connectors.models.care import AvailabilityRequest, KnownIssue
from connectors.models.connectors import Connector, Region
from connectors.models.health import HealthDay, HealthHour, HealthMinute, TelemetryBatch
from connectors.models.hosts import HostCheck, HostWatch
from connectors.models.publishers import Invitation, Membership, Publisher
from connectors.models.sources import MetricsSource
from connectors.models.trusted_publishers import SpentIdToken, TrustedPublisher
from connectors.models.versions import Upload, Version

__all__ = [
    "AvailabilityRequest",
    "Connector",
    "HealthAlert",
    "HealthDay",
    "HealthHour",
    "HealthMinute",
    "HealthObjective",
    "HostCheck",
    "HostWatch",
    "Invitation",
    "KnownIssue",
    "Membership",
    "MetricsSource",
    "Publisher",
    "Region",
    "SpentIdToken",
    "TelemetryBatch",
    "TrustedPublisher",
    "Upload",
    "Version",
]
