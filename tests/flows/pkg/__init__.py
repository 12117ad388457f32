"""A package with a flow deep inside."""
