"""The README, the pages and the notebooks: links lead somewhere, lines of magics parse, tables are true."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import nbformat
import pytest

import spin_magic
from docs.tables import filled, parsers, tables_of
from spin_magic import cli, options
from spin_magic.magics.authoring import AuthoringMagics
from spin_magic.magics.spinning import SpinMagics

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").glob("*.md"))]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
MAGICS = sorted({*SpinMagics.magics["line"], *AuthoringMagics.magics["line"]})

FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
SPAN = re.compile(r"`[^`\n]+`")
TARGET = re.compile(r"\]\(([^)\s]+)\)|(?:src|srcset|href)=\"([^\"]+)\"")
HEADING = re.compile(r"^#+ +(.+?) *$", re.MULTILINE)
LINE = re.compile(r"^(?:\w+ = )?%%?(spin(?:_\w+)?)\b(.*)$", re.MULTILINE)
COMMAND = re.compile(r"^spin-magic (.*?)(?: +#.*)?$", re.MULTILINE)


@cache
def text_of(file: Path) -> str:
    """Give the prose of a page or of a notebook."""
    if file.suffix != ".ipynb":
        return file.read_text(encoding="utf-8")
    cells = nbformat.read(file, as_version=4).cells
    return "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")


@cache
def code_of(file: Path) -> str:
    """Give what stands in blocks of code, and the cells of a notebook."""
    blocks = [match[2] for match in FENCE.finditer(text_of(file))]
    if file.suffix == ".ipynb":
        blocks += [
            cell.source for cell in nbformat.read(file, as_version=4).cells if cell.cell_type == "code"
        ]
    return "\n".join(blocks)


@cache
def anchors(file: Path) -> set[str]:
    """Name the headings as GitHub does in a page, and Jupyter in a notebook."""
    found: set[str] = set()
    for heading in HEADING.findall(FENCE.sub("", text_of(file))):
        plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        if file.suffix == ".ipynb":
            found.add(plain.replace("`", "").replace(" ", "-"))
        else:
            slug = re.sub(r"[^\w\- ]", "", plain.lower()).replace(" ", "-")
            found.add(f"{slug}-1" if slug in found else slug)
    return found


@dataclass(frozen=True)
class Link:
    """A link as a page has it."""

    page: Path
    target: str

    def broken(self) -> bool:
        path, _, anchor = unquote(self.target).partition("#")
        file = (self.page.parent / path).resolve() if path else self.page
        if not file.exists() or ROOT not in (file, *file.parents):
            return True
        return bool(anchor) and file.suffix in {".md", ".ipynb"} and anchor not in anchors(file)


def links(page: Path) -> list[Link]:
    prose = SPAN.sub("", FENCE.sub("", text_of(page)))
    found = (match[1] or match[2] for match in TARGET.finditer(prose))
    return [Link(page, target) for target in found if not re.match(r"[a-z]+:", target)]


@pytest.mark.parametrize("page", [*PAGES, *NOTEBOOKS], ids=lambda page: page.name)
def test_every_link_leads_to_a_file_and_a_heading(page: Path) -> None:
    assert [link.target for link in links(page) if link.broken()] == []


def test_a_link_that_leads_nowhere_is_found() -> None:
    readme = ROOT / "README.md"
    broken = ("docs/nowhere.md", "docs/magics.md#nothing", "#nothing", "../outside.md")
    whole = ("docs/magics.md", "docs/magics.md#spin_inputs", "docs/magics.md#spin-and-spin")

    assert [target for target in (*broken, *whole) if Link(readme, target).broken()] == list(broken)
    assert {link.target for link in links(readme)} >= {"docs/magics.md", "docs/panel-dark.png"}


@pytest.mark.parametrize("page", [*PAGES, *NOTEBOOKS], ids=lambda page: page.name)
def test_every_line_of_a_magic_parses(page: Path) -> None:
    refused = []
    for name, line in LINE.findall(code_of(page)):
        # A line that shows the grammar, or the help.
        if "FLOW" in line or "--help" in line:
            continue
        try:
            getattr(options, f"parse_{name.removeprefix('spin_')}")(line)
        except spin_magic.SpinError as ex:
            refused.append(f"%{name}{line}: {ex}")

    assert refused == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_parses(page: Path) -> None:
    for arguments in COMMAND.findall(code_of(page)):
        assert cli._parser().parse_args(arguments.split()).run


@pytest.mark.parametrize("page", ["magics.md", "settings.md"])
def test_the_tables_are_what_the_parsers_and_the_settings_say(page: str) -> None:
    text = text_of(ROOT / "docs" / page)

    assert tables_of(text)
    assert filled(text) == text, "`make docs` writes the tables"


def test_every_magic_has_a_section_and_a_table_and_stands_in_the_readme() -> None:
    assert MAGICS
    page = text_of(ROOT / "docs" / "magics.md")
    sections = " ".join(HEADING.findall(page))
    readme = text_of(ROOT / "README.md")

    assert sorted(parsers()) == [f"%{name}" for name in MAGICS]
    assert sorted(tables_of(page)) == [f"%{name}" for name in MAGICS]
    assert [name for name in MAGICS if f"`%{name}`" not in sections] == []
    assert [name for name in MAGICS if f"`%{name}" not in readme] == []


def test_every_public_function_stands_on_the_page_of_the_magics() -> None:
    page = text_of(ROOT / "docs" / "magics.md")
    functions = [name for name in spin_magic.__all__ if name.islower()]

    assert [name for name in functions if f"`{name}`" not in page and f"spin_magic.{name}(" not in page] == []


@pytest.mark.parametrize("page", NOTEBOOKS, ids=lambda page: page.name)
def test_every_notebook_stands_in_the_readme(page: Path) -> None:
    assert f"notebooks/{page.name}" in {link.target for link in links(ROOT / "README.md")}


def test_the_house_of_the_readme_stands() -> None:
    drawn = text_of(ROOT / "README.md").partition("spin_magic/\n")[2].partition("jupyter-config/")[0]
    named = [f"{match[1]}{match[2]}" for match in re.finditer(r"\b(\w+)(/|\.py)", drawn)]

    assert len(named) > 20
    assert [name for name in named if not any((ROOT / "spin_magic").rglob(name.rstrip("/")))] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_steps_of_the_quickstart_are_spun_on_what_it_has(page: Path) -> None:
    flow = (ROOT / "notebooks/flows/trainflow.py").read_text(encoding="utf-8")
    known = {*re.findall(r"self\.(\w+)|^    (?:def )?(\w+)(?: =|\()", flow, re.MULTILINE)}
    names = {name for pair in known for name in pair} | {"next", "input", "index"}
    for block in re.findall(r"^%%spin TrainFlow .*\n((?:.+\n)+?)(?=```|%|\n)", text_of(page), re.MULTILINE):
        made = {*re.findall(r"self\.(\w+)(?:, self\.\w+)* = ", block)}
        assert {*re.findall(r"self\.(\w+)", block)} <= names | made, block
