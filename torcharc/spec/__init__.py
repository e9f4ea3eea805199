"""Formats: each file reads one way of writing a spec into a `Graph`."""
