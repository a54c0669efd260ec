"""Benchmarks of the issue's speed table: ours and its peer, interleaved, on the same wheels."""
