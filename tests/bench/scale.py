"""How large the data are and how often each thing is repeated: in full, and small enough to develop with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    """Sizes and repetitions."""

    name: str = "full"
    commands: int = 5  # processes of Metaflow's own spin, for each step
    cells: int = 60  # cells, for each step
    calls: int = 100  # spins in a plain process, for each step
    kernels: int = 5  # fresh kernels
    processes: int = 10  # fresh processes of IPython
    rows: int = 8_000_000  # of the large frame, 128 bytes each
    large_commands: int = 3
    cold: int = 4  # cold loads of each side; even, since the two take turns to be first
    width: int = 1000  # of the foreach
    runs: int = 5000
    looks: int = 40  # at the latest run, in each of the processes
    watched: int = 5  # pairs of a busy step, with and without updates of its card
    soak: int = 300
    numbers: int = 12_500_000  # in the output of the soak, 8 bytes each

    @property
    def large(self) -> str:
        """The large frame's size, as one says it."""
        return size(128 * self.rows)

    @property
    def quarter(self) -> str:
        return size(32 * self.rows)

    @property
    def small(self) -> str:
        return size(128 * self.rows // 1000)

    @property
    def output(self) -> str:
        return size(8 * self.numbers)


def size(count: int) -> str:
    """Give a number of bytes in the unit that suits it."""
    for unit, one in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= one:
            return f"{count / one:.3g} {unit}"
    return f"{count} bytes"


FULL = Scale()
QUICK = Scale(
    name="quick",
    commands=1,
    cells=12,
    calls=20,
    kernels=1,
    processes=3,
    rows=250_000,
    large_commands=1,
    cold=1,
    width=100,
    runs=200,
    looks=10,
    watched=1,
    soak=20,
    numbers=2_500_000,
)
