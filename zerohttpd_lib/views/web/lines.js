// A chart of lines or marks over time: hover it or move with the arrow keys, and it says what each of them has there.
import { drawAgain, element, onKeys } from "./page.js";
import { Sheet, ticks } from "./sheet.js";

const MARGIN = { left: 64, right: 14, top: 10, bottom: 34 };
const DASHES = { "-": [], "--": [7, 4], "-.": [8, 3, 2, 3], ":": [2, 3] };

// Each shows through the others.
const MARKS = {
  dash: (sheet, x, y, colour) => sheet.box(x - 2.5, y - 0.75, 5, 1.5, colour),
  square: (sheet, x, y, colour) => sheet.box(x - 1.5, y - 1.5, 3, 3, colour),
  ring: (sheet, x, y, colour) => { shape(sheet, colour, (context) => context.arc(x, y, 3.5, 0, 7)).stroke(); },
  triangle: (sheet, x, y, colour) => { shape(sheet, colour, (context) => { context.moveTo(x, y - 3); context.lineTo(x + 3, y + 2.5); context.lineTo(x - 3, y + 2.5); }).fill(); },
};

function shape({ context }, colour, path) {
  Object.assign(context, { fillStyle: colour, strokeStyle: colour, lineWidth: 1.5 });
  context.beginPath();
  path(context);
  return context;
}

export class Lines {
  // `unit` of the y axis; `log`: its scale; `fixed`: its ends, where charts are to be compared. A line has name, colour
  // (a variable's), dash, width, xs and ys (null: a gap); with `mark` it is no line, but a mark for each value.
  constructor(parent, { question, unit, log = false, height = 220, fixed = null }) {
    Object.assign(this, { question, unit, log, fixed, lines: [], cursor: null, end: 5 });
    element("h4", "zh-title", parent).textContent = question;
    this.box = element("div", "zh-timeline", parent);
    this.sheet = new Sheet(this.box, height, "zh-close-up");
    const { canvas } = this.sheet;
    canvas.tabIndex = 0;
    canvas.setAttribute("role", "slider");
    canvas.setAttribute("aria-label", `${question} In ${unit}, over time`);
    this.said = element("p", "zh-said", parent);
    canvas.addEventListener("pointermove", (event) => this.moveTo(this.timeAt(event)));
    canvas.addEventListener("pointerleave", () => this.moveTo(null));
    onKeys(canvas, {
      ArrowRight: () => this.moveTo(Math.min(this.end, (this.cursor ?? 0) + this.end / 50)), ArrowLeft: () => this.moveTo(Math.max(0, (this.cursor ?? this.end) - this.end / 50)),
      Home: () => this.moveTo(0), End: () => this.moveTo(this.end), Escape: () => this.moveTo(null),
    });
    this.stop = drawAgain(this.box, () => this.draw());
  }

  show(lines, end) {
    Object.assign(this, { lines, end });
    this.draw();
  }

  timeAt(event) {
    const box = this.sheet.canvas.getBoundingClientRect();
    return Math.min(1, Math.max(0, (event.clientX - box.left - MARGIN.left) / (box.width - MARGIN.left - MARGIN.right))) * this.end;
  }

  moveTo(seconds) {
    this.cursor = seconds;
    this.onMove?.(seconds);
    this.draw();
  }

  range() {
    if (this.fixed) return this.fixed;
    const values = this.lines.flatMap(({ ys }) => ys.filter((y) => y !== null && (!this.log || y > 0)));
    const most = values.reduce((a, b) => Math.max(a, b), 0) || 1;
    return this.log ? [values.reduce((a, b) => Math.min(a, b), most) / 1.5, most * 1.5] : [0, most * 1.12];
  }

  draw() {
    const { sheet } = this;
    if (!sheet.begin()) return;
    const [low, high] = this.range(), floor = sheet.height - MARGIN.bottom, turned = this.log ? Math.log10 : (value) => value;
    const x = (at) => MARGIN.left + (at / this.end) * (sheet.width - MARGIN.left - MARGIN.right);
    const y = (value) => floor - ((turned(value) - turned(low)) / (turned(high) - turned(low))) * (floor - MARGIN.top);
    for (const value of this.log ? decades(low, high) : ticks(low, high, 4)) {
      sheet.box(MARGIN.left, y(value), sheet.width - MARGIN.left - MARGIN.right, 1, sheet.colour("line"));
      sheet.text(value.toLocaleString("en", { maximumSignificantDigits: 3 }), MARGIN.left - 6, y(value), sheet.colour("faint"), "right");
    }
    for (const at of ticks(0, this.end, 8)) sheet.text(at.toLocaleString("en"), x(at), floor + 10, sheet.colour("faint"), "center");
    sheet.text(`${this.unit}, by seconds since the start`, MARGIN.left, sheet.height - 8, sheet.colour("faint"));
    for (const line of this.lines) if (line.mark) this.mark(line, x, y); else this.stroke(line, x, y);
    if (this.cursor !== null) sheet.box(x(this.cursor) - 0.75, MARGIN.top, 1.5, floor - MARGIN.top, sheet.colour("ink"));
    this.tell();
  }

  mark({ xs, ys, colour, mark }, x, y) {
    const draw = MARKS[mark], { sheet } = this, paint = sheet.colour(colour);
    xs.forEach((at, n) => { if (ys[n] !== null) draw(sheet, x(at), y(ys[n]), paint); });
  }

  stroke({ xs, ys, colour, dash, width }, x, y) {
    const { context } = this.sheet;
    Object.assign(context, { strokeStyle: this.sheet.colour(colour), lineWidth: width, lineJoin: "round" });
    context.setLineDash(DASHES[dash] ?? []);
    context.beginPath();
    let isOn = false;
    xs.forEach((at, n) => {
      const value = ys[n];
      if (value === null || (this.log && value <= 0)) { isOn = false; return; }
      context[isOn ? "lineTo" : "moveTo"](x(at), y(value));
      isOn = true;
    });
    context.stroke();
    context.setLineDash([]);
  }

  // The legend; with a cursor, it has the values there.
  tell() {
    this.said.replaceChildren();
    if (this.cursor !== null) this.said.append(`At ${this.cursor.toFixed(1)} s: `);
    for (const line of this.lines) {
      if (!line.name) continue;
      const name = element("b", "", this.said), value = this.cursor === null ? line.ys.at(-1) : valueAt(line, this.cursor);
      name.textContent = line.name;
      name.style.color = `var(--zh-${line.colour}, var(--zh-ink))`;
      this.said.append(` ${value === null || value === undefined ? "–" : `${value.toLocaleString("en", { maximumFractionDigits: value < 10 ? 2 : 0 })} ${this.unit}`}   `);
    }
    const says = { valuemin: 0, valuemax: this.end, valuenow: this.cursor ?? this.end, valuetext: this.said.textContent || "nothing measured yet" };
    for (const [name, value] of Object.entries(says)) this.sheet.canvas.setAttribute(`aria-${name}`, value);
  }
}

// Of the sample in which this moment lies; null outside of all.
function valueAt({ xs, ys }, seconds) {
  const n = xs.findIndex((at) => at >= seconds);
  return n < 0 ? null : ys[n];
}

function decades(low, high) {
  const first = Math.floor(Math.log10(low)), last = Math.ceil(Math.log10(high)), steps = last - first <= 3 ? [1, 2, 5] : [1], found = [];
  for (let power = first; power <= last; power++) for (const step of steps) found.push(step * 10 ** power);
  return found.filter((value) => value >= low && value <= high);
}
