"""Whole networks: models for text as classes, and architectures as spec files."""
