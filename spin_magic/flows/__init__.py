"""The code side: which flow, loaded fresh, and the text of a cell as one of its steps."""
