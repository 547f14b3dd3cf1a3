"""ID tokens of build services (OpenID Connect): what they say, and whether it is true.

claims = verify(text, keys=keys, audience="https://portal.example", issuer=issuer.url)
run = run_of(issuer, claims)       # which repository, workflow and branch asks
mismatch(rule, run)                # why a rule does not fit it, or nothing

Plain Python: keys come in as data, nobody is asked.
"""

from connectors.identity.runs import Issuer, IssuerKind, Rule, Run, issuers_from, mismatch, run_of
from connectors.identity.tokens import ALGORITHMS, Peeked, TokenRefused, peek, usable_keys, verify

__all__ = [
    "ALGORITHMS",
    "Issuer",
    "IssuerKind",
    "Peeked",
    "Rule",
    "Run",
    "TokenRefused",
    "issuers_from",
    "mismatch",
    "peek",
    "run_of",
    "usable_keys",
    "verify",
]
