"use strict";
/* Everything that a page holds of models' output is put in with textContent; nothing is ever read as HTML. */
const $ = (selector, from = document) => from.querySelector(selector);
const $$ = (selector, from = document) => [...from.querySelectorAll(selector)];

/** An element with properties, attributes (aria-, data-, role) and children; strings become text. */
function make(tag, given = {}, ...children) {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(given)) {
    if (key.includes("-") || key === "role" || key === "dir") made.setAttribute(key, value);
    else made[key] = value;
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/** The JSON that a packed block holds: base64 of raw deflate. */
async function unpack(id) {
  const packed = atob(document.getElementById(id).textContent.trim());
  const bytes = Uint8Array.from(packed, (char) => char.charCodeAt(0));
  const plain = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return JSON.parse(await new Response(plain).text());
}

const kept = {
  get: (key) => { try { return localStorage.getItem(key); } catch { return null; } },
  set: (key, value) => { try { localStorage.setItem(key, value); } catch { /* a page of a file may not keep anything */ } },
};
const asked = () => new URLSearchParams(location.hash.slice(1).includes("=") ? location.hash.slice(1) : "");

/* ---- light and dark ---- */
function dark() {
  const said = document.documentElement.dataset.theme;
  return said ? said === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}
function showTheme(name) {
  if (name === "dark" || name === "light") document.documentElement.dataset.theme = name;
  const button = $("#theme");
  button.textContent = dark() ? "Light mode" : "Dark mode";
}
function themes() {
  showTheme(asked().get("theme") || kept.get("thinkharder-theme"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => showTheme());
  $("#theme").hidden = false;
  $("#theme").addEventListener("click", () => {
    const name = dark() ? "light" : "dark";
    showTheme(name);
    kept.set("thinkharder-theme", name);
  });
}

/* ---- parts: one task and model each ---- */
function showPart(number) {
  $$(".part").forEach((part, i) => { part.hidden = i !== number; });
  $$(".parts button").forEach((button, i) => button.setAttribute("aria-current", String(i === number)));
}
function parts() {
  if ($$(".part").length < 2) return;
  $(".parts").hidden = false;
  $$(".parts button").forEach((button, i) => button.addEventListener("click", () => showPart(i)));
  showPart(Math.min(Number(asked().get("part")) || 0, $$(".part").length - 1));
}

/* ---- figures: what the pointer is on, and series that come and go ---- */
function tips() {
  const tip = $("#tip");
  document.addEventListener("pointermove", (event) => {
    const mark = event.target.closest ? event.target.closest("figure svg [aria-roledescription$='mark'][aria-label]") : null;
    tip.hidden = !mark;
    if (!mark) return;
    tip.textContent = mark.getAttribute("aria-label");
    const box = tip.getBoundingClientRect();
    tip.style.left = Math.max(4, Math.min(event.clientX + 14, innerWidth - box.width - 8)) + "px";
    tip.style.top = (event.clientY + 20 + box.height > innerHeight ? event.clientY - box.height - 10 : event.clientY + 16) + "px";
  });
  document.addEventListener("pointerleave", () => { tip.hidden = true; });
}
function marks(button) {
  const begins = button.dataset.series + ": ";
  const all = $$("figure svg [aria-label*=': ']", button.closest(".part"));
  return [all, all.filter((mark) => mark.getAttribute("aria-label").startsWith(begins))];
}
/** While the pointer or the focus is on a series, the others of the first figure step back. */
function alone(button, on) {
  const [, own] = marks(button);
  for (const figure of $$(".switchable figure", button.closest(".part"))) {
    for (const mark of $$("svg [aria-roledescription$='mark'][aria-label]", figure)) mark.classList.toggle("back", on && !own.includes(mark));
  }
}
function legends() {
  for (const button of $$(".legend button")) {
    button.disabled = false;
    for (const [event, on] of [["pointerenter", true], ["pointerleave", false], ["focus", true], ["blur", false]]) {
      button.addEventListener(event, () => alone(button, on));
    }
    button.addEventListener("click", () => {
      const on = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(on));
      for (const mark of marks(button)[1]) mark.classList.toggle("dim", !on);
    });
  }
}

/* ---- tables that sort ---- */
const value = (cell) => cell.dataset.v === undefined ? cell.textContent : cell.dataset.v === "" ? NaN : Number(cell.dataset.v);
function compare(a, b) {
  if (typeof a === "number" || typeof b === "number") {
    const [x, y] = [Number(a), Number(b)];
    return Number.isNaN(x) ? (Number.isNaN(y) ? 0 : 1) : Number.isNaN(y) ? -1 : x - y;
  }
  return String(a).localeCompare(String(b), undefined, { numeric: true });
}
function sortables() {
  for (const table of $$("table.sortable")) {
    $$("thead th", table).forEach((head, column) => {
      const button = make("button", { type: "button" }, head.textContent);
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const down = head.getAttribute("aria-sort") === "ascending";
        $$("thead th", table).forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", down ? "descending" : "ascending");
        const body = $("tbody", table);
        const rows = [...body.rows].sort((p, q) => compare(value(p.cells[column]), value(q.cells[column])) * (down ? -1 : 1));
        body.append(...rows);
      });
    });
  }
}
