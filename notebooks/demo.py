"""The quickstart without a browser: run the flow, run the notebook, print what its cells show.

`make demo` calls this. Everything is made afresh in demo_output/, beside an HTML copy that needs no network.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbconvert import HTMLExporter

NOTEBOOKS = Path(__file__).parent
OUTPUT = NOTEBOOKS.parent / "demo_output"
WIDGET = "application/vnd.jupyter.widget-view+json"
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def show(cell: Any, cell_index: int, **_: Any) -> None:
    """Print a cell, and under it what a reader sees, as text."""
    if cell.cell_type != "code":
        return
    print(f"\n\033[2m─── cell {cell_index} {'─' * 60}\033[0m")
    for line in cell.source.splitlines():
        print(f"\033[2m│\033[0m {line}")
    for output in cell.outputs:
        text = output.get("text") or output.get("data", {}).get("text/plain", "")
        print(COLOURS.sub("", text).rstrip())


def html_copy(notebook: nbformat.NotebookNode, file: Path) -> None:
    """Write the notebook as one page. Widgets need a kernel, so each gives way to its HTML form."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if "text/html" in output.get("data", {}):
                output.data.pop(WIDGET, None)
    notebook.metadata.pop("widgets", None)
    exporter = HTMLExporter(mathjax_url="", require_js_url="", jquery_url="", widget_renderer_url="")
    page, _ = exporter.from_notebook_node(notebook)
    file.write_text(page, encoding="utf-8")


def main() -> None:
    shutil.rmtree(OUTPUT, ignore_errors=True)
    shutil.copytree(NOTEBOOKS, OUTPUT, ignore=shutil.ignore_patterns(".*", "__pycache__", "demo.py"))

    print("Running the flow once, so that there are inputs to spin on.\n", flush=True)
    subprocess.run([sys.executable, "flows/trainflow.py", "run"], cwd=OUTPUT, check=True)

    print("\nRunning quickstart.ipynb in a fresh kernel.", flush=True)
    notebook = nbformat.read(OUTPUT / "quickstart.ipynb", as_version=4)
    client = NotebookClient(
        notebook,
        kernel_name="python3",
        extra_arguments=["--log-level=ERROR"],
        timeout=300,
        resources={"metadata": {"path": str(OUTPUT)}},
        on_cell_executed=show,
    )
    client.execute()
    nbformat.write(notebook, OUTPUT / "quickstart.ipynb")
    html_copy(notebook, OUTPUT / "quickstart.html")
    print(f"\nThe notebook with its outputs: {OUTPUT / 'quickstart.ipynb'}")
    print(f"The same as a page to open in a browser: {OUTPUT / 'quickstart.html'}")


if __name__ == "__main__":
    main()
