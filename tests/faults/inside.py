"""What is in a kernel, counted by the kernel itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.kernel.harness import Kernel

# In a function, and without a name left in the notebook. The texts of cells that were spun begin with the
# line that stands above them in a file. The shell keeps those of all cells, and what draws its tracebacks
# keeps the code of all that failed, ours or not.
_COUNT = """
def _count():
    import collections, ctypes, gc, json, linecache, os, sys, threading, types
    from pathlib import Path
    import ipywidgets
    from comm import get_comm_manager
    from metaflow import FlowSpec
    from spin_magic.result import SpinResult
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    objects = gc.get_objects()
    classes = [each for each in objects if isinstance(each, type)]
    lines = Path("/proc/self/smaps_rollup").read_text().splitlines()[1:]
    memory = {line.split()[0]: int(line.split()[1]) for line in lines}
    failed = {key[0] for each in classes for key in vars(each).get("__source_cache_with_lines", ())}
    kept = {name: entry[2] for name, entry in linecache.cache.items() if len(entry) > 2}
    texts = ["".join(lines) for name, lines in kept.items() if name not in failed]
    ours = sum(text.startswith(("class Flow:", "    def ")) for text in texts)
    numbered = len(get_ipython().compile._filename_map)
    print(json.dumps({
        "memory": memory["Pss:"] / 1024,
        "files": len(os.listdir("/proc/self/fd")),
        "mappings": len(Path("/proc/self/maps").read_text().splitlines()),
        "threads": threading.active_count(),
        "children": len(Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()),
        "sys.modules": len(sys.modules),
        "modules": sum(isinstance(each, types.ModuleType) for each in objects),
        "classes": len(classes),
        "flow classes": sum(issubclass(each, FlowSpec) for each in classes),
        "results": sum(isinstance(each, SpinResult) for each in objects),
        "texts": ours,
        "texts of others": len(linecache.cache) - ours,
        "numbered texts of others": numbered - ours,
        "temporary files": sum(1 for _ in Path(os.environ["TMPDIR"]).rglob("*")),
        "cached files": sum(1 for _ in Path(os.environ["SPIN_MAGIC_CACHE_DIR"]).rglob("*")),
        "widgets": len(get_comm_manager().comms),
        "outputs": len(get_ipython().user_ns["_oh"]),
        "objects": len(objects),
        "names of modules": sorted(sys.modules),
        "kinds of objects": collections.Counter(type(each).__qualname__ for each in objects),
    }))
_count()
del _count
"""


def count(kernel: Kernel) -> dict[str, Any]:
    """Count what is in a kernel; its memory is in MB, after a collection."""
    cell = kernel.run(_COUNT)
    assert not cell.failed, cell.text
    return json.loads(cell.streams.strip().splitlines()[-1])
