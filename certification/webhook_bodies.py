"""What a webhook says: the event itself, or a message for a channel of Slack or Teams."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder

from certification.queries.events import Event


def body_of(event: Event, form: str) -> str:
    """The JSON text for a format of `WebhookEndpoint.Format`."""
    return json.dumps(_FORMS[form](event), cls=DjangoJSONEncoder, ensure_ascii=False)


def _standard(event: Event) -> dict[str, Any]:
    """https://www.standardwebhooks.com: type, timestamp of the event, data."""
    return {"type": event.type, "timestamp": event.at, "data": asdict(event)}


def _slack(event: Event) -> dict[str, Any]:
    words = f"*{_slack_text(str(event.actor['name']))}* {_slack_text(event.text)}"
    if event.reason:
        words += f"\n> {_slack_text(event.reason[:500])}"
    link = {"type": "mrkdwn", "text": f"<{event.url}|{event.type}>"}
    return {
        "text": f"{event.actor['name']} {event.text}",
        "blocks": [
            {"type": "section", "text": {"type": "mrkdwn", "text": words}},
            {"type": "context", "elements": [link]},
        ],
    }


def _slack_text(text: str) -> str:
    """Slack reads these three as markup; nothing else needs escaping in its messages."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\n", " ")


def _teams(event: Event) -> dict[str, Any]:
    """An Adaptive Card in the envelope that Workflows' webhook trigger takes."""
    texts = [
        {"type": "TextBlock", "text": f"{event.actor['name']} {event.text}", "wrap": True, "weight": "Bolder"}
    ]
    if event.reason:
        texts.append({"type": "TextBlock", "text": event.reason[:500], "wrap": True})
    texts.append({"type": "TextBlock", "text": event.type, "isSubtle": True, "size": "Small"})
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": texts,
        "actions": [{"type": "Action.OpenUrl", "title": event.type, "url": event.url}],
    }
    attachment = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": card,
    }
    return {"type": "message", "attachments": [attachment]}


_FORMS: dict[str, Callable[[Event], dict[str, Any]]] = {
    "standard": _standard,
    "slack": _slack,
    "teams": _teams,
}
