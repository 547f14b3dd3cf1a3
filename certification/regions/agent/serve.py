"""Command line and server of the reference region agent."""

from __future__ import annotations

import argparse
import asyncio
import json
import logging
import os
import re
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any

import uvicorn

from certification.regions.agent.app import create_app
from certification.regions.agent.calls import Profiles
from certification.regions.agent.region import AgentOptions
from certification.regions.protocol import Token

if TYPE_CHECKING:
    from certification.regions.agent.gateway import GatewayOptions

TOKEN_VARIABLE = "REGION_TOKEN"  # noqa: S105 - the name of a variable
KEYS_VARIABLE = "REGION_CERTIFICATE_KEYS"


def _duration_range(text: str) -> tuple[float, float]:
    first, _, last = text.partition("-")
    try:
        shortest, longest = float(first), float(last or first)
    except ValueError:
        raise argparse.ArgumentTypeError("give seconds as 3-8, or one number") from None
    if not 0 <= shortest <= longest <= 3600:
        raise argparse.ArgumentTypeError("give the shorter time first, at most 3600")
    return shortest, longest


def _codes(text: str) -> list[str]:
    codes = [code.strip() for code in text.split(",") if code.strip()]
    if not codes or len(set(codes)) != len(codes):
        raise argparse.ArgumentTypeError("name each region once, separated by commas")
    if not all(re.fullmatch("[a-z0-9][a-z0-9-]{0,49}", code) for code in codes):
        raise argparse.ArgumentTypeError("region codes are lower-case letters, digits and hyphens")
    return codes


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--regions", type=_codes, required=True, metavar="CODE,CODE,…", help="regions to serve"
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default %(default)s)")
    parser.add_argument(
        "--port", type=int, default=8100, help="port, 0 for any free one (default %(default)s)"
    )
    parser.add_argument("--data-dir", type=Path, default=Path("var/regions"), help="ledgers and packages")
    parser.add_argument(
        "--portal", metavar="URL", help="portal that receives telemetry; none: it is only spooled"
    )
    parser.add_argument(
        "--token-file",
        type=Path,
        help=f"JSON object of codes and tokens, or one token for all (default: variable {TOKEN_VARIABLE})",
    )
    parser.add_argument("--deploy-seconds", type=_duration_range, default=(3.0, 8.0), metavar="MIN-MAX")
    parser.add_argument(
        "--traffic",
        type=float,
        nargs="?",
        const=30.0,
        default=0.0,
        metavar="CALLS_PER_MINUTE",
        help="call deployed connectors at this rate per region (default when given: 30)",
    )
    parser.add_argument("--profiles", type=Path, help="JSON file of simulated backend profiles")
    parser.add_argument("--faults", action="store_true", help="open the control endpoints for misbehaviour")
    parser.add_argument(
        "--gateway",
        action="store_true",
        help="call operations for the portal, within EGRESS_PUBLIC and EGRESS_LOCAL_HOSTS of the environment",
    )
    parser.add_argument(
        "--certificate-keys",
        type=Path,
        metavar="PEM",
        help="refuse packages without a certificate signed by one of the public keys in this file "
        f"(default: variable {KEYS_VARIABLE}; without either, certificates are not asked for)",
    )
    parser.add_argument("--seed", type=int, help="make durations, calls and statuses repeatable")
    parser.add_argument("--push-idle-seconds", type=float, default=5.0, help=argparse.SUPPRESS)


def read_tokens(codes: list[str], token_file: Path | None) -> dict[str, Token]:
    """One token per region. Raises ValueError, which says what to set and never shows a token."""
    text = token_file.read_text("utf-8").strip() if token_file else os.environ.get(TOKEN_VARIABLE, "").strip()
    if not text:
        raise ValueError(f"No region token: set {TOKEN_VARIABLE} or give --token-file.")
    if not text.startswith("{"):
        return {code: Token(text) for code in codes}
    try:
        known = json.loads(text)
    except ValueError:
        raise ValueError("The token file is neither one token nor a JSON object of them.") from None
    missing = [code for code in codes if not isinstance(known.get(code), str)]
    if missing:
        raise ValueError(f"The token file has no token for {', '.join(missing)}.")
    return {code: Token(known[code]) for code in codes}


def read_certificate_keys(file: Path | None) -> str:
    """The PEM text of the trusted keys, or nothing. Raises ValueError or OSError when they are unusable."""
    # Files of variables hold one line: there a line end is written as \n.
    text = file.read_text("ascii") if file else os.environ.get(KEYS_VARIABLE, "").replace("\\n", "\n")
    if file or text.strip():
        from certification.regions.agent.trust import public_keys

        public_keys(text)
    return text.strip()


def _gateway() -> GatewayOptions:
    """Where calls may go is the machine's business, not the portal's."""
    from certification.regions.agent.gateway import GatewayOptions

    public, hosts = os.environ.get("EGRESS_PUBLIC", "on"), os.environ.get("EGRESS_LOCAL_HOSTS", "")
    return GatewayOptions.of(public=public, local_hosts=hosts)


def options_from(arguments: dict[str, Any]) -> AgentOptions:
    """Options from parsed arguments. Raises ValueError or OSError when a file or the token is unusable."""
    return AgentOptions(
        tokens=read_tokens(arguments["regions"], arguments["token_file"]),
        data_dir=arguments["data_dir"],
        portal=arguments["portal"],
        deploy_seconds=arguments["deploy_seconds"],
        traffic_per_minute=arguments["traffic"],
        has_faults=arguments["faults"],
        seed=arguments["seed"],
        profiles=Profiles.from_file(arguments["profiles"]) if arguments["profiles"] else Profiles(),
        push_idle_seconds=arguments["push_idle_seconds"],
        gateway=_gateway() if arguments["gateway"] else None,
        certificate_keys=read_certificate_keys(arguments.get("certificate_keys")),
    )


def serve(options: AgentOptions, *, host: str, port: int) -> None:
    """Listen and serve until SIGINT or SIGTERM. The first line on stdout names the address."""
    # Requests of the HTTP client would be logged with their addresses at INFO, one line per batch.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        # Listen before the address is told, so that the first caller waits instead of being refused.
        listener.listen(2048)
        shown_host = f"[{host}]" if ":" in host else host
        config = uvicorn.Config(
            create_app(options),
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=2,
        )
        address = f"http://{shown_host}:{listener.getsockname()[1]}/"
        print(f"regions at {address} : {', '.join(options.tokens)}", flush=True)  # noqa: T201
        asyncio.run(uvicorn.Server(config).serve(sockets=[listener]))
