// As much of a browser as the Connect page needs: runs its script, plays the given steps, prints what happened as JSON.
// node browser.mjs <script> <base url> <query> <steps>; a step is {click: text}, {fill: {name: value}} or {open: decision}.

import fs from "node:fs";

class Element {
  constructor(tag) {
    Object.assign(this, { tag, attributes: {}, children: [], listeners: {}, value: "", disabled: false });
  }
  setAttribute(name, value) {
    this.attributes[name] = String(value);
    if (["id", "name", "value"].includes(name)) this[name] = String(value);
  }
  append(...nodes) {
    this.children.push(...nodes);
  }
  replaceChildren(...nodes) {
    this.children = nodes;
  }
  addEventListener(name, listener) {
    this.listeners[name] = listener;
  }
  focus() {}
  set textContent(text) {
    this.children = [text];
  }
  get textContent() {
    return this.children.map((child) => child.textContent ?? child).join("");
  }
  all(test) {
    const inner = this.children.filter((child) => child instanceof Element);
    return inner.flatMap((child) => [...(test(child) ? [child] : []), ...child.all(test)]);
  }
}

const [script, base, query, steps] = process.argv.slice(2);
const roots = { title: new Element("h1"), step: new Element("div"), error: new Element("p") };
const told = [];
const seen = [];
let redirect = null;
const network = globalThis.fetch;
globalThis.document = {
  getElementById: (id) => roots[id],
  createElement: (tag) => new Element(tag),
  createElementNS: (_, tag) => new Element(tag),
};
globalThis.window = { opener: { postMessage: (message) => told.push(message) } };
globalThis.window.parent = globalThis.window;
globalThis.location = { search: query, assign: (url) => (redirect = String(url)) };
globalThis.fetch = (path, options) => network(base + path, options);
globalThis.FormData = class {
  constructor(form) {
    this.fields = form.all((one) => one.name).map((one) => [one.name, one.value]);
  }
  [Symbol.iterator]() {
    return this.fields[Symbol.iterator]();
  }
};

// The page has come to rest when it shows neither its first text nor a run in progress.
async function settle(before) {
  for (let tries = 0; tries < 100; tries += 1) {
    await new Promise((done) => setTimeout(done, 100));
    const now = roots.title.textContent + roots.error.textContent;
    if (now !== before && !["", "Conectando"].includes(roots.title.textContent)) break;
  }
  seen.push(roots.error.textContent || roots.title.textContent);
}

const [only] = [(list, what) => list[0] ?? process.exit(console.error("not on the page:", what) ?? 1)];
const act = {
  click: (text) => only(roots.step.all((one) => one.tag === "button" && one.textContent.includes(text)), text).listeners.click(),
  fill: (values) => {
    for (const [name, value] of Object.entries(values)) {
      only(roots.step.all((one) => one.name === name), name).value = value;
    }
    const form = only(roots.step.all((one) => one.tag === "form"), "form");
    form.listeners.submit({ preventDefault() {}, target: form });
  },
  open: (decision) => {
    const address = only(roots.step.all((one) => one.tag === "a"), "link").attributes.href;
    const body = new URLSearchParams({ token: new URL(address).searchParams.get("token"), decision });
    network(base + "/oauth/authorize", { method: "POST", redirect: "manual", body });
  },
};

await import("data:text/javascript," + encodeURIComponent(fs.readFileSync(script, "utf8")));
await settle("");
for (const step of JSON.parse(steps)) {
  const [[what, how]] = Object.entries(step);
  const before = roots.title.textContent + roots.error.textContent;
  act[what](how);
  await settle(before);
}
console.log(JSON.stringify({ seen, told, redirect }));
process.exit(0);
