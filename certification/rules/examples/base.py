"""A small connector that breaks no rule: the ground on which every example changes one thing."""

from __future__ import annotations

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
        }
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

## Obtaining credentials

Copy the key from your account page.

## Known issues and limitations

None.
"""

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
