// The table of many spins where a kernel is: its columns sort, a field filters, a row opens to its own panel.

const FEW = 6;

class Splits extends Live {
  constructor(model, root) {
    super(model, root);
    const table = root.querySelector(".spin-splits > table");
    this.body = table.tBodies[0];
    this.rows = [...this.body.rows];
    this.heads = [...table.tHead.rows[0].cells];
    this.heads.forEach((head, column) => this.sortable(head, column));
    this.rows.forEach((row) => row.dataset.at && this.openable(row));
    if (this.rows.length >= FEW) this.filter();
  }

  sortable(head, column) {
    const sort = () => {
      const down = head.getAttribute("aria-sort") === "ascending";
      for (const other of this.heads) other.removeAttribute("aria-sort");
      head.setAttribute("aria-sort", down ? "descending" : "ascending");
      const sorted = [...this.rows].sort((a, b) => compared(a.cells[column], b.cells[column], down ? -1 : 1));
      for (const row of sorted) this.body.append(...[row, row.opened].filter(Boolean));
    };
    head.replaceChildren(button(head.textContent, sort));
  }

  openable(row) {
    const label = row.cells[0];
    const at = Number(row.dataset.at);
    const opener = button(label.textContent, () => {
      const open = opener.getAttribute("aria-expanded") !== "true";
      if (open && !row.opened) {
        const place = make("td", { colSpan: this.heads.length }, make("p", { textContent: "…" }));
        row.opened = make("tr", { className: "spin-opened" }, place);
        row.after(row.opened);
        if (!this.ask({ ask: "open", at }, ({ html }) => html && place.replaceChildren(panelIn(html)))) {
          row.opened.remove();
          row.opened = undefined;
          return;
        }
      }
      row.opened.hidden = !open;
      opener.setAttribute("aria-expanded", String(open));
    });
    opener.setAttribute("aria-expanded", "false");
    label.replaceChildren(opener);
  }

  filter() {
    const all = this.root.querySelector(":scope > .spin-all");
    const input = make("input", { type: "search", className: "spin-field", placeholder: "Filter", ariaLabel: "Filter tasks" });
    input.addEventListener("keydown", (event) => event.stopPropagation());
    input.addEventListener("input", () => {
      if (all) all.checked = true;
      for (const row of this.rows) {
        row.hidden = !row.textContent.toLowerCase().includes(input.value.toLowerCase());
        if (row.opened) row.opened.hidden = row.hidden || row.querySelector("[aria-expanded=false]") !== null;
      }
    });
    this.root.querySelector(".spin-head").append(input);
  }
}

function compared(a, b, way) {
  // What has no value comes last, both ways.
  const [x, y] = [a, b].map((cell) => cell.dataset.key ?? cell.textContent);
  if (!x || !y) return x ? -1 : y ? 1 : 0;
  const numbers = a.dataset.key && b.dataset.key;
  return way * (numbers ? Number(x) - Number(y) : x.localeCompare(y, undefined, { numeric: true }));
}

function panelIn(html) {
  // Our own page, every text in it escaped.
  const page = new DOMParser().parseFromString(html, "text/html");
  return document.importNode(page.querySelector(".spin-panel"), true);
}
