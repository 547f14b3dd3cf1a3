"""Calls of operations through a region's gateway, where the region offers that (`INVOKE`).

The result is of the same kind as that of a direct call: the region's word is checked, cut and masked here.
What was lent for the call goes to the region in the body of one request and is repeated in no message.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from asgiref.sync import async_to_sync
from django.utils.translation import gettext as _

from certification.regions.errors import RegionError, RegionRefused
from certification.regions.protocol import (
    INVOKE,
    HiddenText,
    Invocation,
    Invoked,
    InvokesOperations,
    RegionEndpoint,
)
from certification.services.endpoints import endpoint_of, open_driver
from connectors.models import Region, Version
from connectors.runtime import (
    CallError,
    CallImpossible,
    CallResult,
    Connection,
    InputsInvalid,
    Reported,
    find_operation,
    result_of,
)
from connectors.services import calls
from portal.shared import sandbox

LARGEST_INPUTS = 200_000
"""Characters; regions take a quarter of a megabyte."""


class NotOffered(CallError):
    """The region does not call operations after all: nothing was sent to the service."""


def offers(region: Region) -> bool:
    """Whether the region said that it calls operations for us."""
    return INVOKE in region.capabilities


def call_through(
    region: Region,
    version: Version,
    operation_id: str,
    inputs: Mapping[str, Any],
    connection: Connection,
    *,
    lenient: bool = False,
) -> CallResult:
    """Call once by way of the region, never inside a transaction.

    Raises the runtime's errors when nothing was sent, `NotOffered` when the region cannot do it. A region
    without a usable answer is a result with a failure: whether the service was called, nobody knows.
    """
    sandbox.refuse_outside()
    operation = find_operation(calls.target_of(version).definition, operation_id)
    if sum(len(str(value)) for value in inputs.values()) > LARGEST_INPUTS:
        raise CallImpossible(_("These inputs are too large to go through a region: call the service itself."))
    invocation = Invocation(
        connector=version.connector.slug, digest=version.digest, operation=operation_id, inputs=dict(inputs),
        kind=connection.kind, values=dict(connection.values), is_lenient=lenient,
        secrets={name: HiddenText(sealed.reveal()) for name, sealed in connection.secrets.items()},
    )  # fmt: skip
    try:
        invoked = async_to_sync(_invoke)(region.driver, endpoint_of(region), invocation)
    except RegionRefused as refusal:
        raise _refused(region, refusal) from None
    except RegionError as error:
        reported = Reported(operation.method.upper(), operation.path, failure=f"{region}: {error.message}")
        return result_of(operation, connection, reported)
    if invoked.problems:
        raise InputsInvalid(invoked.problems)
    if invoked.refusal:
        raise CallImpossible(
            _("%(region)s did not call it: %(refusal)s") % {"region": region, "refusal": invoked.refusal}
        )
    return result_of(operation, connection, _reported(invoked))


async def _invoke(kind: str, endpoint: RegionEndpoint, invocation: Invocation) -> Invoked:
    async with open_driver(kind) as driver:
        if not isinstance(driver, InvokesOperations):
            raise RegionRefused(
                endpoint.code, "cannot be asked to call operations.", code="capability-missing", status=404
            )
        return await driver.invoke(endpoint, invocation)


def _refused(region: Region, refusal: RegionRefused) -> CallError:
    if refusal.code in ("capability-missing", "unknown-path"):
        return NotOffered(_("%(region)s does not call operations for the portal.") % {"region": region})
    return CallImpossible(
        _("%(region)s did not call it: %(message)s") % {"region": region, "message": refusal.message}
    )


def _reported(invoked: Invoked) -> Reported:
    return Reported(
        invoked.method, invoked.url, invoked.headers, invoked.body, invoked.status,
        invoked.answer_headers, invoked.answer_body, invoked.size, invoked.is_cut,
        invoked.duration_ms, invoked.failure, invoked.notes,
    )  # fmt: skip
