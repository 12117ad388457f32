"""A package beside the flow."""
