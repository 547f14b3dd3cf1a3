from certification.models.agreements import AgreementSignature, AgreementText
from certification.models.catch_ups import CatchUp
from certification.models.certificates import Certificate
from certification.models.commits import CertificationTag, CommitIntake
from certification.models.documentation import Documentation
from certification.models.erasures import Erasure
from certification.models.families import FamilyMember, SubmissionFamily
from certification.models.forecasts import ForecastSnapshot, SubmitByDate
from certification.models.gates import GateCheck
from certification.models.incidents import Incident
from certification.models.ledger import ClockPause, Holder, TimeLedger, TimeStretch
from certification.models.mail_texts import MailText
from certification.models.notices import Notice
from certification.models.notifications import Notification
from certification.models.overrides import OverrideRequest
from certification.models.ownership import ConnectorTransfer, ImportedConnector, OwnershipClaim
from certification.models.plans import Freeze, Lane, PlanWave, PlanWaveRegion, RolloutPlan
from certification.models.previews import Preview
from certification.models.pull_requests import (
    ForgeConnection,
    PullRequest,
    PullRequestAnswer,
    PullRequestCheck,
)
from certification.models.received_mail import ReceivedMail
from certification.models.region_tasks import RegionTask, Sighting, SimulatedOperation
from certification.models.rehearsals import Rehearsal
from certification.models.retention import RetentionRun
from certification.models.review_mirrors import CommentMirror, ReviewMirror, ThreadMirror
from certification.models.reviews import Comment, Decision, ReviewClaim, ReviewVisit, Thread
from certification.models.rollouts import (
    DateChange,
    Placement,
    RegionDeployment,
    Rollout,
    RolloutWave,
)
from certification.models.runs import CredentialTest, SmokeRun, TestRun
from certification.models.submissions import CredentialReveal, Revision, Submission, TestCredential
from certification.models.suggestions import Suggestion
from certification.models.testers import GuestTester, ProductCheck
from certification.models.trains import Train, TrainBoarding
from certification.models.treatments import RuleTreatment
from certification.models.usage import UsageJudgement
from certification.models.validation import Finding, PresentedReceipt, Validation, Waiver, WarningNote
from certification.models.verdicts import Appeal, DecisionCondition
from certification.models.watches import RegionWatch
from certification.models.webhooks import WebhookDelivery, WebhookEndpoint
from certification.models.workbench import CannedReply, ReviewMark

__all__ = [
    "AgreementSignature",
    "AgreementText",
    "Appeal",
    "CannedReply",
    "CatchUp",
    "Certificate",
    "CertificationTag",
    "ClockPause",
    "Comment",
    "CommentMirror",
    "CommitIntake",
    "ConnectorTransfer",
    "CredentialReveal",
    "CredentialTest",
    "DateChange",
    "Decision",
    "DecisionCondition",
    "Documentation",
    "Erasure",
    "FamilyMember",
    "Finding",
    "ForecastSnapshot",
    "ForgeConnection",
    "Freeze",
    "GateCheck",
    "GuestTester",
    "Holder",
    "ImportedConnector",
    "Incident",
    "Lane",
    "MailText",
    "Notice",
    "Notification",
    "OverrideRequest",
    "OwnershipClaim",
    "Placement",
    "PlanWave",
    "PlanWaveRegion",
    "PresentedReceipt",
    "Preview",
    "ProductCheck",
    "PullRequest",
    "PullRequestAnswer",
    "PullRequestCheck",
    "ReceivedMail",
    "RegionDeployment",
    "RegionTask",
    "RegionWatch",
    "Rehearsal",
    "RetentionRun",
    "ReviewClaim",
    "ReviewMark",
    "ReviewMirror",
    "ReviewVisit",
    "Revision",
    "Rollout",
    "RolloutPlan",
    "RolloutWave",
    "RuleTreatment",
    "Sighting",
    "SimulatedOperation",
    "SmokeRun",
    "Submission",
    "SubmissionFamily",
    "SubmitByDate",
    "Suggestion",
    "TestCredential",
    "TestRun",
    "Thread",
    "ThreadMirror",
    "TimeLedger",
    "TimeStretch",
    "Train",
    "TrainBoarding",
    "UsageJudgement",
    "Validation",
    "Waiver",
    "WarningNote",
    "WebhookDelivery",
    "WebhookEndpoint",
]
