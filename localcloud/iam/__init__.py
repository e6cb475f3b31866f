"""Who may do what: signatures, policies, roles."""
