"""Structured logs: one event a line, with request and job ids, and never a secret."""

from __future__ import annotations

import logging.config
import re
from collections.abc import MutableMapping
from typing import Any

import structlog

_SECRET_NAMES = re.compile(r"pass(word|phrase)|secret|token|authorization|cookie|credential|api_?key", re.I)
# The address of a personal calendar is its key.
_FEED = re.compile(r"/calendar/[A-Za-z0-9_-]{20,}")
_BEARER = re.compile(r"(?i)(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}")


def redact(_logger: object, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask values whose name or shape says they are secret."""
    for name, value in list(event.items()):
        if _SECRET_NAMES.search(name):
            event[name] = "***"
        elif isinstance(value, str):
            event[name] = _FEED.sub("/calendar/***", _BEARER.sub(r"\1 ***", value))
    return event


def configure_logging(*, style: str, level: str) -> None:
    """Send everything, Django's and Celery's records included, through structlog to standard error.

    `style` is "json" (one object a line) or "console" (for people).
    """
    if style not in {"json", "console"}:
        raise ValueError(f"LOG_FORMAT is {style!r}: use json or console")
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
        redact,
    ]
    final: list[Any] = (
        [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
        if style == "json"
        else [structlog.dev.ConsoleRenderer(colors=False, pad_event_to=0)]
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "line": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": shared,
                    "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *final],
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
            "root": {"handlers": ["stderr"], "level": level},
            "loggers": {
                # One line a call, with the full address, is too much and may carry identifiers.
                "httpx": {"level": "WARNING"},
                "httpcore": {"level": "WARNING"},
                # At DEBUG these quote what they work on: a page's whole context, a statement's parameters.
                "django.template": {"level": "INFO"},
                "django.db.backends": {"level": "INFO"},
                # Three lines for every tick, many ticks a second: jobs write their own line when they matter.
                "celery.beat": {"level": "WARNING"},
                "celery.worker.strategy": {"level": "WARNING"},
                "celery.app.trace": {"level": "WARNING"},
                "django.server": {"handlers": ["stderr"], "level": level, "propagate": False},
            },
        }
    )
