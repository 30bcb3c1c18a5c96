// One wait, one glance: a cell for each descriptor that is watched. What does the kernel look at in order to
// find those that are ready?
import { element, onNewTheme } from "./page.js";
import { Player } from "./player.js";

const CELL_GAP = 1; // pixels
const SECONDS = 6; // that the longer wait takes, played

function render({ model, el }) {
  const sides = model.get("sides"), longest = Math.max(...sides.map((side) => side.us));
  el.classList.add("zh");
  const figure = element("div", "zh-one-wait", el);
  figure.tabIndex = 0;
  figure.setAttribute("role", "group");
  figure.setAttribute("aria-label", sides.map(inWords).join(" "));
  element("h3", "zh-question", figure).textContent = "One wait: what does the kernel look at, to find who is ready?";
  const boxes = element("div", "zh-sides", figure);
  const most = Math.max(...sides.map((side) => side.cells.length)), panes = sides.map((side) => new Pane(side, most, boxes));
  const player = new Player({
    last: longest * 1.08,
    draw: (us) => panes.forEach((pane) => pane.draw(us)),
    step: (us, direction) => us + (direction * longest) / 24,
    advance: (us, seconds) => us + (seconds * longest) / SECONDS,
    label: "microseconds since the wait was called",
  });
  player.listen(figure);
  figure.append(player.bar);
  element("p", "zh-key", figure).innerHTML = '<i class="zh-cold"></i> watched <i class="zh-looked"></i> looked at, and not ready ' +
    (sides.some((side) => side.sweeps) ? '<i class="zh-looking"></i> being looked at ' : "") + '<i class="zh-found"></i> ready';
  element("p", "zh-note", figure).textContent = model.get("note");
  const look = () => { panes.forEach((pane) => { pane.readColours(); pane.measure(); }); player.show(); };
  const themed = onNewTheme(look), sized = new ResizeObserver(look); // which is called, too, when it comes onto the page
  sized.observe(boxes);
  el.player = player; // for whoever takes pictures of it
  player.go(player.last); // the still: where it ends
  return () => { sized.disconnect(); themed.disconnect(); player.pause(); };
}
export default { render };

const inWords = (side) =>
  `${side.title}: ${side.cells.length} watched, ${side.ready.length} ready, ${side.us.toFixed(0)} microseconds; ` +
  (side.sweeps ? "every descriptor was looked at." : "only the ready ones were looked at.");

class Pane {
  // `most`: cells of the longer list: those of both are of one size.
  constructor(side, most, parent) {
    Object.assign(this, { side, most });
    this.ready = new Set(side.ready);
    this.readyAt = side.cells.flatMap((fd, n) => (this.ready.has(fd) ? [n] : []));
    const box = element("div", "zh-side", parent);
    element("h4", "zh-title", box).textContent = side.title;
    this.canvas = element("canvas", "zh-cells", box);
    this.clock = element("div", "zh-clock", box);
    this.words = element("div", "zh-words", box);
    this.readColours();
  }

  readColours() {
    const style = getComputedStyle(this.canvas), value = (name) => style.getPropertyValue(name).trim();
    this.colours = { cold: value("--zh-cold"), looked: value("--zh-looked"), ready: value("--zh-ready"), now: value("--zh-ink") };
  }

  // As many columns as make the cells square, in about half the width for the height.
  measure() {
    const width = this.canvas.parentElement.clientWidth, count = this.side.cells.length;
    this.size = Math.max(2, Math.floor(width / Math.max(1, Math.ceil(Math.sqrt(this.most * 2)))));
    this.columns = Math.min(count, Math.max(1, Math.floor(width / this.size)));
    const high = Math.ceil(count / this.columns) * this.size, ratio = window.devicePixelRatio || 1;
    Object.assign(this.canvas, { width: this.columns * this.size * ratio, height: high * ratio });
    Object.assign(this.canvas.style, { width: `${this.columns * this.size}px`, height: `${high}px` });
    this.context = this.canvas.getContext("2d");
    this.context.scale(ratio, ratio);
    this.painted = null;
  }

  // Painted are only those cells that have become others since the picture before.
  draw(us) {
    if (!this.context) this.measure();
    const { side } = this, count = side.cells.length, part = Math.min(1, us / side.us), done = part >= 1;
    const swept = side.sweeps ? Math.floor(part * count) : 0, before = this.painted;
    this.painted = { swept, done };
    if (!before || before.done !== done) this.paint(0, count);
    else if (before.swept !== swept) this.paint(Math.min(before.swept, swept), Math.max(before.swept, swept) + 1);
    const at = done ? side.us : us;
    this.clock.textContent = `${at.toFixed(at < 10 ? 1 : 0)} µs${done ? "" : " …"}`;
    const found = side.sweeps ? this.readyAt.filter((n) => n < swept).length : done ? this.readyAt.length : 0;
    this.words.textContent = `${(side.sweeps ? swept : found).toLocaleString("en")} of ${count.toLocaleString("en")} looked at, ${found} ready`;
  }

  // The cells from number `from` up to `to`, which is not one of them.
  paint(from, to) {
    const { context, size, columns, side: { cells } } = this, edge = size - CELL_GAP;
    for (let n = from; n < Math.min(to, cells.length); n++) {
      context.fillStyle = this.colours[this.stateOf(n)];
      context.fillRect((n % columns) * size, Math.floor(n / columns) * size, edge, edge);
    }
  }

  stateOf(n) {
    const { side: { cells, sweeps }, painted: { swept, done } } = this;
    if (this.ready.has(cells[n]) && (sweeps ? n < swept : done)) return "ready";
    if (n < swept) return "looked";
    return sweeps && !done && n === swept ? "now" : "cold";
  }
}
