"""The inner package."""
