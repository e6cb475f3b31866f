"""The client agent of Groundskeeper: installs the names that it serves into a hosts file, and never breaks the file."""

__version__ = "0.1.0"
