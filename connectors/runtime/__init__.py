"""Calls one operation of a connector definition against its backend: pure Python, no framework.

operation = find_operation(definition, "GetTides")
result = Caller(Egress()).call(target, operation, inputs, connection)
result.is_success, result.request (secrets masked), result.answer, result.findings
"""

from connectors.runtime.calls import Caller, CallResult, Target
from connectors.runtime.connection import Connection
from connectors.runtime.egress import Egress
from connectors.runtime.errors import (
    CallError,
    CallFailed,
    CallImpossible,
    EgressRefused,
    InputsInvalid,
    SignInRefused,
)
from connectors.runtime.operations import CallableOperation, Input, find_operation, list_operations
from connectors.runtime.reported import Reported, result_of

__all__ = [
    "CallError",
    "CallFailed",
    "CallImpossible",
    "CallResult",
    "CallableOperation",
    "Caller",
    "Connection",
    "Egress",
    "EgressRefused",
    "Input",
    "InputsInvalid",
    "Reported",
    "SignInRefused",
    "Target",
    "find_operation",
    "list_operations",
    "result_of",
]
