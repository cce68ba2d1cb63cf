"""Handwritten digits from any picture, offline, in milliseconds."""

__version__ = "0.1.0"
