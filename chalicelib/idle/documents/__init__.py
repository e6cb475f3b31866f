"""The report as documents: a page for people, JSON and CSV for programs, the digest for owners."""
