// Two servers under one workload: a lane for each descriptor, a column for each wait. Both move together.
import { Waits } from "./waits.js";
import { TELLINGS, tellingsOf } from "./tellings.js";
import { Details } from "./details.js";
import { Recording } from "./recording.js";
import { Sheet } from "./sheet.js";
import { button, drawAgain, element, keep, onKeys, table } from "./page.js";

const WINDOW = 60; // waits that are shown
const LANES = 14; // descriptors that are shown, those that were ready most often
const EDGE = 64, LANE = 17; // pixels
const COLOURS = { new: "client", again: "looked", perhaps: "redis", room: "faint", gone: "ink", unknown: "faint" };
const SIGNS = { new: "●", again: "■", perhaps: "◆", room: "○", gone: "×", unknown: "?" };

class Twin {
  constructor(server, parent) {
    Object.assign(this, { server, tellings: tellingsOf(server.recording) });
    const box = element("section", "zh-lane", parent), title = element("h4", "zh-title", box);
    [title.textContent, title.style.color] = [server.title, `var(--zh-${server.title}, var(--zh-ink))`];
    this.sheet = new Sheet(element("div", "", box), 100, "zh-lanes");
    this.sheet.canvas.setAttribute("role", "slider");
    this.sheet.canvas.setAttribute("aria-label", `Waits of ${server.title}: which descriptors were ready`);
    this.sheet.canvas.tabIndex = 0;
  }

  counts() {
    const counts = Object.fromEntries(Object.keys(TELLINGS).map((name) => [name, 0]));
    for (const each of this.tellings) for (const name of each.values()) counts[name] += 1;
    return counts;
  }

  lanesFrom(offset) {
    const times = new Map();
    for (const each of this.tellings.slice(offset, offset + WINDOW)) for (const fd of each.keys()) times.set(fd, (times.get(fd) ?? 0) + 1);
    return [...times].sort((a, b) => b[1] - a[1]).slice(0, LANES).map(([fd]) => fd).sort((a, b) => a - b);
  }

  said(column, fd) {
    const telling = this.tellings[column]?.get(fd);
    return `Wait ${this.server.recording.number(column).toLocaleString("en")}, fd ${fd}: ${telling ? TELLINGS[telling] : "not ready"}`;
  }

  draw(offset, chosen) {
    const { sheet } = this, lanes = this.lanes = this.lanesFrom(offset);
    sheet.height = Math.max(3, lanes.length) * LANE + 30;
    if (!sheet.begin()) return;
    const wide = (sheet.width - EDGE - 8) / WINDOW, floor = sheet.height - 24;
    sheet.box(EDGE + (chosen - offset) * wide, 2, wide, floor, sheet.colour("mark"));
    lanes.forEach((fd, n) => {
      const y = 6 + (n + 0.5) * LANE;
      sheet.text(`fd ${fd}`, EDGE - 8, y, sheet.colour("faint"), "right");
      sheet.box(EDGE, y, sheet.width - EDGE - 8, 1, sheet.colour("line"));
      for (let column = offset; column < Math.min(this.tellings.length, offset + WINDOW); column++) {
        const telling = this.tellings[column].get(fd);
        if (telling) this.sign(telling, EDGE + (column - offset + 0.5) * wide, y);
      }
    });
    for (let column = offset; column < offset + WINDOW; column += 10) {
      const words = column < this.tellings.length ? this.server.recording.number(column).toLocaleString("en") : "";
      sheet.text(words, EDGE + (column - offset + 0.5) * wide, sheet.height - 10, sheet.colour("faint"), "center");
    }
    const number = this.server.recording.number(chosen), first = this.server.recording.number(0);
    const says = { valuenow: number, valuemin: first, valuemax: first + this.tellings.length - 1, valuetext: this.server.said(chosen) };
    for (const [name, value] of Object.entries(says)) sheet.canvas.setAttribute(`aria-${name}`, value);
  }

  sign(telling, x, y) {
    const { sheet } = this, { context } = sheet, colour = sheet.colour(COLOURS[telling]);
    if (telling === "new") {
      context.fillStyle = colour;
      context.beginPath();
      context.arc(x, y, 4.5, 0, 7);
      context.fill();
    } else if (telling === "again") sheet.box(x - 4.5, y - 4.5, 9, 9, colour);
    else {
      context.font = `13px ${sheet.style.fontFamily}`;
      sheet.text(SIGNS[telling], x, y + 0.5, colour, "center");
      context.font = `11px ${sheet.style.fontFamily}`;
    }
  }

  place(event, offset) {
    const box = this.sheet.canvas.getBoundingClientRect(), wide = (box.width - EDGE - 8) / WINDOW;
    const column = offset + Math.floor((event.clientX - box.left - EDGE) / wide), lane = Math.floor((event.clientY - box.top - 6) / LANE);
    return { column: Math.min(this.tellings.length - 1, Math.max(offset, column)), fd: this.lanes[Math.max(0, Math.min(this.lanes.length - 1, lane))] };
  }
}

class Twins {
  constructor(model, parent) {
    Object.assign(this, { model, chosen: model.get("offset"), offset: 0 });
    this.root = element("div", "zh-twins", parent);
    this.root.setAttribute("role", "group");
    const servers = model.get("recordings").map((each, k) => new Waits(new Recording(each), model.get("looks")[k]));
    this.root.setAttribute("aria-label", `Which descriptors were ready: ${servers.map(({ title }) => title).join(" and ")}`);
    element("p", "zh-line-of-words", this.root).textContent = model.get("words");
    this.tallies = element("div", "", this.root);
    const drawing = element("div", "zh-timeline", this.root);
    this.tip = element("div", "zh-tip", drawing);
    this.tip.hidden = true;
    this.twins = servers.map((server) => new Twin(server, drawing));
    this.last = Math.max(...this.twins.map(({ tellings }) => tellings.length)) - 1;
    this.addBar();
    const counts = this.twins.map((twin) => twin.counts());
    const rows = Object.entries(TELLINGS).filter(([name]) => counts.some((each) => each[name]));
    table(["Why they were told", ...servers.map(({ title }) => title)],
      rows.map(([name, words]) => [signed(name, words), ...counts.map((each) => each[name].toLocaleString("en"))]), this.tallies, 1);
    const sides = element("div", "zh-details", this.root);
    this.details = servers.map((server, k) => new Details(server, k, sides, (_, fd) => this.details[k].follow(fd, this.columnOf(k))));
    const costs = model.get("costs");
    table(["Cost score", ...costs.map(({ title }) => title)], costs[0].rows.map(([name], n) => [name, ...costs.map((each) => each.rows[n][1])]), this.root, 1);
    this.twins.forEach((twin) => this.listen(twin));
    this.end = drawAgain(drawing, () => this.draw());
    this.listener = () => { if (model.get("offset") !== this.chosen) this.go(model.get("offset")); };
    model.on("change:offset", this.listener);
    this.go(this.chosen);
  }

  addBar() {
    const bar = element("div", "zh-bar", this.root);
    button("◀ Earlier", "Both by half a window", bar, () => this.go(this.chosen - WINDOW / 2));
    button("Later ▶", "Both by half a window", bar, () => this.go(this.chosen + WINDOW / 2));
    this.slider = element("input", "zh-slider", bar);
    Object.assign(this.slider, { type: "range", min: 0, max: this.last, value: 0 });
    this.slider.setAttribute("aria-label", "Waits after the first");
    this.slider.addEventListener("input", () => this.go(Number(this.slider.value)));
    this.slider.addEventListener("keydown", (event) => event.stopPropagation());
  }

  listen(twin) {
    const { canvas } = twin.sheet;
    onKeys(canvas, {
      ArrowRight: (fast) => this.go(this.chosen + (fast ? 10 : 1)), ArrowLeft: (fast) => this.go(this.chosen - (fast ? 10 : 1)),
      PageDown: () => this.go(this.chosen + WINDOW / 2), PageUp: () => this.go(this.chosen - WINDOW / 2), Home: () => this.go(0), End: () => this.go(this.last),
    });
    canvas.addEventListener("click", (event) => {
      const { column, fd } = twin.place(event, this.offset);
      this.go(column, false);
      const k = this.twins.indexOf(twin);
      if (fd !== undefined) this.details[k].follow(fd, this.columnOf(k));
    });
    canvas.addEventListener("pointermove", (event) => {
      const { column, fd } = twin.place(event, this.offset), box = this.tip.parentElement.getBoundingClientRect();
      this.tip.textContent = fd === undefined ? "" : twin.said(column, fd);
      this.tip.hidden = fd === undefined;
      Object.assign(this.tip.style, { left: `${Math.max(0, Math.min(event.clientX - box.left + 12, box.width - this.tip.offsetWidth - 4))}px`, top: `${event.clientY - box.top + 16}px` });
    });
    canvas.addEventListener("pointerleave", () => { this.tip.hidden = true; });
  }

  columnOf(k) { return Math.min(this.chosen, this.twins[k].tellings.length - 1); }

  go(column, mayMove = true) {
    this.chosen = Math.round(Math.min(this.last, Math.max(0, column)));
    const outside = this.chosen < this.offset || this.chosen >= this.offset + WINDOW;
    if (mayMove && outside) this.offset = Math.max(0, Math.min(this.last + 1 - WINDOW, this.chosen - WINDOW / 2));
    this.slider.value = this.chosen;
    this.draw();
    this.details.forEach((each, k) => each.show(this.columnOf(k)));
    if (this.model.get("offset") !== this.chosen) keep(this.model, "offset", this.chosen);
  }

  draw() { this.twins.forEach((twin, k) => twin.draw(this.offset, this.columnOf(k))); }

  remove() {
    this.end();
    this.model.off("change:offset", this.listener);
  }
}

function signed(name, words) {
  const made = element("span", `zh-telling zh-telling-${name}`), sign = element("b", "", made);
  sign.textContent = `${SIGNS[name]} `;
  made.append(words);
  return made;
}

export function render({ model, el }) {
  el.classList.add("zh");
  const twins = new Twins(model, el);
  el.twins = twins;
  return () => twins.remove();
}
export default { render };
