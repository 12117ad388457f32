"""The data side: which past task, its parents, and what the step finds on them."""
