// Two servers under one workload, on one clock: a lane for each descriptor, a column for each wait of either. Both move
// together.
import { Waits } from "./waits.js";
import { TELLINGS } from "./tellings.js";
import { Details } from "./details.js";
import { Order } from "./order.js";
import { Recording } from "./recording.js";
import { SIGNS, Twin, WINDOW } from "./twin.js";
import { button, drawAgain, element, keep, onKeys, table } from "./page.js";

class Twins {
  constructor(model, parent) {
    Object.assign(this, { model, offset: 0 });
    this.root = element("div", "zh-twins", parent);
    this.root.setAttribute("role", "group");
    const servers = model.get("recordings").map((each, k) => new Waits(new Recording(each), model.get("looks")[k]));
    this.root.setAttribute("aria-label", `Which descriptors were ready: ${servers.map(({ title }) => title).join(" and ")}`);
    element("p", "zh-line-of-words", this.root).textContent = model.get("words");
    this.tallies = element("div", "", this.root);
    const drawing = element("div", "zh-timeline", this.root);
    this.tip = element("div", "zh-tip", drawing);
    this.tip.hidden = true;
    this.order = new Order(servers.map(({ recording }) => recording));
    this.twins = servers.map((server, k) => new Twin(server, k, this.order, drawing));
    this.last = this.order.length - 1;
    this.addBar();
    this.addTallies(servers);
    const sides = element("div", "zh-details", this.root);
    this.details = servers.map((server, k) => new Details(server, k, sides, (_, fd) => this.details[k].follow(fd, this.waitOf(k))));
    const costs = model.get("costs");
    table(["Cost score", ...costs.map(({ title }) => title)], costs[0].rows.map(([name], n) => [name, ...costs.map((each) => each.rows[n][1])]), this.root, 1);
    this.twins.forEach((twin) => this.listen(twin));
    this.end = drawAgain(drawing, () => this.draw());
    this.listener = () => { if (model.get("chosen").join() !== this.numbers().join()) this.go(this.placeIn(model.get("chosen"))); };
    model.on("change:chosen", this.listener);
    this.go(this.placeIn(model.get("chosen")));
  }

  addBar() {
    const bar = element("div", "zh-bar", this.root);
    button("◀ Earlier", "Both by half a window", bar, () => this.go(this.now - WINDOW / 2));
    button("Later ▶", "Both by half a window", bar, () => this.go(this.now + WINDOW / 2));
    this.slider = element("input", "zh-slider", bar);
    Object.assign(this.slider, { type: "range", min: 0, max: this.last, value: 0 });
    this.slider.setAttribute("aria-label", "Waits of both, in order of time");
    this.slider.addEventListener("input", () => this.go(Number(this.slider.value)));
    this.slider.addEventListener("keydown", (event) => event.stopPropagation());
  }

  addTallies(servers) {
    const counts = this.twins.map((twin) => twin.counts()), rows = Object.entries(TELLINGS).filter(([name]) => counts.some((each) => each[name]));
    table(["Why they were told", ...servers.map(({ title }) => title)],
      rows.map(([name, words]) => [signed(name, words), ...counts.map((each) => each[name].toLocaleString("en"))]), this.tallies, 1);
  }

  listen(twin) {
    const { canvas } = twin.sheet, by = (step) => this.goTo(twin.k, this.waitOf(twin.k) + step);
    onKeys(canvas, {
      ArrowRight: (fast) => by(fast ? 10 : 1), ArrowLeft: (fast) => by(fast ? -10 : -1),
      PageDown: () => this.go(this.now + WINDOW / 2), PageUp: () => this.go(this.now - WINDOW / 2), Home: () => this.go(0), End: () => this.go(this.last),
    });
    canvas.addEventListener("click", (event) => {
      const { at, fd } = twin.placeOf(event, this.offset);
      this.go(at, false);
      if (fd !== undefined) this.details[twin.k].follow(fd, this.waitOf(twin.k));
    });
    canvas.addEventListener("pointermove", (event) => {
      const { wait, fd } = twin.placeOf(event, this.offset), box = this.tip.parentElement.getBoundingClientRect();
      this.tip.textContent = fd === undefined ? "" : twin.said(wait, fd);
      this.tip.hidden = fd === undefined;
      Object.assign(this.tip.style, { left: `${Math.max(0, Math.min(event.clientX - box.left + 12, box.width - this.tip.offsetWidth - 4))}px`, top: `${event.clientY - box.top + 16}px` });
    });
    canvas.addEventListener("pointerleave", () => { this.tip.hidden = true; });
  }

  waitOf(k) { return this.order.latest[k][this.now]; }

  numbers() { return this.twins.map(({ server }, k) => server.recording.number(this.waitOf(k))); }

  // Where the waits of these numbers are going on.
  placeIn(numbers) {
    return Math.max(...this.twins.map(({ server: { recording } }, k) => this.order.places[k][Math.min(recording.length - 1, Math.max(0, numbers[k] - recording.number(0)))]));
  }

  goTo(k, wait) { this.go(this.order.places[k][Math.min(this.order.places[k].length - 1, Math.max(0, wait))]); }

  go(place, mayMove = true) {
    this.now = Math.round(Math.min(this.last, Math.max(0, place)));
    const outside = this.now < this.offset || this.now >= this.offset + WINDOW;
    if (mayMove && outside) this.offset = Math.max(0, Math.min(this.last + 1 - WINDOW, this.now - WINDOW / 2));
    this.slider.value = this.now;
    this.draw();
    this.details.forEach((each, k) => each.show(this.waitOf(k)));
    if (this.model.get("chosen").join() !== this.numbers().join()) keep(this.model, "chosen", this.numbers());
  }

  draw() { this.twins.forEach((twin) => twin.draw(this.offset, this.now)); }

  remove() {
    this.end();
    this.model.off("change:chosen", this.listener);
  }
}

function signed(name, words) {
  const made = element("span", `zh-telling zh-telling-${name}`), sign = element("b", "", made);
  sign.textContent = `${SIGNS[name]} `;
  made.append(words);
  return made;
}

function render({ model, el }) {
  el.classList.add("zh");
  const twins = new Twins(model, el);
  el.twins = twins;
  return () => twins.remove();
}
export default { render };
