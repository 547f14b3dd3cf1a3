"""Pictures of the main pages, taken from the demo world: `make screens`."""
