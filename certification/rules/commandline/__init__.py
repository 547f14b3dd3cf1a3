"""The command line of the rules: `connector-rules`, the same as `python -m certification.rules`. It needs no
Django, no database and no network.
"""
