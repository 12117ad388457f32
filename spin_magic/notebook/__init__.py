"""A flow file as a notebook, and back: to the byte where nothing was edited.

The file is cut into parts: its head, the class around its steps, each step, and its tail. A part is a cell
with a tag, and the cell's metadata keep what its text does not show. Jupytext and its like keep notebooks in
scripts; what is kept here is the flow file as its author wrote it, which knows nothing of cells.
"""
