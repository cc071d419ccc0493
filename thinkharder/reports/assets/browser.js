/* ---- the browser of problems: a list that is searched and sorted, and one problem with its candidates ---- */
const PAGE = 100;
const share = (x) => x === null || x === undefined ? "–" : (100 * x).toFixed(x === 1 || x === 0 ? 0 : 1) + "%";
const number = (x) => x === null || x === undefined ? "–" : Math.round(x).toLocaleString("en");
const COLUMNS = [
  ["problem", "id", (row) => row.id],
  ["level", "level", (row) => row.level || "–"],
  ["gold", "gold", (row) => row.gold || "–"],
  ["vote", "vote", (row) => row.vote || "–"],
  ["vote is", "vote_right", (row) => mark(row.vote_right)],
  ["share", "share", (row) => share(row.share)],
  ["right", "rate", (row) => share(row.rate)],
  ["samples", "samples", (row) => number(row.samples)],
  ["tokens", "tokens", (row) => number(row.tokens)],
];
const FILTERS = {
  all: () => true,
  wrong: (row) => row.vote_right !== null && row.vote_right < 0.5,
  lost: (row) => row.rate > 0 && row.vote_right !== null && row.vote_right < 0.5,
  never: (row) => row.rate === 0,
  always: (row) => row.rate === 1,
  texts: (row) => row.block >= 0,
};

/** Right, wrong, or a tie between both, as words and not as colour alone. */
function mark(right) {
  if (right === null || right === undefined) return make("span", {}, "–");
  if (right === 1) return make("span", { className: "right-mark" }, "✓ right");
  if (right === 0) return make("span", { className: "wrong-mark" }, "✗ wrong");
  return make("span", {}, "tie " + share(right));
}

class Problems {
  constructor(box, rows) {
    this.box = box;
    this.prefix = box.dataset.prefix;
    this.rows = rows;
    this.key = null;
    this.down = false;
    this.page = 0;
    this.open = null;
    this.blocks = new Map();
    const levels = rows.some((row) => row.level);
    const golds = rows.some((row) => row.gold);
    this.columns = COLUMNS.filter(([, key]) => (key !== "level" || levels) && (key !== "gold" || golds));
    for (const row of rows) row.said = [row.id, row.level, row.gold, row.vote, ...row.classes.map((c) => c[0])].join("\n").toLocaleLowerCase();
    this.head();
    $(".search", box).addEventListener("input", () => this.show(0));
    $(".filter", box).addEventListener("change", () => this.show(0));
    $(".before", box).addEventListener("click", () => this.show(this.page - 1));
    $(".after", box).addEventListener("click", () => this.show(this.page + 1));
    $(".close", box).addEventListener("click", () => this.close());
    $(".next", box).addEventListener("click", () => this.move(1));
    $(".previous", box).addEventListener("click", () => this.move(-1));
    box.addEventListener("keydown", (event) => this.keys(event));
    this.show(0);
    box.hidden = false;
  }

  head() {
    const row = make("tr");
    for (const [title, key] of this.columns) {
      const button = make("button", { type: "button" }, title);
      const cell = make("th", { scope: "col", className: `c-${key}` }, button);
      button.addEventListener("click", () => {
        this.down = this.key === key && !this.down;
        this.key = key;
        $$("th", row).forEach((other) => other.removeAttribute("aria-sort"));
        cell.setAttribute("aria-sort", this.down ? "descending" : "ascending");
        this.show(0);
      });
      row.append(cell);
    }
    $(".list thead", this.box).replaceChildren(row);
  }

  found() {
    const words = $(".search", this.box).value.toLocaleLowerCase().split(/\s+/).filter(Boolean);
    const passes = FILTERS[$(".filter", this.box).value];
    const rows = this.rows.filter((row) => passes(row) && words.every((word) => row.said.includes(word)));
    if (this.key) {
      const at = (row) => row[this.key] === null ? NaN : row[this.key];
      rows.sort((a, b) => compare(at(a), at(b)) * (this.down ? -1 : 1));
    }
    return rows;
  }

  show(page) {
    const rows = this.found();
    this.shown = rows;
    this.page = Math.max(0, Math.min(page, Math.ceil(rows.length / PAGE) - 1));
    const from = this.page * PAGE;
    const body = $(".list tbody", this.box);
    body.replaceChildren(...rows.slice(from, from + PAGE).map((row) => this.line(row)));
    const to = Math.min(from + PAGE, rows.length);
    $(".where", this.box).textContent = rows.length ? `${number(from + 1)} to ${number(to)} of ${number(rows.length)} problems` : "no problem matches";
    $(".before", this.box).disabled = this.page === 0;
    $(".after", this.box).disabled = to >= rows.length;
  }

  line(row) {
    const made = make("tr", { "data-i": row.i, "aria-selected": String(this.open === row) });
    for (const [, key, told] of this.columns) {
      const content = told(row);
      const numeric = ["share", "rate", "samples", "tokens"].includes(key);
      if (key !== "id") { made.append(make("td", { className: `c-${key}` + (numeric ? " n" : ""), title: typeof content === "string" ? content : "", dir: "auto" }, content)); continue; }
      const button = make("button", { type: "button", title: content, dir: "auto" }, content || "(no name)");
      button.addEventListener("click", () => this.choose(row, true));
      made.append(make("td", {}, button));
    }
    return made;
  }

  keys(event) {
    const typing = ["INPUT", "SELECT"].includes(event.target.tagName);
    if (event.key === "Escape" && this.open) { this.close(); event.preventDefault(); return; }
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const row = event.target.closest(".list tbody tr");
    if (row && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      const other = event.key === "ArrowDown" ? row.nextElementSibling : row.previousElementSibling;
      if (other) { $("button", other).focus(); event.preventDefault(); }
    } else if (event.key === "j") this.move(1);
    else if (event.key === "k") this.move(-1);
  }

  move(step) {
    const at = this.shown.indexOf(this.open);
    const row = this.shown[at < 0 ? 0 : at + step];
    if (!row) return;
    const page = Math.floor(this.shown.indexOf(row) / PAGE);
    if (page !== this.page) this.show(page);
    this.choose(row, false);
  }

  close() {
    const row = this.open;
    this.open = null;
    $(".detail", this.box).hidden = true;
    $(".panes", this.box).classList.remove("open");
    $$(".list tr[aria-selected='true']", this.box).forEach((line) => line.setAttribute("aria-selected", "false"));
    const line = row && $(`.list tr[data-i='${row.i}'] button`, this.box);
    if (line) line.focus();
  }

  async choose(row, focus) {
    this.open = row;
    $$(".list tbody tr", this.box).forEach((line) => line.setAttribute("aria-selected", String(Number(line.dataset.i) === row.i)));
    const detail = $(".detail", this.box);
    $(".name", detail).replaceChildren("Problem ", make("bdi", {}, row.id));
    const facts = [row.level && `level ${row.level}`, row.gold && `gold answer ${row.gold}`, `${number(row.samples)} samples`,
      row.rate !== null && `${share(row.rate)} right`, row.truncated && `${number(row.truncated)} cut off`, row.abstained && `${number(row.abstained)} without an answer`];
    $(".facts", detail).textContent = facts.filter(Boolean).join(" · ");
    $(".question", detail).hidden = true;
    $(".votes", detail).replaceChildren(...this.votes(row));
    $(".candidates", detail).replaceChildren(make("p", { className: "hint" }, row.block < 0 ? "No texts of this problem are on this page; the counts above are of all its samples." : "Unpacking…"));
    detail.hidden = false;
    $(".panes", this.box).classList.add("open");
    if (focus) { $(".name", detail).focus({ preventScroll: true }); if (detail.getBoundingClientRect().top > innerHeight * 0.8) detail.scrollIntoView(); }
    if (row.block < 0) { detail.dataset.ready = row.i; return; }
    try {
      if (!this.blocks.has(row.block)) this.blocks.set(row.block, unpack(`${this.prefix}block-${row.block}`));
      const block = await this.blocks.get(row.block);
      if (this.open === row) this.candidates(row, block[String(row.i)]);
    } catch (error) {
      $(".candidates", detail).replaceChildren(make("p", { className: "hint" }, `These texts cannot be unpacked by this browser (${error.name}). A browser of 2023 or later can.`));
    }
    detail.dataset.ready = row.i;
  }

  votes(row) {
    const most = Math.max(1, ...row.classes.map((c) => c[1]), row.abstained, row.other_votes);
    const lines = row.classes.map(([answer, votes, right]) => [answer, votes, right]);
    if (row.other_votes) lines.push([`${number(row.other_answers)} other answers`, row.other_votes, null]);
    if (row.abstained) lines.push(["(no answer)", row.abstained, null]);
    return lines.flatMap(([answer, votes, right]) => {
      const bar = make("div", { className: "bar" + (right === 1 ? " right" : right === 0 ? " wrong" : ""), "aria-hidden": "true" });
      bar.style.width = `${(100 * votes) / most}%`;
      const told = make("div", {}, `${number(votes)} `, right === null ? "" : mark(right));
      return [make("div", { className: "a", dir: "auto" }, answer), make("div", {}, bar), told];
    });
  }

  candidates(row, { question, found }) {
    $(".question", this.box).hidden = !question;
    $(".question pre", this.box).textContent = question || "";
    const left = row.samples - found.length;
    const hint = `${number(found.length)} candidates in full` + (left > 0 ? `; the other ${number(left)} are in the counts above.` : ".");
    $(".candidates", $(".detail", this.box)).replaceChildren(
      make("p", { className: "hint" }, hint), ...found.map((item, i) => this.candidate(item, i === 0)));
  }

  candidate(item, open) {
    const facts = [item.tokens !== null && `${number(item.tokens)} tokens`, item.finish === "length" ? "cut off at its cap" : null,
      ...Object.entries(item.scores || {}).map(([name, score]) => `${name} ${score === null ? "abstained" : score.toFixed(3)}`),
      item.logprob !== null && `mean log-probability ${item.logprob.toFixed(3)}`, item.seconds !== null && `${item.seconds.toFixed(1)} s`];
    const summary = make("summary", {}, `sample ${item.sample}: `, make("bdi", {}, item.answer === null ? "(no answer)" : item.answer), " ", mark(item.right),
      " ", make("span", { className: "facts" }, facts.filter(Boolean).join(" · ")));
    const made = make("details", { className: "candidate", open }, summary);
    if (item.reasoning) made.append(make("p", { className: "hint" }, "reasoning"), make("pre", { className: "text", dir: "auto", tabIndex: 0 }, item.reasoning));
    made.append(make("pre", { className: "text", dir: "auto", tabIndex: 0 }, item.text === null ? "(no text recorded)" : item.text));
    if (item.cut) made.append(make("p", { className: "hint" }, `${number(item.cut)} more characters are not on this page.`));
    return made;
  }
}

async function browsers() {
  for (const box of $$(".browser")) {
    try {
      const rows = await unpack(`${box.dataset.prefix}index`);
      const made = new Problems(box, rows);
      const wanted = asked().get("problem");
      const row = wanted !== null && rows.find((one) => one.id === wanted);
      if (asked().get("q")) { $(".search", box).value = asked().get("q"); made.show(0); }
      if (row) { await made.choose(row, false); if (!asked().has("still")) (innerWidth < 1088 ? $(".detail", box) : box).scrollIntoView(); }
    } catch (error) {
      box.parentElement.append(make("p", { className: "hint" }, `The list of problems cannot be unpacked by this browser (${error.name}). A browser of 2023 or later can.`));
    }
  }
}

function slash() {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "/" || ["INPUT", "SELECT", "TEXTAREA"].includes(event.target.tagName)) return;
    const search = $$(".search").find((one) => one.offsetParent !== null);
    if (search) { search.focus(); event.preventDefault(); }
  });
}

themes();
parts();
tips();
legends();
sortables();
slash();
browsers().then(() => { document.documentElement.dataset.ready = "yes"; });
