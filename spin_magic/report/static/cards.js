// Cards: their pages, put together from what each has for itself and the scripts that all of them share;
// updates while a step is running; a tab of their own; a file.

const { texts, waiting } = shared();

async function unzipped(buffer) {
  const stream = new Blob([buffer]).stream().pipeThrough(new DecompressionStream("gzip"));
  return new Response(stream).text();
}

// A text that the kernel sends once, under its key.
function text(key) {
  if (!texts.has(key)) texts.set(key, new Promise((resolve) => waiting.set(key, resolve)));
  return texts.get(key);
}

async function keep(key, buffer) {
  const held = await unzipped(buffer);
  waiting.get(key)?.(held);
  waiting.delete(key);
  texts.set(key, Promise.resolve(held));
}

async function whole(parts) {
  const all = await Promise.all(parts.map((part) => (typeof part === "string" ? part : text(part.key))));
  return all.join("");
}

// A page of its own around a card's, which has the notebook's origin where the card must not.
function standalone(page, title) {
  const quoted = JSON.stringify(guarded(page, "")).replaceAll("<", "\\u003c");
  return `<!doctype html>${META}<title></title>
<style>html, body { margin: 0; height: 100%; } iframe { display: block; width: 100%; height: 100%; border: 0; }</style>
<body><script>
  document.title = ${JSON.stringify(title).replaceAll("<", "\\u003c")};
  const inner = document.createElement("iframe");
  inner.setAttribute("sandbox", "allow-scripts");
  inner.srcdoc = ${quoted};
  document.body.append(inner);
</script></body>`;
}

class CardView {
  // The card's place in the panel, and where its page goes in it.
  constructor(card, place) {
    this.card = card;
    this.place = place;
  }

  async show({ parts, title, file }) {
    const page = await whole(parts);
    this.title = title;
    const fresh = frame(page, title, "spin-card-page");
    const view = make("div", { className: "spin-card-view" }, fresh);
    const first = !this.view;
    this.latest = undefined;
    const acts = this.acts(page, title, file);
    if (first) this.place.append(view);
    else {
      // The new page takes the old one's place when it is there, so that nothing flickers.
      view.style.cssText = "position: absolute; visibility: hidden; width: 100%";
      this.place.append(view);
    }
    const turn = (this.turn = (this.turn ?? 0) + 1);
    const settled = () => {
      clearTimeout(late);
      // A newer page was faster.
      if (turn < this.settled) return view.remove();
      this.settled = turn;
      view.style.cssText = "";
      if (this.view !== view) this.view?.remove();
      this.view = view;
      this.frame = fresh;
      this.card.dataset.shown = "";
      if (this.latest) this.post(this.latest);
      this.more();
    };
    const late = setTimeout(settled, 3000);
    fresh.addEventListener("spin-sized", settled, { once: true });
    fresh.addEventListener("spin-sized", () => this.more());
    if (!this.buttons) this.buttons = this.place.appendChild(acts);
    else this.buttons.replaceWith((this.buttons = acts));
    this.place.append(this.buttons);
  }

  // A tall page is cut with a way to see the rest, in place of a scroll bar within the notebook's own.
  more() {
    const tall = this.frame.offsetHeight > 900;
    this.view.classList.toggle("spin-cut", tall && !this.opened);
    this.opener ??= button("", () => {
      this.opened = !this.opened;
      this.view.style.height = "";
      this.more();
    });
    this.opener.textContent = this.opened ? "Show less" : "Show the whole card";
    this.opener.hidden = !tall;
    this.buttons?.prepend(this.opener);
  }

  // What changed since the last one; together they wait for a page that is not there yet.
  update(data) {
    const same = this.latest?.reload_token === data.reload_token;
    this.latest = same ? { ...data, data: { ...this.latest.data, ...data.data } } : data;
    this.post(data);
  }

  post(data) {
    this.frame?.contentWindow?.postMessage({ spinCard: data }, "*");
    this.frame?.dispatchEvent(new Event("spin-updated"));
  }

  acts(page, title, file) {
    const open = () => {
      const url = URL.createObjectURL(new Blob([standalone(page, title)], { type: "text/html" }));
      window.open(url, "_blank", "noopener");
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
    };
    const save = () => {
      const url = URL.createObjectURL(new Blob([page], { type: "text/html" }));
      make("a", { href: url, download: file }).click();
      setTimeout(() => URL.revokeObjectURL(url), 60_000);
    };
    return make(
      "div",
      { className: "spin-acts" },
      button("Open in a new tab", open),
      button("Save as HTML", save),
    );
  }
}

// The cards of a step that is still running: their place is in the page already, or will be soon.
class Running {
  constructor() {
    this.cards = new Map();
    this.queue = Promise.resolve();
  }

  take(message) {
    if (this.lost) return;
    // One after the other: a page takes longer to put together than the update that follows it.
    this.queue = this.queue.then(() => this.draw(message)).catch(() => {});
  }

  async draw({ place, index, title, parts, data, file }) {
    const root = await found(place);
    // Nobody looks: the panel will show how it ended.
    if (!root) return void (this.lost = true);
    const list = root.querySelector(".spin-running");
    if (!this.cards.has(index)) {
      const heading = make("b", { textContent: title });
      const inside = make("div", { className: "spin-live" });
      const card = make("div", { className: "spin-card" }, heading, inside);
      card.dataset.test = "live-card";
      card.style.order = String(index);
      list.append(card);
      this.cards.set(index, new CardView(card, inside));
    }
    const view = this.cards.get(index);
    if (parts) await view.show({ parts, title, file });
    if (data) view.update(data);
  }
}

function found(id) {
  return new Promise((resolve) => {
    const look = () => document.getElementById(id);
    if (look()) return resolve(look());
    const watch = new MutationObserver(() => look() && done(look()));
    const done = (node) => {
      watch.disconnect();
      clearTimeout(late);
      resolve(node);
    };
    const late = setTimeout(done, 5000);
    watch.observe(document.body, { childList: true, subtree: true });
  });
}

export default {
  initialize({ model }) {
    const running = new Map();
    const receive = (message, buffers) => {
      if (message.text) keep(message.text, buffers[0]);
      if (message.ended) {
        const ended = running.get(message.ended);
        if (ended) ended.lost = true;
        running.delete(message.ended);
      }
      if (message.place) {
        if (!running.has(message.place)) running.set(message.place, new Running());
        running.get(message.place).take(message);
      }
    };
    model.on("msg:custom", receive);
    // A page that was loaded again has lost what the kernel sent before.
    const lost = model.get("sent").filter((key) => !texts.has(key));
    if (lost.length) model.send({ ask: "texts", keys: lost });
    shared().resolve({ CardView });
    return () => model.off("msg:custom", receive);
  },
  render() {},
};
