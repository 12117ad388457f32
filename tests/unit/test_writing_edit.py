"""Single cases of a step's text taken out of a flow file and put back changed."""

from __future__ import annotations

import pathlib

import pytest

from spin_magic.errors import CellError, SaveError
from spin_magic.writing.edit import replace_step
from spin_magic.writing.insert import insert_step
from spin_magic.writing.link import link, next_steps
from spin_magic.writing.origins import origins_of
from spin_magic.writing.place import find_step
from spin_magic.writing.source import read
from spin_magic.writing.step_text import step_text

FLOW = '''\
from metaflow import FlowSpec, step


class F(FlowSpec):
    @step
    def start(self):
        self.x = 1
        self.next(self.middle)  # on we go

    # what the middle is for
    @card(
        type="blank",
    )
    @step
    def middle(self):
        # first
        self.text = """
one
  two"""

        if self.x:
            self.y = 2
        # last
        self.next(self.end)

    LIMIT = 3

    @step
    def end(self): pass
'''


@pytest.fixture
def source_of(tmp_path):
    def make(text, **how):
        path = tmp_path / "flow.py"
        path.write_bytes(text.encode(**how) if isinstance(text, str) else text)
        return read(path)

    return make


def test_the_body_is_shown_without_its_indentation_but_strings_as_they_are(source_of):
    place = find_step(source_of(FLOW), "F", "middle")
    assert step_text(place) == (
        '# first\nself.text = """\none\n  two"""\n\nif self.x:\n    self.y = 2\n# last\nself.next(self.end)\n'
    )
    assert place.lines == (11, 24)


def test_the_whole_def_is_shown_with_the_comments_above(source_of):
    text = step_text(find_step(source_of(FLOW), "F", "middle"), whole=True)
    assert text.startswith(
        '# what the middle is for\n@card(\n    type="blank",\n)\n@step\ndef middle(self):\n'
    )


def test_a_changed_body_leaves_everything_else(source_of):
    source = source_of(FLOW)
    cell = step_text(find_step(source, "F", "middle")).replace("self.y = 2", "self.y = 3\n    self.z = 4")
    text = replace_step(source, "F", "middle", cell)
    assert text == FLOW.replace("self.y = 2", "self.y = 3\n            self.z = 4")


def test_a_cell_that_is_indented_as_a_whole_is_taken_as_its_bare_text(source_of):
    text = replace_step(source_of(FLOW), "F", "start", "\n      self.x = 2\n      self.next(self.middle)\n\n")
    assert "    def start(self):\n        self.x = 2\n        self.next(self.middle)\n\n" in text


def test_a_def_without_decorators_keeps_those_of_the_file(source_of):
    text = replace_step(
        source_of(FLOW), "F", "middle", "def middle(self, inputs):\n  if inputs:\n    self.x = 1\n"
    )
    made = "    @step\n    def middle(self, inputs):\n        if inputs:\n            self.x = 1\n\n    LIMIT"
    assert made in text
    assert "    # what the middle is for\n    @card(\n" in text


def test_comments_above_the_decorators_stay_unless_the_cell_has_its_own(source_of):
    source = source_of(FLOW)
    kept = replace_step(source, "F", "middle", "@step\ndef middle(self):\n    pass")
    assert "    # what the middle is for\n    @step\n    def middle(self):\n        pass\n\n    LIMIT" in kept
    changed = replace_step(source, "F", "middle", "# now this\n\n@step\ndef middle(self):\n    pass")
    assert "middle)  # on we go\n\n    # now this\n    @step\n" in changed
    assert "what the middle is for" not in changed


def test_a_one_line_def_stays_one_or_becomes_a_block(source_of):
    source = source_of(FLOW)
    assert step_text(find_step(source, "F", "end")) == "pass\n"
    assert replace_step(source, "F", "end", "print(1)  # done").endswith(
        "    def end(self): print(1)  # done\n"
    )
    two = replace_step(source, "F", "end", "if 1:\n\tprint(1)")
    assert two.endswith("    def end(self):\n        if 1:\n            print(1)\n")


def test_a_body_that_would_be_taken_for_the_def_is_shown_whole(source_of):
    body = "        def middle(self):\n            return 1\n"
    source = source_of(f"class F:\n    @step\n    def middle(self):\n{body}")
    assert step_text(find_step(source, "F", "middle")).startswith("@step\ndef middle(self):\n    def middle")


def test_a_file_with_tabs_and_crlf_gets_tabs_and_crlf(source_of):
    source = source_of(FLOW.replace("    ", "\t").replace("\n", "\r\n"))
    text = replace_step(source, "F", "start", "for i in x:\n    if i:\n        f(\n            i)\n# c\n")
    assert "\t\tfor i in x:\r\n\t\t\tif i:\r\n\t\t\t\tf(\r\n\t\t\t\t    i)\r\n\t\t# c\r\n\r\n" in text


def test_a_comment_before_a_block_is_indented_like_the_block(source_of):
    source = source_of(FLOW.replace("    ", "\t"))
    text = replace_step(source, "F", "start", "if x:\n    # c\n    y = 1\n    # d\n# e\nz = 1")
    assert "\t\tif x:\n\t\t\t# c\n\t\t\ty = 1\n\t\t\t# d\n\t\t# e\n\t\tz = 1\n" in text


def test_a_comment_that_comes_to_stand_last_stays_with_the_step(source_of):
    source = source_of("class F:\n    def a(self):\n        x = 1\n# left\n        y = 2\n")
    assert replace_step(source, "F", "a", "x = 1\n# left\nz = 1") == source.text.replace("y = 2", "z = 1")
    last = "class F:\n    def a(self):\n        x = 1\n        # left\n"
    assert replace_step(source, "F", "a", "x = 1\n# left\n") == last
    assert replace_step(source, "F", "a", "def a(self):\n    x = 1\n# left\n") == last


def test_a_backslash_at_the_very_end_belongs_to_the_step(source_of):
    source = source_of("class F:\n    def a(self):\n        x = 1; \\\n\n    def b(self): pass\n")
    assert step_text(find_step(source, "F", "a")) == "x = 1; \\\n\n"
    assert replace_step(source, "F", "a", "x = 1; \\\n\n") == source.text
    assert replace_step(source, "F", "a", "y = 1") == source.text.replace("x = 1; \\\n", "y = 1")


def test_lines_that_did_not_change_keep_their_own_endings(source_of):
    source = source_of(
        "class F:\n    @step\n    def a(self):\r\n        x = 1\r\n        y = 2\n   \n        z = 3"
    )
    assert replace_step(source, "F", "a", "x = 1\ny = 2\n\nz = 4") == source.text[:-1] + "4"
    longer = replace_step(source, "F", "a", "x = 1\ny = 2\n\nz = 3\nu = 4")
    assert longer == source.text + "\n        u = 4"


def test_a_character_that_the_encoding_lacks_is_refused_and_kept(source_of):
    source = source_of("# coding: latin-1\nclass F:\n    def a(self):\n        x = 'é'\n", encoding="latin-1")
    assert source.encode(replace_step(source, "F", "a", "x = 'ü'")).endswith(b"x = '\xfc'\n")
    with pytest.raises(
        SaveError, match=r"Line 4 of the new flow.py has '€', which .* latin-1 lacks|iso-8859-1 lacks"
    ) as ex:
        replace_step(source, "F", "a", "x = '€'")
    assert "€" in ex.value.text


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("x = (", "syntax error"),
        ("# nothing", "empty"),
        ("# not\f= code", "empty"),
        ("def other(self): pass", "'other'"),
        ("%matplotlib inline", "IPython"),
        ("x = 1\n@step\ndef start(self): pass", "beside it"),
    ],
)
def test_a_cell_that_is_no_step_is_refused(source_of, cell, message):
    with pytest.raises(CellError, match=message):
        replace_step(source_of(FLOW), "F", "start", cell)


def test_a_new_step_goes_behind_its_parent_with_the_blank_lines_of_the_class(source_of):
    text = insert_step(source_of(FLOW), "F", "for i in range(2):\n\tself.z = i", "fresh", after="start")
    new = "    @step\n    def fresh(self):\n        for i in range(2):\n            self.z = i\n"
    assert text == FLOW.replace("# on we go\n", f"# on we go\n\n{new}")


def test_a_new_step_at_the_end_of_a_file_without_a_last_newline(source_of):
    text = insert_step(source_of(FLOW.rstrip()), "F", "pass", "fresh", after="end", join=True)
    assert text == f"{FLOW}\n    @step\n    def fresh(self, inputs):\n        pass"


def test_a_new_step_is_decorated_as_its_parent_names_the_decorator(source_of):
    source = source_of(FLOW.replace("@step", "@mf.step"))
    text = insert_step(source, "F", "# c\ndef fresh(self):\n    pass", "fresh", after="start")
    assert "\n\n    # c\n    @mf.step\n    def fresh(self):\n        pass\n\n" in text
    assert "@step\n    def fresh" in insert_step(
        source, "F", "@card\n@step\ndef fresh(self): 1", "fresh", after="end"
    )


def test_a_body_that_uses_inputs_is_a_join(source_of):
    text = insert_step(source_of(FLOW), "F", "self.merge_artifacts(inputs)", "fresh", after="middle")
    assert "        self.next(self.end)\n\n    @step\n    def fresh(self, inputs):\n" in text


@pytest.mark.parametrize(
    ("name", "after", "cell", "message"),
    [
        ("end", "start", "pass", "F has a 'end' already in line 28"),
        ("LIMIT", "start", "pass", "already in line 26"),
        ("run", "start", "pass", "F has a 'run' already:"),
        ("2nd", "start", "pass", "not a name"),
        ("class", "start", "pass", "a word of Python"),
        ("fresh", "strat", "pass", "no def of 'strat'. Did you mean 'start'"),
        ("fresh", "start", "@card\ndef fresh(self): pass", "no @step"),
    ],
)
def test_a_new_step_that_cannot_be_is_refused(source_of, name, after, cell, message):
    with pytest.raises(SaveError, match=message):
        insert_step(source_of(FLOW), "F", cell, name, after=after, taken={"run"})


@pytest.mark.parametrize(
    ("call", "options", "changed"),
    [
        ("self.next(self.end)", {}, "self.next(self.new)"),
        ("self.next( self.end , foreach='x' )  # c", {}, "self.next( self.new , foreach='x' )  # c"),
        ("self.next(self.a, self.b)", {"instead_of": "a"}, "self.next(self.new, self.b)"),
        ("self.next(self.a, self.b)", {"also": True}, "self.next(self.a, self.b, self.new)"),
        ("self.next(self.new, self.b)", {"also": True}, "self.next(self.new, self.b)"),
        ("é = 'é'; self.next(self.é, self.b)", {"instead_of": "é"}, "é = 'é'; self.next(self.new, self.b)"),
        ("self.next(self\n  # c\n  .a  # d\n)", {}, "self.next(self\n  # c\n  .new  # d\n)"),
        (
            "self.next(\n            self.a,\n            self.b,\n        )",
            {"also": True},
            "self.next(\n            self.a,\n            self.b,\n            self.new,\n        )",
        ),
        (
            "self.next(\n            self.a,  # d\n)",
            {"also": True},
            "self.next(\n            self.a, self.new,  # d\n)",
        ),
        (
            "self.next({'x': self.a, 'y': self.b}, condition='c')",
            {"instead_of": "b"},
            "self.next({'x': self.a, 'y': self.new}, condition='c')",
        ),
    ],
)
def test_a_link_changes_the_name_alone(source_of, call, options, changed):
    text = FLOW.replace("self.next(self.middle)", call)
    assert link(source_of(text), "F", "start", "new", **options) == FLOW.replace(
        "self.next(self.middle)", changed
    )


@pytest.mark.parametrize(
    ("call", "options", "message"),
    [
        ("pass", {}, "in line 6 of flow.py has no self.next"),
        ("self.next(self.a) if x else self.next(self.b)", {}, "in lines 8, 8"),
        ("self.next(*steps)", {}, "line 8 of flow.py does not name"),
        ("self.next(getattr(self, 'a'))", {}, "line 8 of flow.py does not name"),
        ("self.next()", {}, "does not name"),
        ("self.next(self.a, self.b)", {}, "leads to 'a', 'b': say which"),
        ("self.next(self.a, self.b)", {"instead_of": "c"}, "does not lead to 'c'"),
        ("self.next({'x': self.a, 'y': self.a}, condition='c')", {}, "in several ways"),
        ("self.next({'x': self.a}, condition='c')", {"also": True}, "is a switch"),
        ("self.next((self.a))", {"also": True}, "by hand"),
    ],
)
def test_a_link_that_is_open_is_left_to_the_user(source_of, call, options, message):
    with pytest.raises(SaveError, match=message):
        link(source_of(FLOW.replace("self.next(self.middle)", call)), "F", "start", "new", **options)


def test_where_a_step_leads_is_told(source_of):
    source = source_of(FLOW.replace("self.next(self.middle)", "self.next(self.a, self.b)"))
    assert next_steps(find_step(source, "F", "start")) == ("a", "b")
    assert next_steps(find_step(source, "F", "middle")) == ("end",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("class F(\n", "syntax error in line 1"),
        ("class G:\n    def a(self): pass\n", "no class 'F'"),
        ("from x import F\n", r"line 1, `from x import F`, binds the name"),
        ("class F:\n    def a(self): pass\ndel F\n", "line 3, `del F`"),
        ("class F:\n    def aa(self): pass\n", "Did you mean 'aa'"),
        ("class F(Base):\n    pass\n", "may inherit it from Base"),
        (
            "class Base:\n    def a(self): pass\nclass F(Base):\n    pass\n",
            r"inherits 'a' from Base \(line 1\)",
        ),
        ("class F:\n    a = step(f)\n", "line 2, `a = step"),
        ("class F:\n    def a(self): pass\n    a = wrap(a)\n", "line 3, `a = wrap"),
        ("class F:\n    def a(self): pass\nF.a = 1\n", "outside its class in line 3 of flow.py, `F.a = 1`"),
        ("class F:\n    async def a(self): pass\n", "async def"),
        ("if x:\n    class F: pass\nelse:\n    class F: pass\n", r"several branches \(lines 2, 4\)"),
        (
            "class F:\n    def a(self): 1\n    if x:\n        def a(self): 2\n",
            r"the step 'a' in several branches",
        ),
    ],
)
def test_a_step_that_the_text_does_not_give_is_refused(source_of, text, message):
    with pytest.raises(SaveError, match=message):
        find_step(source_of(text), "F", "a")


@pytest.mark.parametrize(
    ("text", "line", "first"),
    [
        ("class F:\n    def a(self): 1\nclass F:\n    def a(self): 2\n", None, 4),
        ("class F:\n    def a(self): 1\n    @step\n    def a(self): 2\n", None, 3),
        ("try:\n    import x\n    class F:\n        def a(self): 1\nexcept E:\n    x = 1\n", None, 4),
        ("if x:\n    class F:\n        if y:\n            def a(self): 1\n", None, 4),
        ("if x:\n    class F:\n        def a(self): 1\nelse:\n    class F:\n        def a(self): 1\n", 3, 3),
        ("if x:\n    class F:\n        def a(self): 1\nelse:\n    class F:\n        def a(self): 1\n", 6, 6),
        ("for x in y:\n    F = 1\nclass F:\n    for a in b: pass\n    def a(self): 1\n", None, 5),
    ],
)
def test_the_last_binding_counts(source_of, text, line, first):
    assert find_step(source_of(text), "F", "a", line).lines[0] == first


def test_every_step_of_the_flows_here_and_of_the_tutorials_comes_back_as_it_was():
    import ast

    import metaflow

    from spin_magic.writing.bindings import bindings

    here = pathlib.Path(__file__).parents[1]
    folders = [
        here / "flows",
        here.parent / "notebooks",
        pathlib.Path(metaflow.__file__).parent / "tutorials",
    ]
    files = [path for folder in folders for path in sorted(folder.rglob("*.py"))]
    seen = 0
    for path in files:
        try:
            source = read(path)
            tree = source.tree
        except SaveError:
            continue  # flows that are broken on purpose
        assert source.data == path.read_bytes()
        for flow in (b for b in bindings(tree.body) if isinstance(b.node, ast.ClassDef)):
            for made in bindings(flow.node.body):
                if not (isinstance(made.node, ast.FunctionDef) and made.node.args.args):
                    continue
                for whole in (False, True):
                    place = find_step(source, flow.name, made.name, made.line)
                    text = replace_step(
                        source, flow.name, made.name, step_text(place, whole=whole), made.line
                    )
                    assert text == source.text, (path, made.name)
                    seen += 1
    assert seen > 300


@pytest.mark.parametrize(
    "cell",
    [
        "\n# a comment\nself.y = 3\n\nmarked = 1\nself.next(self.end)\n# over",
        "@step\ndef middle(self):\n    # a comment\n    marked = 1\n    self.next(self.end)",
        "# above\n\n@card\n@step\ndef middle(self):\n    marked = 1\n    self.next(self.end)",
        "marked = 1; self.next(self.end)",
    ],
)
def test_lines_of_a_changed_text_are_the_cells_or_the_files(tmp_path, cell):
    path = tmp_path / "f.py"
    path.write_text(FLOW)
    source = read(path)
    text = replace_step(source, "F", "middle", cell)
    origins = origins_of(find_step(source.with_text(text), "F", "middle"), source, cell)
    # Line 1 of a cell is the magic's own.
    known = {True: ["%%spin", *cell.split("\n")], False: FLOW.split("\n")}
    found = [(line.strip(), *origins.of(at)) for at, line in enumerate(text.split("\n"), 1)]
    assert [in_cell for line, in_cell, _ in found if line.startswith("marked")] == [True]
    for line, in_cell, at in found:
        # Comments above and below the statements count as the file's: no traceback leads to them.
        if not line.startswith("#"):
            assert known[in_cell][at - 1].strip() == line
