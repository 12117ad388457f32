// The panel where a kernel is: this finds its HTML in the page, and adds what only a kernel can.
// There is no view: what is saved with the notebook is the HTML alone, which needs neither kernel nor script.
// Every text of the user's goes in as a text or into a sandboxed frame, never into this page's own DOM.

async function hostDisplay(model, id) {
  // What only the front end itself can draw: a vega or plotly chart, another widget.
  const manager = model.widget_manager;
  const view = await manager.create_view(await manager.get_model(id));
  const send = (type) =>
    view.luminoWidget?.processMessage({ type, isConflatable: false, conflate: () => false });
  queueMicrotask(() => ["before-attach", "after-attach"].forEach(send));
  return view.el;
}

async function drawn(model, { bundle = {}, output, name }) {
  if (output) return hostDisplay(model, output);
  const picture = ["image/png", "image/jpeg"].find((mime) => bundle[mime]);
  if (picture)
    return make("img", { className: "spin-picture", alt: name, src: `data:${picture};base64,${bundle[picture]}` });
  const page = bundle["text/html"] || bundle["image/svg+xml"];
  if (page) return frame(page, name, "spin-frame");
  return make("pre", { className: "spin-text", tabIndex: 0, textContent: bundle["text/plain"] || "" });
}

function field(label, value, done) {
  // A button that becomes a form: one line to type into, Enter to go on.
  const input = make("input", { className: "spin-field", value, ariaLabel: label, spellcheck: false });
  const go = () => done(input.value.trim());
  const form = make("span", { className: "spin-form", hidden: true }, input, button("OK", go));
  input.addEventListener("keydown", (event) => {
    event.stopPropagation(); // the notebook has shortcuts of its own
    if (event.key === "Enter") go();
  });
  const opener = button(label, () => {
    form.hidden = !form.hidden;
    if (!form.hidden) input.select();
  });
  return [opener, form];
}

class Panel extends Live {
  constructor(model, root, given) {
    super(model, root, given);
    this.rows();
    this.folded();
    this.cards();
    if (root.querySelector(".spin-tabs")) this.tools();
  }

  rows() {
    for (const row of this.root.querySelectorAll(".spin-pane-1 .spin-row:not([data-status=gone])")) {
      const line = row.querySelector(":scope > .spin-line");
      if (line) {
        // Where the saved panel has nothing to open, the kernel may have.
        const summary = make("summary", { className: "spin-line" }, ...line.childNodes);
        line.replaceWith(make("details", {}, summary));
      }
      const details = row.querySelector("details");
      const place = details.appendChild(make("div", { className: "spin-live" }));
      let open = false;
      details.addEventListener("toggle", () => (open ||= details.open && this.show(row.dataset.name, place)));
    }
  }

  folded() {
    for (const line of this.root.querySelectorAll("[data-test=the-same], [data-test=passed-on]"))
      for (const code of line.querySelectorAll("code")) {
        const name = code.textContent;
        const place = make("div", { className: "spin-live", hidden: true });
        let asked = false;
        const opener = button(name, () => {
          place.hidden = !place.hidden;
          opener.setAttribute("aria-expanded", String(!place.hidden));
          asked ||= this.show(name, place);
        });
        opener.setAttribute("aria-expanded", "false");
        code.replaceWith(opener);
        line.after(place);
      }
  }

  show(name, place) {
    return this.ask({ ask: "display", name }, async (answer) => {
      place.replaceChildren(await drawn(this.model, answer), ...this.acts(name, answer.file));
    });
  }

  acts(name, file = `${name}.pkl`) {
    const bind = field("Bind to a variable", name, (as) => this.ask({ ask: "bind", name, as }));
    const save = field("Save to a file", file, (path) => this.ask({ ask: "save", name, path }));
    return [make("div", { className: "spin-acts" }, ...bind, ...save)];
  }

  cards() {
    const tabs = [...this.root.querySelectorAll(":scope > .spin-tab")];
    for (const tab of tabs)
      tab.addEventListener("change", () => {
        this.model.send({ ask: "tab", tab: tab.id.split("-").pop() });
        this.seen();
      });
    this.seen();
  }

  // Pages are big, so they are sent when somebody looks.
  seen() {
    const tab = this.root.querySelector("input[id$='-cards']");
    if (tab && !tab.checked) return;
    if (!this.model.get("live") && !this.given.size) return;
    this.root.querySelectorAll("[data-test=card]").forEach((card, index) => {
      if (card.querySelector(":scope > .spin-live")) return;
      const place = card.appendChild(make("div", { className: "spin-live" }));
      this.ask({ ask: "card", index }, async (answer) => {
        const { CardView } = await shared().ready;
        await new CardView(card, place).show(answer);
      });
    });
  }

  // A button at the end of the tabs, and what it opens below them.
  tool(text, question, fill) {
    const place = make("div", { className: "spin-tools", hidden: true });
    const opener = button(text, () => {
      place.hidden = !place.hidden;
      opener.setAttribute("aria-expanded", String(!place.hidden));
      if (!place.hidden && !place.childElementCount) this.ask(question, (answer) => fill(place, answer));
    });
    opener.setAttribute("aria-expanded", "false");
    const tabs = this.root.querySelector(".spin-tabs");
    tabs?.append(opener);
    tabs?.after(place);
    return opener;
  }

  flow(place, { html }) {
    // Our own page, every text in it escaped, as the panel's.
    place.innerHTML = html;
    for (const node of place.querySelectorAll(".spin-step")) {
      node.setAttribute("role", "button");
      const offer = () => this.offer(node.dataset.step);
      node.addEventListener("click", offer);
      node.addEventListener("keydown", (event) => event.key === "Enter" && offer());
    }
  }

  // A page may not add cells to its notebook; what it can do is hand them over.
  offer(step) {
    const flow = this.root.querySelector(".spin-title b").textContent;
    const copy = async (text) => {
      await navigator.clipboard.writeText(text);
      this.say(`Copied: paste it into a cell. ${text.split("\n")[0]}`);
    };
    this.say(`${step}: copy a cell with `);
    this.status.append(
      button("its inputs", () => copy(`%spin_inputs ${flow} ${step}`)),
      " or ",
      button("its source", () => this.ask({ ask: "cell", step }, ({ cell }) => cell && copy(cell))),
    );
  }

  tools() {
    const opener = this.tool("Flow", { ask: "flow" }, (place, answer) => this.flow(place, answer));
    this.tool("Other tasks", { ask: "tasks" }, (place, answer) => this.choices(place, answer));
    const rows = [...this.root.querySelectorAll(".spin-pane-1 .spin-row")];
    if (rows.length < 12) return;
    const filter = make("input", { type: "search", className: "spin-field", placeholder: "Filter", ariaLabel: "Filter outputs" });
    filter.addEventListener("input", () => {
      for (const row of rows) row.hidden = !row.textContent.toLowerCase().includes(filter.value.toLowerCase());
    });
    opener.before(filter);
  }

  choices(line, { tasks }) {
    for (const [ask, label] of [["again", "Spin on"], ["compare", "Compare with"]]) {
      const select = make("select", { className: "spin-field", ariaLabel: label }, make("option", { textContent: "…", value: "" }));
      for (const kind of ["split", "run"]) {
        const options = tasks.filter((task) => task.kind === kind);
        const group = make("optgroup", { label: kind === "split" ? "this run" : "runs" });
        group.append(...options.map((task) => make("option", { value: task.task, textContent: task.label })));
        if (options.length) select.append(group);
      }
      select.addEventListener("change", () => {
        if (select.value && this.ask({ ask, task: select.value })) this.say(ask === "again" ? "Spinning …" : "Comparing …");
      });
      line.append(make("label", {}, `${label} `, select));
    }
  }
}

function replaced(root, html) {
  // Another panel in the place of this one, under its id, by which it is found again.
  const fresh = panelIn(html);
  const id = fresh.id;
  for (const name of ["id", "name", "for"])
    for (const node of [fresh, ...fresh.querySelectorAll(`[${name}]`)])
      if (node.hasAttribute(name)) node.setAttribute(name, node.getAttribute(name).replace(id, root.id));
  root.replaceWith(fresh);
  return fresh;
}

export default {
  initialize({ model }) {
    // Nobody answers any more: the panel stays as it was saved.
    if (!model.get("live")) return;
    let panel;
    // What the kernel says without being asked: the cards, where the panel opens at them.
    const given = new Map();
    const find = () => {
      // Not there yet, or drawn anew since: a notebook that is opened again has fresh outputs.
      const root = document.getElementById(model.get("panel"));
      if (!root || "live" in root.dataset) return;
      const html = model.get("html");
      const made = root.dataset.test === "splits" ? Splits : Panel;
      panel = new made(model, html ? replaced(root, html) : root, given);
    };
    const redraw = () => {
      given.clear();
      if (panel) panel = new Panel(model, replaced(panel.root, model.get("html")), given);
    };
    const answer = (message) => {
      if (message.unasked) given.set(JSON.stringify(message.to), message);
      else panel?.answer(message);
    };
    const watch = new MutationObserver(find);
    watch.observe(document.body, { childList: true, subtree: true });
    model.on("change:html", redraw);
    model.on("change:live", () => watch.disconnect());
    model.on("msg:custom", answer);
    find();
    return () => {
      watch.disconnect();
      model.off("change:html", redraw);
      model.off("msg:custom", answer);
    };
  },
  render() {},
};
