"""Benchmarks: torcharc beside modules written by hand, and beside the peer `torcharc==1.2.1`."""
