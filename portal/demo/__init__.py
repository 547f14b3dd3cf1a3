"""The demo world of a trial: invented teams, connectors written for it, and ninety days of their history."""
