"""Gates between waves: is the new version worse than the old one, by how much, and how sure is that?

Plain Python without a framework. `gate.decide(Evidence, Thresholds)` gives a verdict with every figure it
rests on; docs/rollouts.md states the method and its references.
"""
