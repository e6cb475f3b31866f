"""AWS's Price List, which moto lacks: what a test or the demonstration says that things cost."""
