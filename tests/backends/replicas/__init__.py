"""Replicas on a cluster: what may happen to them, and what they must not be asked."""
