"""The stories of the demo world, and the order in which they begin."""
