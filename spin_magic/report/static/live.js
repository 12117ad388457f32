// What the live outputs have in common: they ask the kernel, and say what it says.

class Live {
  constructor(model, root, given = new Map()) {
    this.model = model;
    this.root = root;
    this.asked = new Map();
    this.given = given;
    root.dataset.live = "";
    root.append(make("style", { textContent: model.get("style") }));
  }

  ask(question, then) {
    const key = JSON.stringify(question);
    if (this.given.has(key)) {
      then(this.given.get(key));
      return true;
    }
    if (!this.model.get("live")) {
      this.say("Spun again since: this result is gone.");
      return false;
    }
    this.asked.set(key, then);
    this.model.send(question);
    return true;
  }

  answer({ to, said, ...rest }) {
    if (said !== undefined) this.say(said);
    this.asked.get(JSON.stringify(to))?.(rest);
  }

  say(text) {
    this.status ??= this.root.appendChild(make("p", { className: "spin-status" }));
    this.status.setAttribute("role", "status");
    this.status.textContent = text;
  }
}
