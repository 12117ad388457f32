"""Steps written back into flow files: text in, text out, and one way onto the disk.

Spans come from Python's own `ast` and `tokenize`, and are cut out of the file's own text. Libraries that keep
the format were tried and refuse or alter valid files: libcst loses or refuses a form feed before an
indentation, lone carriage returns and starred subscripts, parso knows no `match`.
"""
