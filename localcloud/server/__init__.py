"""moto's server with everything put in its place."""
