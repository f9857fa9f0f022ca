// The floor on the page: drawn anew from the server's state after each act, and every few seconds for acts of others.
"use strict";

const known = JSON.parse(document.getElementById("known").textContent);
const texts = known.texts;
const byRef = new Map(known.pieces.map((piece) => [piece.ref, piece]));
const SHAPES = {
  Bagues: "ring", Colliers: "necklace", Bracelets: "bracelet", "Boucles d'oreilles": "earrings", Broches: "brooch", Montres: "watch",
};
const REFRESH_MS = 2500;
const TOAST_MS = 4000;
const price = new Intl.NumberFormat(document.documentElement.lang, { style: "currency", currency: "EUR", maximumFractionDigits: 0 });
const at = (id) => document.getElementById(id);
let state = { time: "", lies: {}, dead: [], is_before_closing: true };
let open = null;
let drawn = "";
let toastTimer = 0;

const fill = (text, facts) => text.replace(/\{(\w+)\}/g, (_, name) => facts[name] ?? "");

function element(name, className, text) {
  const made = document.createElement(name);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function say(sentence, isBad = false) {
  const where = at("piece").open ? at("said-here") : at("said");
  where.textContent = sentence;
  where.classList.toggle("is-bad", isBad);
  at("said").classList.toggle("is-shown", where === at("said"));
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => at("said").classList.remove("is-shown"), TOAST_MS);
}

async function ask(act, facts, done) {
  try {
    const answer = await fetch("/acts", {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ act, ...facts }),
    });
    const body = await answer.json();
    if (!answer.ok) return say(body.sentence, true);
    take(body);
    say(fill(done, { ...facts, time: body.time }));
  } catch {
    say(texts.lost, true);
  }
}

function take(next) {
  state = next;
  at("time").textContent = state.time;
  at("to-closing").disabled = !state.is_before_closing;
  const seen = JSON.stringify([state.lies, state.dead]);
  if (seen !== drawn) draw();
  drawn = seen;
  if (open) show(open);
}

function pieceButton(piece) {
  const lies = state.lies[piece.ref];
  const isDead = state.dead.includes(piece.ref);
  const button = element("button", "piece");
  button.type = "button";
  button.dataset.ref = piece.ref;
  button.draggable = true;
  button.title = `${piece.ref} · ${piece.name}`;
  const marks = [isDead && texts.legend_dead, lies && lies !== piece.home && texts.legend_moved].filter(Boolean);
  button.setAttribute("aria-label", [piece.ref, piece.name, ...marks].join(", "));
  button.classList.toggle("dead", isDead);
  button.classList.toggle("moved", Boolean(lies) && lies !== piece.home);
  const drawing = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#${SHAPES[piece.category] ?? "ring"}`);
  drawing.append(use);
  button.append(drawing);
  return button;
}

function tray(path) {
  const section = element("section", "tray");
  section.dataset.path = path;
  const lying = known.pieces.filter((piece) => state.lies[piece.ref] === path);
  const head = element("header");
  const count = lying.length === 0 ? texts.tray_empty : fill(lying.length === 1 ? texts.tray_count_one : texts.tray_count, { n: lying.length });
  head.append(element("h3", "", path.split("/").pop()), element("span", "", count));
  const cloth = element("div", "pieces");
  cloth.append(...lying.map(pieceButton));
  section.append(head, cloth);
  return section;
}

function draw() {
  const focused = document.activeElement?.dataset?.ref;
  const containers = new Map();
  for (const path of known.trays) {
    const name = path.split("/")[0];
    if (!containers.has(name)) containers.set(name, []);
    containers.get(name).push(path);
  }
  // The showcases first, as one enters the shop; the safe is at the back.
  const order = [...containers.keys()].sort((a, b) => (a === "Coffre") - (b === "Coffre") || a.localeCompare(b));
  at("shop").replaceChildren(
    ...order.map((name) => {
      const section = element("section", "container");
      const trays = element("div", "trays");
      trays.append(...containers.get(name).map(tray));
      section.append(element("h2", "", name), trays);
      return section;
    }),
  );
  const gone = known.pieces.filter((piece) => !state.lies[piece.ref]);
  at("gone").replaceChildren(...gone.map(pieceButton));
  at("gone-lead").textContent = gone.length ? texts.gone_lead : texts.gone_none;
  if (focused) document.querySelector(`[data-ref="${focused}"]`)?.focus({ preventScroll: true });
}

function show(ref) {
  const piece = byRef.get(ref);
  const lies = state.lies[ref];
  open = ref;
  at("piece-name").textContent = piece.name;
  at("piece-price").textContent = `${piece.ref} · ${price.format(piece.minor / 100)}`;
  at("piece-label").textContent = piece.label;
  at("piece-home").textContent = piece.home;
  at("piece-lies").textContent = (lies ?? texts.lies_gone) + (state.dead.includes(ref) ? ` (${texts.legend_dead})` : "");
  at("put-back").hidden = lies === piece.home;
  at("steal").hidden = !lies;
  at("kill").hidden = state.dead.includes(ref);
  if (!at("piece").open) {
    at("said-here").textContent = "";
    at("target").replaceChildren(...known.trays.filter((path) => path !== lies).map((path) => new Option(path, path)));
    at("piece").showModal();
  }
}

const lay = (ref, path) => ask("lay", { ref, path }, texts.did_lay);
const steal = (ref) => ask("steal", { ref }, texts.did_steal);

at("scan").addEventListener("click", async () => {
  const piece = byRef.get(open);
  // Without the permission to copy the scan still goes out.
  await navigator.clipboard?.writeText(piece.label).catch(() => {});
  await ask("scan", { ref: piece.ref }, texts.did_scan);
});
at("steal").addEventListener("click", () => steal(open));
at("kill").addEventListener("click", () => ask("kill", { ref: open }, texts.did_kill));
at("put-back").addEventListener("click", () => lay(open, byRef.get(open).home));
at("move").addEventListener("click", () => lay(open, at("target").value));
at("to-closing").addEventListener("click", () => ask("closing", {}, texts.did_clock));
at("to-morning").addEventListener("click", () => ask("morning", {}, texts.did_clock));
at("piece").addEventListener("close", () => { open = null; });
at("piece").addEventListener("click", (event) => { if (event.target === at("piece")) at("piece").close(); });

document.querySelector("main").addEventListener("click", (event) => {
  const ref = event.target.closest("[data-ref]")?.dataset.ref;
  if (ref) show(ref);
});
document.addEventListener("dragstart", (event) => event.dataTransfer.setData("text/plain", event.target.closest("[data-ref]")?.dataset.ref ?? ""));
document.addEventListener("dragover", (event) => {
  const target = event.target.closest("[data-path], [data-gone]");
  document.querySelectorAll(".is-target").forEach((one) => one !== target && one.classList.remove("is-target"));
  if (!target) return;
  event.preventDefault();
  target.classList.add("is-target");
});
document.addEventListener("dragend", () => document.querySelectorAll(".is-target").forEach((one) => one.classList.remove("is-target")));
document.addEventListener("drop", (event) => {
  const target = event.target.closest("[data-path], [data-gone]");
  const ref = event.dataTransfer.getData("text/plain");
  if (!target || !byRef.has(ref)) return;
  event.preventDefault();
  if (target.dataset.path) lay(ref, target.dataset.path);
  else steal(ref);
});

async function refresh() {
  try {
    const answer = await fetch("/state");
    if (!answer.ok) throw new Error(answer.statusText);
    take(await answer.json());
  } catch {
    say(texts.lost, true);
  }
}

for (const [name, link] of Object.entries(known.links)) {
  const line = element("li");
  const anchor = element("a", "", texts[`device_${name}`] ?? name);
  Object.assign(anchor, { href: link, target: "_blank", rel: "noopener" });
  line.append(anchor);
  at("links").append(line);
}
for (const person of known.people) {
  const line = element("li", "", `${person.name} · `);
  line.append(element("code", "", fill(texts.pin, { pin: person.pin })));
  at("people").append(line);
}
refresh();
setInterval(() => { if (document.visibilityState === "visible") refresh(); }, REFRESH_MS);
