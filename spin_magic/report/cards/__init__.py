"""Cards in the notebook: their pages, what they have in common, updates, and a static picture."""
