"""Benchmarks: every figure stands beside a reference measured or computed in the same run."""
