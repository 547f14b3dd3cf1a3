"""Child processes for what strangers made: limited, bounded in their answer, ended with all they began.

`process` is the parent's side, `powers` what a child gives up by itself. Needs nothing but Python, so that
the command line may be packed with it.
"""

from connectors.confinement.process import MIB, NOBODY, Limits, Outcome, run

__all__ = ["MIB", "NOBODY", "Limits", "Outcome", "run"]
