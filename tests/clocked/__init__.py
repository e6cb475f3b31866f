"""Tests of the package that set the cloud's clock, which starts every function anew: they have clouds of their own."""
