"""The reference region agent: a small, real region that serves the protocol of `docs/region-api.yaml`.

One process serves many regions under `/<code>/`, each with its own durable ledger. It needs neither Django
nor the portal's database, so it can also be run on its own: `python -m certification.regions.agent --help`.
"""

AGENT_VERSION = "1.0"
