"""The outside world of deployment: protocol, drivers, polling, reference region agent. No Django here."""
