from connectors.models.alerts import HealthAlert, HealthObjective
from connectors.models.care import AvailabilityRequest, KnownIssue
from connectors.models.connectors import Connector, Region, in_production
from connectors.models.health import (
    HealthConnectorHour,
    HealthDay,
    HealthHour,
    HealthMinute,
    TelemetryBatch,
)
from connectors.models.heartbeats import Beat, Heartbeat, HeartbeatWatch
from connectors.models.hosts import HostCheck, HostWatch
from connectors.models.publishers import Invitation, Membership, Publisher
from connectors.models.repositories import (
    CommitUpload,
    Repository,
    RepositoryBinding,
    RepositoryDelivery,
)
from connectors.models.resumable import ResumableUpload
from connectors.models.sources import MetricsSource
from connectors.models.trusted_publishers import SpentIdToken, TrustedPublisher
from connectors.models.versions import Upload, Version

__all__ = [
    "AvailabilityRequest",
    "Beat",
    "CommitUpload",
    "Connector",
    "HealthAlert",
    "HealthConnectorHour",
    "HealthDay",
    "HealthHour",
    "HealthMinute",
    "HealthObjective",
    "Heartbeat",
    "HeartbeatWatch",
    "HostCheck",
    "HostWatch",
    "Invitation",
    "KnownIssue",
    "Membership",
    "MetricsSource",
    "Publisher",
    "Region",
    "Repository",
    "RepositoryBinding",
    "RepositoryDelivery",
    "ResumableUpload",
    "SpentIdToken",
    "TelemetryBatch",
    "TrustedPublisher",
    "Upload",
    "Version",
    "in_production",
]
