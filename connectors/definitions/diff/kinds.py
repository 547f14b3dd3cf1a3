"""Every kind of change: how much it matters, and the sentence that tells it to people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Impact = Literal["cosmetic", "additive", "behavioural", "breaking"]
IMPACTS: tuple[Impact, ...] = ("cosmetic", "additive", "behavioural", "breaking")
"""From harmless to harmful. Breaking: flows and connections that work today may fail. Behavioural: they go
on, but may meet something else. Additive: they do not notice. Cosmetic: only texts and pictures differ."""


@dataclass(frozen=True, slots=True)
class Kind:
    """`sentence` is a format string over subject, operation, old and new of a change."""

    impact: Impact
    sentence: str


_OPERATIONS = {
    "operation-removed": ("breaking", "The operation {operation} was removed."),
    "operation-id-changed": ("breaking", "The operationId {old} was changed to {new}."),
    "operation-path-changed": ("breaking", "The path of {operation} was changed from {old} to {new}."),
    "operation-method-changed": (
        "breaking",
        "The HTTP method of {operation} was changed from {old} to {new}.",
    ),
    "operation-added": ("additive", "The operation {operation} was added."),
    "revision-removed": (
        "breaking",
        "{operation} was removed although its family {subject} goes on with {new}.",
    ),
    "trigger-changed": ("breaking", "{operation} was {old} and is now {new}."),
    "trigger-kind-changed": ("breaking", "The trigger {operation} was changed from {old} to {new}."),
    "operation-hidden": ("breaking", "The operation {operation} became internal."),
    "operation-shown": ("additive", "The operation {operation} is no longer internal."),
    "operation-visibility-changed": (
        "cosmetic",
        "The visibility of {operation} was changed from {old} to {new}.",
    ),
    "operation-deprecated": ("additive", "The operation {operation} was deprecated."),
    "operation-undeprecated": ("additive", "The operation {operation} is no longer deprecated."),
    "operation-summary-changed": ("cosmetic", "The summary of {operation} was changed from {old} to {new}."),
    "operation-description-changed": ("cosmetic", "The description of {operation} was changed."),
    "operation-setting-changed": ("behavioural", "{subject} of {operation} was changed."),
    "request-type-removed": ("behavioural", "{operation} no longer accepts {old}."),
    "request-type-added": ("additive", "{operation} now also accepts {new}."),
    "response-type-removed": ("behavioural", "{operation} no longer answers {old}."),
    "response-type-added": ("additive", "{operation} may now also answer {new}."),
    "success-removed": ("breaking", "The success status {subject} of {operation} was removed."),
    "success-added": ("behavioural", "The success status {subject} of {operation} was added."),
    "error-response-changed": ("additive", "The response {subject} of {operation} was changed."),
    "response-description-changed": (
        "cosmetic",
        "The description of response {subject} of {operation} was changed.",
    ),
    "response-header-removed": ("behavioural", "The response header {subject} of {operation} was removed."),
    "response-header-added": ("additive", "The response header {subject} of {operation} was added."),
}
_INPUTS = {
    "input-removed": ("breaking", "The input {subject} of {operation} was removed."),
    "input-added-required": ("breaking", "The required input {subject} was added to {operation}."),
    "input-added-required-below": (
        "behavioural",
        "The required input {subject} of {operation} lies in an optional input that is new as well.",
    ),
    "input-added": ("additive", "The optional input {subject} was added to {operation}."),
    "input-became-required": ("breaking", "The input {subject} of {operation} became required."),
    "input-became-optional": ("additive", "The input {subject} of {operation} became optional."),
    "input-location-changed": (
        "breaking",
        "The parameter {subject} of {operation} moved from {old} to {new}.",
    ),
    "input-type-changed": (
        "breaking",
        "The type of input {subject} of {operation} was changed from {old} to {new}.",
    ),
    "input-format-changed": (
        "behavioural",
        "The format of input {subject} of {operation} was changed from {old} to {new}.",
    ),
    "input-enum-value-removed": (
        "breaking",
        "The input {subject} of {operation} no longer accepts {old}.",
    ),
    "input-enum-value-added": ("additive", "The input {subject} of {operation} now also accepts {new}."),
    "input-enum-added": ("breaking", "The input {subject} of {operation} now accepts only {new}."),
    "input-enum-dropped": ("additive", "The input {subject} of {operation} is no longer limited to a list."),
    "input-default-changed": (
        "behavioural",
        "The default of input {subject} of {operation} was changed from {old} to {new}.",
    ),
    "input-became-internal": ("breaking", "The input {subject} of {operation} became internal."),
    "input-visibility-changed": (
        "cosmetic",
        "The visibility of input {subject} of {operation} was changed from {old} to {new}.",
    ),
    "input-limit-tightened": ("behavioural", "{note} of input {subject} of {operation} is now {new}."),
    "input-limit-relaxed": ("additive", "{note} of input {subject} of {operation} was {old} and is relaxed."),
    "input-pattern-changed": (
        "behavioural",
        "The pattern of input {subject} of {operation} was changed from {old} to {new}.",
    ),
    "input-pattern-dropped": ("additive", "The pattern of input {subject} of {operation} was dropped."),
    "input-collection-format-changed": (
        "breaking",
        "The collectionFormat of input {subject} of {operation} was changed from {old} to {new}.",
    ),
    "input-text-changed": ("cosmetic", "{note} of input {subject} of {operation} was changed."),
    "input-setting-changed": ("behavioural", "{note} of input {subject} of {operation} was changed."),
}
_OUTPUTS = {
    "output-removed": ("breaking", "The output {subject} of {operation} was removed."),
    "output-added": ("additive", "The output {subject} was added to {operation}."),
    "output-became-required": ("additive", "The output {subject} of {operation} is now always there."),
    "output-became-optional": ("behavioural", "The output {subject} of {operation} may now be absent."),
    "output-type-changed": (
        "breaking",
        "The type of output {subject} of {operation} was changed from {old} to {new}.",
    ),
    "output-format-changed": (
        "breaking",
        "The format of output {subject} of {operation} was changed from {old} to {new}.",
    ),
    "output-enum-value-added": ("behavioural", "The output {subject} of {operation} may now also be {new}."),
    "output-enum-value-removed": ("additive", "The output {subject} of {operation} is never {old} any more."),
    "output-enum-added": ("additive", "The output {subject} of {operation} is now one of {new}."),
    "output-enum-dropped": ("behavioural", "The output {subject} of {operation} may now be any value."),
    "output-hidden": ("behavioural", "The output {subject} of {operation} became internal."),
    "output-visibility-changed": (
        "cosmetic",
        "The visibility of output {subject} of {operation} was changed from {old} to {new}.",
    ),
    "output-limit-changed": (
        "additive",
        "{note} of output {subject} of {operation} was changed from {old} to {new}.",
    ),
    "output-text-changed": ("cosmetic", "{note} of output {subject} of {operation} was changed."),
    "output-setting-changed": ("behavioural", "{note} of output {subject} of {operation} was changed."),
}
_CONNECTOR = {
    "title-changed": ("behavioural", "The title was changed from {old} to {new}."),
    "version-changed": ("cosmetic", "The version was changed from {old} to {new}."),
    "info-description-changed": ("cosmetic", "The description of the connector was changed."),
    "contact-changed": ("cosmetic", "The contact was changed."),
    "info-setting-changed": ("cosmetic", "{subject} of the connector was changed."),
    "host-changed": ("behavioural", "The host was changed from {old} to {new}."),
    "base-path-changed": ("behavioural", "The basePath was changed from {old} to {new}."),
    "schemes-changed": ("behavioural", "The schemes were changed from {old} to {new}."),
    "metadata-changed": ("cosmetic", "The connector metadata {subject} was changed from {old} to {new}."),
    "definition-setting-changed": ("behavioural", "{subject} of the definition was changed."),
    "definition-otherwise-changed": (
        "cosmetic",
        "The definition differs in a place that no operation reaches.",
    ),
    "security-type-removed": ("breaking", "The authentication type {old} was removed."),
    "security-type-added": ("behavioural", "The authentication type {new} was added."),
    "api-key-changed": ("breaking", "The API key moved from {old} to {new}."),
    "security-setting-changed": ("behavioural", "The security scheme {subject} was changed."),
}
_CONNECTION = {
    "connection-parameter-removed": ("breaking", "The connection parameter {subject} was removed."),
    "connection-parameter-added-required": (
        "breaking",
        "The required connection parameter {subject} was added.",
    ),
    "connection-parameter-added": ("additive", "The connection parameter {subject} was added."),
    "connection-parameter-became-required": (
        "breaking",
        "The connection parameter {subject} became required.",
    ),
    "connection-parameter-became-optional": (
        "additive",
        "The connection parameter {subject} became optional.",
    ),
    "connection-parameter-type-changed": (
        "breaking",
        "The type of connection parameter {subject} was changed from {old} to {new}.",
    ),
    "identity-provider-changed": (
        "breaking",
        "The identity provider of connection parameter {subject} was changed from {old} to {new}.",
    ),
    "scopes-changed": (
        "behavioural",
        "The OAuth scopes of connection parameter {subject} were changed from {old} to {new}.",
    ),
    "parameter-types-changed": (
        "breaking",
        "The types of the connection parameters were changed from {old} to {new}.",
    ),
    "parameter-set-removed": ("breaking", "The way to sign in {subject} was removed."),
    "parameter-set-added": ("behavioural", "The way to sign in {subject} was added."),
    "parameter-sets-changed": ("behavioural", "The connector had {old} and now has {new}."),
    "connection-text-changed": ("cosmetic", "The texts of connection parameter {subject} were changed."),
    "connection-setting-changed": ("behavioural", "{note} of connection parameter {subject} was changed."),
    "policy-removed": ("behavioural", "The policy {subject} was removed."),
    "policy-added": ("behavioural", "The policy {subject} was added."),
    "policy-changed": ("behavioural", "The policy {subject} was changed."),
    "policy-order-changed": ("behavioural", "The policies run in another order."),
    "publisher-changed": ("behavioural", "The publisher was changed from {old} to {new}."),
    "stack-owner-changed": ("cosmetic", "The stackOwner was changed from {old} to {new}."),
    "brand-colour-changed": ("cosmetic", "The brand colour was changed from {old} to {new}."),
    "tier-raised": ("behavioural", "The tier was raised from {old} to {new}."),
    "tier-lowered": ("additive", "The tier was changed from {old} to {new}."),
    "properties-otherwise-changed": (
        "cosmetic",
        "apiProperties.json differs in a way of no meaning.",
    ),
    "properties-setting-changed": ("behavioural", "{subject} of apiProperties.json was changed."),
}
_FILES = {
    "script-added": ("behavioural", "A script was added."),
    "script-removed": ("behavioural", "The script was removed."),
    "script-changed": ("behavioural", "The script was changed."),
    "icon-changed": ("cosmetic", "The icon was changed."),
    "document-changed": ("cosmetic", "{subject} was changed."),
    "file-changed": ("cosmetic", "{subject} was changed."),
}

KINDS: dict[str, Kind] = {
    name: Kind(impact, sentence)  # type: ignore[arg-type]
    for table in (_OPERATIONS, _INPUTS, _OUTPUTS, _CONNECTOR, _CONNECTION, _FILES)
    for name, (impact, sentence) in table.items()
}
