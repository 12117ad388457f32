// Pages of unknown origin, in frames that reach neither this page nor the network.
//
// A frame holds a second one: the outer one is ours, and its policy forbids what a policy of the inner
// page could not, namely that the page goes elsewhere by itself. Messages pass through the outer one.

const POLICY =
  "default-src 'none'; img-src data: blob:; font-src data:; media-src data:; worker-src 'none'; " +
  "style-src 'unsafe-inline'; script-src 'unsafe-inline' 'unsafe-eval'; form-action 'none'; frame-src 'none'";
const META = `<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${POLICY}">`;

const PLAIN_STYLE = `<style>
  body { margin: 0; font: 13px/1.5 system-ui, sans-serif; color: #1b1f24; }
  table { border-collapse: collapse; border: 0; font-variant-numeric: tabular-nums; }
  th, td { padding: 2px 8px; border: 0; text-align: right; white-space: nowrap; }
  tr { border-bottom: 1px solid #e3e5e8; }
</style>`;
// Metaflow's pages fill the window they are in, and so would grow with their frame for ever.
const CARD_STYLE =
  "<style>html, body, .card_app, .mf-card { min-height: 0 !important; } html { overflow-y: hidden; }</style>";

// No policy holds for these, which talk to servers by themselves.
const DEAF = `<script>for (const name of ["RTCPeerConnection", "webkitRTCPeerConnection", "WebTransport"]) delete window[name];</script>`;

// In the page: tells its height, and takes Metaflow's own updates.
const INSIDE = `<script>{
  const tell = () => parent.postMessage({ spinHeight: document.documentElement.offsetHeight }, "*");
  addEventListener("load", tell);
  new ResizeObserver(tell).observe(document.documentElement);
  addEventListener("message", ({ source, data }) => {
    if (source !== parent || !data?.spinCard) return;
    const { reload_token, data: parts } = data.spinCard;
    if (reload_token === window.METAFLOW_RELOAD_TOKEN) window.metaflow_card_update?.(parts);
  });
}</script>`;

// Between the two.
const OUTSIDE = `<style>html, body { margin: 0; height: 100%; overflow: hidden; } iframe { display: block; width: 100%; height: 100%; border: 0; }</style>
<script>{
  let inner;
  addEventListener("message", ({ source, data }) => {
    if (source === parent && typeof data?.spinPage === "string" && !inner) {
      inner = document.createElement("iframe");
      inner.setAttribute("sandbox", "allow-scripts");
      inner.title = "page";
      inner.srcdoc = data.spinPage;
      document.body.append(inner);
    } else if (source === parent) inner?.contentWindow.postMessage(data, "*");
    else if (source === inner?.contentWindow && typeof data?.spinHeight === "number")
      parent.postMessage({ spinHeight: data.spinHeight }, "*");
  });
  addEventListener("load", () => parent.postMessage({ spinReady: true }, "*"));
}</script>`;

const TALLEST = 20000;

function make(tag, properties = {}, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  node.append(...children);
  return node;
}

function guarded(page, style) {
  // After the doctype, or the page would be drawn in quirks mode.
  const [, doctype, rest] = /^([\t\n\f\r ]*<!doctype[^>]*>)?([^]*)$/i.exec(page);
  return (doctype || "<!doctype html>") + META + DEAF + style + rest + INSIDE;
}

function frame(page, title, kind) {
  const node = make("iframe", { className: kind, title });
  node.setAttribute("sandbox", "allow-scripts");
  const card = kind === "spin-card-page";
  node.dataset.test = card ? "card-page" : "display-page";
  node.srcdoc = `<!doctype html>${META}${OUTSIDE}`;
  pages.set(node, guarded(page, card ? CARD_STYLE : PLAIN_STYLE));
  listenFor(new WeakRef(node));
  return node;
}

// Kept by the frame itself: one that is taken out of the page may be put back, and starts anew then.
const pages = new WeakMap();

// How often a page may change its height at once; what goes on and on has its turn after so many ms each.
const AT_ONCE = 40;
const PAUSE = 500;

function listenFor(ref) {
  let told = 0;
  let since = 0;
  let raises = 0;
  let left = AT_ONCE;
  let counted = 0;
  let timer;
  const set = (node, height) => {
    told = height;
    since = performance.now();
    left -= 1;
    node.style.height = `${height}px`;
    node.dispatchEvent(new Event("spin-sized"));
  };
  const listen = ({ source, data }) => {
    const node = ref.deref();
    if (!node) return removeEventListener("message", listen);
    if (!node.isConnected || source !== node.contentWindow) return;
    if (data?.spinReady) source.postMessage({ spinPage: pages.get(node) }, "*");
    if (!Number.isFinite(data?.spinHeight)) return;
    const height = Math.min(Math.max(Math.ceil(data.spinHeight), 24), TALLEST);
    // A page that is always a little taller than its frame would never end: it answers at once.
    const answers = height > told && performance.now() - since < 100;
    raises = answers ? raises + 1 : 0;
    clearTimeout(timer);
    if (height === told || raises > 20) return;
    const now = performance.now();
    left = Math.min(AT_ONCE, left + (now - counted) / PAUSE);
    counted = now;
    if (left >= 1) set(node, height);
    else timer = setTimeout(set, (1 - left) * PAUSE, node, height);
  };
  addEventListener("message", listen);
  ref.deref().addEventListener("spin-updated", () => {
    raises = 0;
    left += 1;
  });
}

// What the panels of a page share: the scripts that pages have in common, and who builds views of cards.
function shared() {
  const key = Symbol.for("spin_magic.cards");
  if (!globalThis[key]) {
    const made = (globalThis[key] = { texts: new Map(), waiting: new Map() });
    made.ready = new Promise((resolve) => (made.resolve = resolve));
  }
  return globalThis[key];
}

function button(text, act, properties = {}) {
  const node = make("button", { type: "button", className: "spin-open", textContent: text, ...properties });
  node.addEventListener("click", act);
  return node;
}
