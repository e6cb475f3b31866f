"""The application that localcloud deploys in its own tests."""
