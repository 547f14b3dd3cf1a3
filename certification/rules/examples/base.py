"""A small connector that breaks no rule: the ground on which every example changes one thing."""

from __future__ import annotations

import struct
import zlib
from typing import Any

DEFINITION: dict[str, Any] = {
    "swagger": "2.0",
    "info": {
        "title": "Harbour Tides",
        "description": "Gives the times of the tides and the water levels for harbours along the coast.",
        "version": "1.0.0",
        "contact": {
            "name": "Harbour Tides Support",
            "url": "https://tides.example/support",
            "email": "support@tides.example",
        },
    },
    "host": "api.tides.example",
    "basePath": "/v1",
    "schemes": ["https"],
    "consumes": ["application/json"],
    "produces": ["application/json"],
    "paths": {
        "/harbours/{harbourId}/tides": {
            "get": {
                "operationId": "ListTides",
                "summary": "List tides",
                "description": "Lists the next high and low tides of a harbour.",
                "x-ms-visibility": "important",
                "tags": ["Tides"],
                "parameters": [
                    {
                        "name": "harbourId",
                        "in": "path",
                        "required": True,
                        "type": "string",
                        "x-ms-summary": "Harbour",
                        "description": "The code of the harbour.",
                        "x-ms-url-encoding": "single",
                    }
                ],
                "responses": {
                    "200": {"description": "The tides.", "schema": {"$ref": "#/definitions/TideList"}},
                    "default": {"description": "The request failed."},
                },
            }
        },
        "/account": {
            "get": {
                "operationId": "GetAccount",
                "summary": "Get account",
                "description": "Gives the name of the account that the key belongs to.",
                "x-ms-visibility": "advanced",
                "tags": ["Tides"],
                "responses": {
                    "200": {
                        "description": "The account.",
                        "schema": {
                            "type": "object",
                            "properties": {
                                "name": {
                                    "type": "string",
                                    "description": "The name of the account.",
                                    "x-ms-summary": "Name",
                                }
                            },
                        },
                    },
                    "default": {"description": "The request failed."},
                },
            }
        },
    },
    "definitions": {
        "TideList": {
            "type": "object",
            "properties": {
                "tides": {
                    "type": "array",
                    "description": "The tides in the order of their time.",
                    "x-ms-summary": "Tides",
                    "items": {
                        "type": "object",
                        "properties": {
                            "time": {
                                "type": "string",
                                "format": "date-time",
                                "description": "When the water turns.",
                                "x-ms-summary": "Time",
                            },
                            "level": {
                                "type": "number",
                                "format": "double",
                                "description": "The water level in metres.",
                                "x-ms-summary": "Level",
                            },
                        },
                    },
                }
            },
        }
    },
    "securityDefinitions": {"apiKey": {"type": "apiKey", "in": "header", "name": "X-Api-Key"}},
    "security": [{"apiKey": []}],
    "tags": [{"name": "Tides", "description": "High and low water."}],
    "x-ms-capabilities": {"testConnection": {"operationId": "GetAccount"}},
    "x-ms-connector-metadata": [
        {"propertyName": "Website", "propertyValue": "https://tides.example"},
        {"propertyName": "Privacy policy", "propertyValue": "https://tides.example/privacy"},
        {"propertyName": "Categories", "propertyValue": "Data;Productivity"},
    ],
}

PROPERTIES: dict[str, Any] = {
    "properties": {
        "iconBrandColor": "#1B5E7B",
        "capabilities": [],
        "connectionParameters": {
            "api_key": {
                "type": "securestring",
                "uiDefinition": {
                    "displayName": "API Key",
                    "description": "The key from your account page.",
                    "tooltip": "Provide your key",
                    "constraints": {"required": "true", "tabIndex": 2, "clearText": False},
                },
            }
        },
        "publisher": "Harbour Office",
        "stackOwner": "Harbour Office",
    }
}

README = """# Harbour Tides

Tide times and water levels for harbours along the coast.

## Publisher: Harbour Office

## Prerequisites

An account with Harbour Tides.

## Supported operations

### List tides

Lists the next high and low tides of a harbour.

### Get account

Gives the name of the account that the key belongs to.

## Obtaining credentials

Copy the key from your account page.

## Getting started

Create a flow, add "List tides" and choose a harbour.

## Known issues and limitations

Tides are known for the next seven days only.

## Frequently asked questions

### How often are the tides computed?

Once a day.

## Deployment instructions

Create a connection with the key from your account page.
"""

INTRO = """# Harbour Tides

Tide times and water levels for harbours along the coast, for flows and apps that plan the work in a harbour
around high and low water. The times are computed once a day for the next seven days.
"""


def png(side: int = 160, colour: tuple[int, int, int] = (0x1B, 0x5E, 0x7B)) -> bytes:
    """A square picture with a white bar in its middle, on a ground of one colour (red, green, blue)."""
    bar = range(side * 2 // 5, side * 3 // 5)
    rows = []
    for y in range(side):
        row = [(255, 255, 255) if x in bar and side // 4 < y < side * 3 // 4 else colour for x in range(side)]
        rows.append(b"\0" + bytes(part for pixel in row for part in pixel))
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)),
        (b"IDAT", zlib.compress(b"".join(rows), 9)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


ICON = png()

SCRIPT = """using System.Net.Http;
using System.Threading.Tasks;

public class Script : ScriptBase
{
    public override async Task<HttpResponseMessage> ExecuteAsync()
    {
        if (this.Context.OperationId == "ListTides")
        {
            return await this.Context.SendAsync(this.Context.Request, this.CancellationToken);
        }
        return new HttpResponseMessage();
    }
}
"""
