"""A card's page inside the notebook itself, for those who want it saved: zipped, and in a frame."""

from __future__ import annotations

import base64
import re
from importlib.resources import files

from spin_magic.report.cards.packing import without_web_font, zipped

_DOCTYPE = re.compile(r"[\t\n\f\r ]*<!doctype[^>]*>", re.IGNORECASE)
# The same as in the script that shows live pages: nothing is fetched, and nothing goes elsewhere.
_FRAMES = files("spin_magic.report").joinpath("static/frames.js").read_text(encoding="utf-8")
_POLICY = re.search(r"const POLICY =\s*(.*?);\n", _FRAMES, re.DOTALL)
_DEAF = re.search(r"const DEAF = `(.*?)`;", _FRAMES)
POLICY = "".join(re.findall(r'"([^"]*)"', _POLICY[1])) if _POLICY else "default-src 'none'"
META = f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{POLICY}">'

_AROUND = """<!doctype html>{meta}
<style>
html, body {{ margin: 0; height: 100%; }}
iframe {{ display: block; width: 100%; height: 100%; border: 0; }}
</style>
<body><script>
(async () => {{
  const bytes = Uint8Array.from(atob("{zipped}"), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const inner = document.createElement("iframe");
  inner.setAttribute("sandbox", "allow-scripts");
  inner.title = "card";
  inner.srcdoc = await new Response(stream).text();
  document.body.append(inner);
}})();
</script></body>"""


def embedded(page: str) -> str:
    """Give what goes into a sandboxed frame's ``srcdoc``: it unzips the page into a frame of its own."""
    page = without_web_font(page)
    doctype = _DOCTYPE.match(page)
    end = doctype.end() if doctype else 0
    guarded = (page[:end] or "<!doctype html>") + META + (_DEAF[1] if _DEAF else "") + page[end:]
    return _AROUND.format(meta=META, zipped=base64.b64encode(zipped(guarded)).decode("ascii"))
