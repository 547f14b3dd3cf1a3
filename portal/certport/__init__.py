"""`certport`: the publishers' command line, over the portal's REST API.

It stands alone: plain Python with the rule engine, without the portal's frameworks.
"""

VERSION = "0.1.0"
