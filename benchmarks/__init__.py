"""Parity, latency and throughput of the bundled models: ``pytest benchmarks``.

Times are measured and reported, never asserted.
"""
