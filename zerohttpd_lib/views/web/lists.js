// The interest list twice: as the kernel has it, and as the program believes it to be. A cell is a descriptor.
import { button, drawAgain, element, onKeys, roleOf, table } from "./page.js";
import { Sheet } from "./sheet.js";

const PAGE_OF_ROWS = 16;
const CELL_SIDES = [16, 10, 6, 4]; // pixels, the largest that leaves the picture low enough
const LOW_ENOUGH = 150; // pixels
const [FD, KERNEL, PROGRAM, ROLE, PEER_OF, VERDICT] = [0, 1, 2, 3, 4, 5];
const WHICH = {
  all: ["all descriptors", () => true], differ: ["those in which they differ", (row) => differs(row)],
  client: ["clients", (row) => row[ROLE] === "client"], redis: ["Redis connections", (row) => row[ROLE] === "redis"],
};

const differs = (row) => row[VERDICT].startsWith("⚠");

export class Lists {
  constructor(parent) {
    Object.assign(this, { rows: [], chosen: 0, which: "all", shown: PAGE_OF_ROWS, head: [], changes: [] });
    this.words = element("p", "zh-line-of-words", parent);
    this.words.setAttribute("role", "status");
    this.box = element("div", "zh-timeline", parent);
    this.sheet = new Sheet(this.box, 20, "zh-lanes");
    this.sheet.canvas.tabIndex = 0;
    this.sheet.canvas.setAttribute("role", "slider");
    this.sheet.canvas.setAttribute("aria-label", "Descriptors on the list");
    this.one = element("p", "zh-one", parent);
    const label = element("label", "zh-choice", parent), select = element("select", "zh-select", label);
    label.prepend("Show ");
    for (const [name, [words]] of Object.entries(WHICH)) select.append(new Option(words, name));
    select.addEventListener("change", () => { [this.which, this.shown] = [select.value, PAGE_OF_ROWS]; this.fill(); });
    this.tables = element("div", "", parent);
    onKeys(this.sheet.canvas, {
      ArrowRight: () => this.pick(this.chosen + 1), ArrowLeft: () => this.pick(this.chosen - 1), ArrowDown: () => this.pick(this.chosen + this.columns),
      ArrowUp: () => this.pick(this.chosen - this.columns), Home: () => this.pick(0), End: () => this.pick(this.rows.length - 1),
    });
    this.sheet.canvas.addEventListener("click", (event) => this.pick(this.cellAt(event)));
    this.sheet.canvas.addEventListener("pointermove", (event) => this.say(this.cellAt(event)));
    this.sheet.canvas.addEventListener("pointerleave", () => this.say(this.chosen));
    this.end = drawAgain(this.box, () => this.draw());
  }

  // `rows`: fd, what the kernel watches for, what the program asked for, whose, other end, do they agree; `head`: what
  // these columns are called.
  show({ words, rows, changes, title, head }) {
    Object.assign(this, { rows, changes, title, head });
    if (this.words.textContent !== words) this.words.textContent = words;
    this.fill();
    this.pick(Math.min(this.chosen, Math.max(0, rows.length - 1)));
  }

  cellAt(event) {
    const box = this.sheet.canvas.getBoundingClientRect(), column = Math.floor((event.clientX - box.left) / (this.side + 1));
    const row = Math.floor((event.clientY - box.top) / (this.side + 1));
    return Math.min(this.rows.length - 1, row * this.columns + Math.min(column, this.columns - 1));
  }

  pick(n) {
    this.chosen = Math.min(this.rows.length - 1, Math.max(0, n));
    this.say(this.chosen);
    this.draw();
  }

  say(n) {
    const row = this.rows[n], says = row ? inOneLine(row, this.head) : "Nothing is on the list.";
    this.one.textContent = says;
    const { canvas } = this.sheet;
    for (const [name, value] of Object.entries({ valuemin: 0, valuemax: Math.max(0, this.rows.length - 1), valuenow: Math.max(0, n), valuetext: says })) canvas.setAttribute(`aria-${name}`, value);
  }

  draw() {
    const width = this.box.clientWidth, { sheet, rows } = this;
    const highOf = (side) => Math.ceil(rows.length / Math.max(1, Math.floor(width / (side + 1)))) * (side + 1);
    this.side = CELL_SIDES.find((side) => highOf(side) <= LOW_ENOUGH) ?? CELL_SIDES.at(-1);
    this.columns = Math.max(1, Math.floor(width / (this.side + 1)));
    sheet.height = Math.max(20, highOf(this.side) + 2);
    if (!sheet.begin()) return;
    rows.forEach((row, n) => {
      const [x, y] = [(n % this.columns) * (this.side + 1), Math.floor(n / this.columns) * (this.side + 1)];
      sheet.box(x, y, this.side, this.side, sheet.colour(differs(row) ? "blocked" : row[VERDICT] === "not recorded" ? "cold" : row[ROLE] || "faint"));
      if (n !== this.chosen) return;
      Object.assign(sheet.context, { strokeStyle: sheet.colour("ink"), lineWidth: 2 });
      sheet.context.strokeRect(x, y, this.side, this.side);
    });
  }

  fill() {
    this.tables.replaceChildren();
    const found = this.rows.filter(WHICH[this.which][1]), shown = found.slice(0, this.shown);
    table(this.head, shown.map((row) => row.map((cell, n) => (n === ROLE ? roleOf(cell) : cell))), this.tables);
    if (!found.length) element("p", "zh-words", this.tables).textContent = "None.";
    if (found.length > shown.length) button(`Show ${Math.min(PAGE_OF_ROWS * 4, found.length - shown.length)} more of ${(found.length - shown.length).toLocaleString("en")}`, "More rows of this table", this.tables, () => { this.shown += PAGE_OF_ROWS * 4; this.fill(); });
    const changes = this.changes.map((row) => row.map((cell, n) => (n === 2 ? roleOf(cell) : cell)));
    if (changes.length) table(["while handling wait", "call", "whose", "what it changed: events asked for"], changes, this.tables, 4, this.title);
  }
}

const inOneLine = (row, head) => `fd ${row[FD]}, ${row[ROLE] || "not recorded whose"} ${row[PEER_OF]}. ` + [KERNEL, PROGRAM, VERDICT].map((n) => `${head[n]}${head[n].endsWith("?") ? "" : ":"} ${row[n]}`).join("; ");
