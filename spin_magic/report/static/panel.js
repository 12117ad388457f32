// The panel where a kernel is: the same HTML, and what only a kernel can add to it.
// Every text from the kernel goes in as a text or into a sandboxed frame, never into this page's own DOM.

let views = 0;

// In a frame nothing can be fetched; its height is told by the only script that we add.
const POLICY =
  "default-src 'none'; img-src data: blob:; font-src data:; media-src data:; " +
  "style-src 'unsafe-inline'; script-src 'unsafe-inline' 'unsafe-eval'";
const TELL_HEIGHT = `<script>
  const tell = () => parent.postMessage({ spinHeight: document.documentElement.offsetHeight }, "*");
  addEventListener("load", tell);
  new ResizeObserver(tell).observe(document.documentElement);
</script>`;

function make(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

function frame(page, title, kind) {
  const node = make("iframe", { className: kind, title });
  node.setAttribute("sandbox", "allow-scripts");
  node.dataset.test = kind === "spin-card-page" ? "card-page" : "display-page";
  const policy = `<meta http-equiv="Content-Security-Policy" content="${POLICY}">`;
  // After the doctype, or the page would be drawn in quirks mode.
  const [, doctype, rest] = /^(\s*<!doctype[^>]*>)?([^]*)$/i.exec(page);
  // A card fills whatever height it is given, so it would grow for ever.
  const script = kind === "spin-frame" ? TELL_HEIGHT : "";
  node.srcdoc = (doctype || "<!doctype html>") + policy + rest + script;
  return node;
}

function followHeights(root) {
  const listen = ({ source, data }) => {
    if (typeof data?.spinHeight !== "number") return;
    for (const node of root.querySelectorAll("iframe"))
      if (node.contentWindow === source) node.style.height = `${Math.min(Math.max(data.spinHeight, 24), 4000)}px`;
  };
  addEventListener("message", listen);
  return () => removeEventListener("message", listen);
}

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

function panel(model, root) {
  const places = new Map();
  const ask = (question, place) => {
    if (places.has(JSON.stringify(question))) return;
    if (!model.get("live")) {
      place.replaceChildren(make("p", { className: "spin-soft", textContent: "Spun again since: this result is gone." }));
      return;
    }
    places.set(JSON.stringify(question), place);
    model.send(question);
  };
  model.on("msg:custom", async ({ to, ...answer }) => {
    const place = places.get(JSON.stringify(to));
    if (!place) return;
    const node = "page" in answer ? frame(answer.page, answer.title, "spin-card-page") : await drawn(model, answer);
    place.replaceChildren(node);
  });

  for (const row of root.querySelectorAll(".spin-pane-outputs details, .spin-pane-1 details")) {
    const place = row.appendChild(make("div", { className: "spin-live" }));
    const name = row.closest("[data-name]").dataset.name;
    row.addEventListener("toggle", () => row.open && ask({ ask: "display", name }, place));
  }
  for (const line of root.querySelectorAll("[data-test=same], [data-test=passed-on]"))
    for (const code of line.querySelectorAll("code")) {
      const button = make("button", { className: "spin-open", type: "button", textContent: code.textContent });
      button.setAttribute("aria-expanded", "false");
      code.replaceWith(button);
      let place;
      button.addEventListener("click", () => {
        const open = button.getAttribute("aria-expanded") !== "true";
        button.setAttribute("aria-expanded", String(open));
        place ??= line.appendChild(make("div", { className: "spin-live" }));
        place.hidden = !open;
        ask({ ask: "display", name: code.textContent }, place);
      });
    }
  const tab = root.querySelector("input[id$='-cards']");
  tab?.addEventListener("change", () => {
    root.querySelectorAll("[data-test=card]").forEach((card, index) => {
      const place = card.querySelector(".spin-live") || card.appendChild(make("div", { className: "spin-live" }));
      ask({ ask: "card", index }, place);
    });
  });
}

export default {
  render({ model, el }) {
    const html = model.get("html");
    const id = /spin-panel-[0-9a-f]{8}/.exec(html)?.[0];
    // Two views of one panel must not share the names of their tabs.
    el.innerHTML = id ? html.replaceAll(id, `${id}-${++views}`) : html;
    panel(model, el);
    return followHeights(el);
  },
};
