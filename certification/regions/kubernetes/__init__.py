"""Regions that are namespaces of Kubernetes clusters."""
