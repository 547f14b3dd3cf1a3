"""Errors to Sentry and traces to an OpenTelemetry collector, for those who run a place for them.

Neither is needed: without SENTRY_DSN and TRACES_ENDPOINT nothing is imported and nothing leaves. What leaves
names routes, exceptions, statements and times; never an address, a header, a cookie, a body, a variable or a
value, because addresses of calendars, invitations and confirmations are keys, and the rest is other people's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from portal.shared.logs import redact
from portal.shared.secret_scan import mask_secrets

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.sdk.trace.export import SpanExporter
    from sentry_sdk.types import Breadcrumb, BreadcrumbHint, Event, Hint

# What a trace may say of a request; its address is told by the route alone.
_KEPT_ATTRIBUTES = (
    "http.method", "http.request.method", "http.route", "http.status_code", "http.response.status_code",
    "db.system", "db.statement", "db.query.text", "db.operation",
    "celery.action", "celery.task_name", "celery.state", "messaging.system", "messaging.destination",
    "exception.type", "error.type",
)  # fmt: skip
_KEPT_CRUMBS = ("method", "status_code", "reason")
_MISSING = "{setting} is set, but {package} is not installed: install the extra “observability”, or unset it"


def start(service: str) -> None:
    """Begin to report as `service` ("web", "worker", "beat"): once in each process, after it was forked.

    Raises ImproperlyConfigured when a place is named and the library for it is missing.
    """
    if settings.SENTRY_DSN:
        _report_errors(service)
    if settings.TRACES_ENDPOINT:
        _report_traces(service)


def _report_errors(service: str) -> None:
    try:
        import sentry_sdk
        from sentry_sdk.integrations.celery import CeleryIntegration
        from sentry_sdk.integrations.django import DjangoIntegration
    except ImportError as missing:
        raise ImproperlyConfigured(_MISSING.format(setting="SENTRY_DSN", package="sentry-sdk")) from missing
    sentry_sdk.init(
        dsn=settings.SENTRY_DSN,
        environment=settings.SENTRY_ENVIRONMENT,
        release=settings.PORTAL_VERSION or None,
        server_name=service,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        before_send=_without_secrets,
        before_breadcrumb=_plain_crumb,
        integrations=[DjangoIntegration(), CeleryIntegration()],
        auto_enabling_integrations=False,
    )
    sentry_sdk.set_tag("service", service)


def _without_secrets(event: Event, _hint: Hint) -> Event | None:
    """The event as it may leave: of the request only its method, and every text masked."""
    plain: dict[str, Any] = {**event}
    if "request" in plain:
        plain["request"] = {"method": plain["request"].get("method", "")}
    for foreign in ("user", "modules", "extra"):
        plain.pop(foreign, None)
    return masked(plain)  # type: ignore[no-any-return]


def _plain_crumb(crumb: Breadcrumb, _hint: BreadcrumbHint) -> Breadcrumb | None:
    plain = {
        **crumb,
        "data": {key: crumb["data"][key] for key in _KEPT_CRUMBS if key in crumb.get("data", {})},
    }
    return masked(plain)  # type: ignore[no-any-return]


def masked(value: Any) -> Any:
    """The same lists and tables with every secret in their texts masked, by its name or by its shape."""
    if isinstance(value, str):
        return mask_secrets(str(redact(None, "", {"text": value})["text"])).text
    if isinstance(value, Mapping):
        named = redact(None, "", dict(value))
        return {key: masked(one) for key, one in named.items()}
    if isinstance(value, Sequence) and not isinstance(value, bytes | bytearray):
        return [masked(one) for one in value]
    return value


def _report_traces(service: str) -> None:
    try:
        from opentelemetry import trace
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.instrumentation.celery import CeleryInstrumentor
        from opentelemetry.instrumentation.django import DjangoInstrumentor
        from opentelemetry.instrumentation.psycopg import PsycopgInstrumentor
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
    except ImportError as missing:
        raise ImproperlyConfigured(
            _MISSING.format(setting="TRACES_ENDPOINT", package="opentelemetry")
        ) from missing
    about = {"service.name": f"portal-{service}", "service.version": settings.PORTAL_VERSION or "unknown"}
    provider = TracerProvider(
        resource=Resource.create(about), sampler=ParentBasedTraceIdRatio(settings.TRACES_SHARE)
    )
    exporter = OTLPSpanExporter(endpoint=settings.TRACES_ENDPOINT)
    provider.add_span_processor(BatchSpanProcessor(plain_exporter(exporter)))
    trace.set_tracer_provider(provider)
    for instrumentor in (DjangoInstrumentor(), CeleryInstrumentor(), PsycopgInstrumentor()):
        instrumentor.instrument()


def plain_exporter(exporter: SpanExporter) -> SpanExporter:
    """The exporter, handed spans that hold nothing but what `_KEPT_ATTRIBUTES` names."""
    from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

    class Plain(SpanExporter):
        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            return exporter.export([_plain_span(span) for span in spans])

        def shutdown(self) -> None:
            exporter.shutdown()

        def force_flush(self, timeout_millis: int = 30_000) -> bool:
            return exporter.force_flush(timeout_millis)

    return Plain()


def _plain_span(span: ReadableSpan) -> ReadableSpan:
    from opentelemetry.sdk.trace import ReadableSpan
    from opentelemetry.trace import Status

    attributes = span.attributes or {}
    route = str(attributes.get("http.route", ""))
    method = str(attributes.get("http.method") or attributes.get("http.request.method") or "")
    return ReadableSpan(
        # Without a route the instrumentation names a request by its address.
        name=f"{method} {route}".strip() if method else span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes={key: attributes[key] for key in _KEPT_ATTRIBUTES if key in attributes},
        links=span.links,
        kind=span.kind,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
        instrumentation_scope=span.instrumentation_scope,
    )
