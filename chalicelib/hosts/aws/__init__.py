"""What publishing and polling need of AWS."""
