// A chart of prices: lines that were drawn, marks that were measured, and a cursor that a hand can drag.
import { element } from "./page.js";
import { short } from "./explorable.js";

const SVG = "http://www.w3.org/2000/svg";
const HEIGHT = 270, LEFT = 56, RIGHT = 128, TOP = 12, BOTTOM = 44; // pixels; the names of lines are on the right
const NEAR = 16; // pixels between the names of two lines

export class PriceChart {
  // `x` and `y`: { label, from, to, log }. `pick(x)` is called with what a pointer points at.
  constructor(parent, { label, x, y, pick }) {
    Object.assign(this, { x: scale(x), y: scale(y), parts: null });
    this.svg = document.createElementNS(SVG, "svg");
    this.svg.setAttribute("class", "zh-price-chart");
    this.svg.setAttribute("role", "img");
    this.svg.setAttribute("aria-label", label);
    parent.append(this.svg);
    const point = (event) => {
      if (event.type === "pointermove" && !event.buttons) return;
      const box = this.svg.getBoundingClientRect(), part = (event.clientX - box.left - LEFT) / this.across;
      pick(this.x.valueAt(Math.min(1, Math.max(0, part))));
    };
    this.svg.addEventListener("pointerdown", point);
    this.svg.addEventListener("pointermove", point);
    this.sized = new ResizeObserver(() => this.show());
    this.sized.observe(parent);
  }

  get across() { return Math.max(100, this.width - LEFT - RIGHT); }

  // `lines`: { name, look, points: [[x, y]], dashed }; `marks`: { look, at: [x, y], title }; `cursor`: an x, or null;
  // `rules`: { x, name }, things on the x axis.
  draw(parts) {
    this.parts = parts;
    this.show();
  }

  show() {
    this.width = this.svg.parentElement.clientWidth;
    if (!this.parts || !this.width) return;
    const { lines, marks, cursor, rules = [] } = this.parts;
    this.svg.setAttribute("viewBox", `0 0 ${this.width} ${HEIGHT}`);
    this.svg.setAttribute("height", HEIGHT);
    this.svg.innerHTML = this.axes() + rules.map((rule, n) => this.rule(rule, n)).join("") + lines.map((line) => this.line(line)).join("") +
      this.names(lines) + (cursor === null ? "" : this.cursor(cursor)) + marks.map((mark) => this.mark(mark)).join("");
  }

  at([x, y]) { return [LEFT + this.x.partOf(x) * this.across, TOP + (1 - this.y.partOf(y)) * (HEIGHT - TOP - BOTTOM)]; }

  axes() {
    const floor = HEIGHT - BOTTOM, right = LEFT + this.across;
    const columns = this.x.ticks.map((tick) => {
      const at = LEFT + this.x.partOf(tick) * this.across;
      return `<text x="${at}" y="${floor + 16}" text-anchor="middle">${short(tick)}</text>`;
    });
    const rows = this.y.ticks.map((tick) => {
      const at = this.at([this.x.from, tick])[1];
      return `<line class="zh-grid" x1="${LEFT}" x2="${right}" y1="${at}" y2="${at}"/><text x="${LEFT - 6}" y="${at + 4}" text-anchor="end">${short(tick)}</text>`;
    });
    return `${rows.join("")}${columns.join("")}<text x="${LEFT + this.across / 2}" y="${HEIGHT - 8}" text-anchor="middle">${this.x.label}</text>` +
      `<text transform="translate(12 ${TOP + (floor - TOP) / 2}) rotate(-90)" text-anchor="middle">${this.y.label}</text>`;
  }

  rule({ x, name }, n) {
    const [at] = this.at([x, this.y.from]), before = this.x.partOf(x) > 0.6;
    return `<line class="zh-rule" x1="${at}" x2="${at}" y1="${TOP}" y2="${HEIGHT - BOTTOM}"/>` +
      `<text x="${at + (before ? -5 : 5)}" y="${TOP + 10 + n * 16}" text-anchor="${before ? "end" : "start"}">${name}</text>`;
  }

  line({ look, points, dashed }) {
    const path = points.map((point) => this.at(point).map((number) => number.toFixed(1)).join(",")).join(" ");
    return `<polyline class="zh-line ${look}${dashed ? " zh-dashed" : ""}" points="${path}"/>`;
  }

  // Each beside the end of its line, and no two over each other.
  names(lines) {
    const ends = lines.map((line) => ({ line, y: this.at(line.points.at(-1))[1] })).sort((one, other) => one.y - other.y);
    ends.forEach((end, n) => { if (n) end.y = Math.max(end.y, ends[n - 1].y + NEAR); });
    return ends.map(({ line, y }) => `<text class="zh-line-name ${line.look}" x="${LEFT + this.across + 8}" y="${y + 4}">${line.name}</text>`).join("");
  }

  cursor(x) {
    const [at] = this.at([x, this.y.from]);
    return `<line class="zh-cursor" x1="${at}" x2="${at}" y1="${TOP}" y2="${HEIGHT - BOTTOM}"/>`;
  }

  mark({ look, at, title }) {
    const [x, y] = this.at(at);
    return `<circle class="zh-mark ${look}" cx="${x.toFixed(1)}" cy="${y.toFixed(1)}" r="4.5"><title>${title}</title></circle>`;
  }
}

function scale({ label, from, to, log }) {
  const on = log ? Math.log10 : (value) => value, [low, high] = [on(from), on(to)];
  return {
    label, from, to,
    partOf: (value) => (on(Math.max(value, log ? from : value)) - low) / (high - low),
    valueAt: (part) => { const value = low + part * (high - low); return log ? 10 ** value : value; },
    ticks: log ? powers(low, high) : steps(from, to),
  };
}

function powers(low, high) {
  const found = [];
  for (let power = Math.ceil(low - 1e-9); power <= high + 1e-9; power++) found.push(10 ** power);
  return found;
}

function steps(from, to) {
  const rough = (to - from) / 4, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((times) => times * power).find((each) => each >= rough), found = [];
  for (let tick = Math.ceil(from / step) * step; tick <= to + step / 1e6; tick += step) found.push(tick);
  return found;
}
