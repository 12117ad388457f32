"""What the fault suite tried, how much of it kernel and work survived, and what the user saw."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

HERE = Path(__file__).parent
FIGURES = HERE / "figures.json"
PAGE = HERE.parents[1] / "docs" / "faults.md"
_MARK = ("<!-- figures -->\n", "<!-- /figures -->")


@dataclass(frozen=True)
class Row:
    """One kind of fault."""

    fault: str
    tried: int
    survived: int
    seen: str


class Ledger:
    """The rows of each area, in the order in which they were tried."""

    def __init__(self) -> None:
        self.areas: dict[str, list[Row]] = {}

    def add(self, area: str, row: Row) -> None:
        """Add a row; tries of the same fault become one row."""
        rows = self.areas.setdefault(area, [])
        for at, known in enumerate(rows):
            if known.fault == row.fault:
                rows[at] = replace(
                    known, tried=known.tried + row.tried, survived=known.survived + row.survived
                )
                return
        rows.append(row)

    def lines(self) -> list[str]:
        """Give the table as a page has it."""
        made: list[str] = []
        for area, rows in self.areas.items():
            made += [
                "",
                f"## {area}",
                "",
                "| fault | tried | survived | what the user sees |",
                "|---|--:|--:|---|",
            ]
            made += [f"| {row.fault} | {row.tried:,} | {row.survived:,} | {row.seen} |" for row in rows]
        return [*made, ""]

    def keep(self) -> None:
        """Put what was tried now in the place of what is known of the same areas; write the page anew."""
        known = Ledger()
        if FIGURES.exists():
            stored = json.loads(FIGURES.read_text(encoding="utf-8"))
            known.areas = {area: [Row(**row) for row in rows] for area, rows in stored.items()}
        known.areas.update(self.areas)
        known.areas = dict(sorted(known.areas.items()))
        plain = {area: [asdict(row) for row in rows] for area, rows in known.areas.items()}
        FIGURES.write_text(json.dumps(plain, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(_MARK[0])
        _, _, after = rest.partition(_MARK[1])
        table = "\n".join(known.lines())
        PAGE.write_text(f"{before}{_MARK[0]}{table}\n{_MARK[1]}{after}", encoding="utf-8")
