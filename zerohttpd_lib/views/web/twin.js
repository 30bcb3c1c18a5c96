// One of two servers under one workload: a lane for each descriptor, and in a column of the common order what it was told of.
import { TELLINGS, tellingsOf } from "./tellings.js";
import { Sheet, duration } from "./sheet.js";
import { element } from "./page.js";

export const WINDOW = 60; // columns that are shown
const LANES = 14; // descriptors that are shown, those that were ready most often
const EDGE = 64, LANE = 17, FOOT = 30; // pixels
const COLOURS = { new: "client", again: "looked", perhaps: "redis", room: "faint", gone: "ink", unknown: "faint" };
export const SIGNS = { new: "●", again: "■", perhaps: "◆", room: "○", gone: "×", unknown: "?" };

export class Twin {
  constructor(server, k, order, parent) {
    Object.assign(this, { server, k, order, tellings: tellingsOf(server.recording) });
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

  lanesOf(shown) {
    const times = new Map();
    for (const [, i] of shown) for (const fd of this.tellings[i].keys()) times.set(fd, (times.get(fd) ?? 0) + 1);
    return [...times].sort((a, b) => b[1] - a[1]).slice(0, LANES).map(([fd]) => fd).sort((a, b) => a - b);
  }

  said(i, fd) {
    const telling = this.tellings[i]?.get(fd), { recording } = this.server;
    return `${duration(recording.times(i).called)}, wait ${recording.number(i).toLocaleString("en")}, fd ${fd}: ${telling ? TELLINGS[telling] : "not ready"}`;
  }

  // `offset`: the first column; `now`: the one that is picked.
  draw(offset, now) {
    const { sheet } = this, shown = [...this.order.of(this.k, offset, offset + WINDOW)], lanes = this.lanes = this.lanesOf(shown);
    sheet.height = Math.max(3, lanes.length) * LANE + FOOT;
    if (!sheet.begin()) return;
    const wide = (sheet.width - EDGE - 8) / WINDOW, floor = sheet.height - 24, x = (at) => EDGE + (at - offset) * wide;
    const chosen = this.order.latest[this.k][now], place = this.order.places[this.k][chosen];
    if (place >= offset) sheet.box(x(place), 2, wide, floor, sheet.colour("mark"));
    lanes.forEach((fd, n) => {
      const y = 6 + (n + 0.5) * LANE;
      sheet.text(`fd ${fd}`, EDGE - 8, y, sheet.colour("faint"), "right");
      sheet.box(EDGE, y, sheet.width - EDGE - 8, 1, sheet.colour("line"));
      for (const [at, i] of shown) if (this.tellings[i].has(fd)) this.sign(this.tellings[i].get(fd), x(at) + wide / 2, y);
    });
    for (const [at] of shown) sheet.box(x(at) + wide / 2 - 0.5, floor - 3, 1, 5, sheet.colour("faint"));
    sheet.box(x(now) + wide / 2 - 0.75, 2, 1.5, floor, sheet.colour("ink"));
    this.drawClock(offset, x, wide);
    this.tellAloud(chosen);
  }

  // The same below both.
  drawClock(offset, x, wide) {
    const { sheet, order } = this, end = Math.min(order.length, offset + WINDOW) - 1, span = order.seconds(end) - order.seconds(offset);
    for (let at = offset; at <= end; at += 10) sheet.text(duration(order.seconds(at), Math.max(span, 1e-6)), x(at) + wide / 2, sheet.height - 10, sheet.colour("faint"), "center");
    if (this.server.end < order.seconds(offset)) sheet.text("its record ends before this", EDGE + 8, 14, sheet.colour("faint"));
  }

  tellAloud(chosen) {
    const { recording } = this.server, first = recording.number(0);
    const says = { valuenow: recording.number(chosen), valuemin: first, valuemax: first + recording.length - 1, valuetext: this.server.said(chosen) };
    for (const [name, value] of Object.entries(says)) this.sheet.canvas.setAttribute(`aria-${name}`, value);
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

  // Which column is there, which wait of this server was going on then, and whose lane it is.
  placeOf(event, offset) {
    const box = this.sheet.canvas.getBoundingClientRect(), wide = (box.width - EDGE - 8) / WINDOW;
    const column = offset + Math.floor((event.clientX - box.left - EDGE) / wide), lane = Math.floor((event.clientY - box.top - 6) / LANE);
    const at = Math.min(this.order.length - 1, Math.max(offset, column));
    return { at, wait: this.order.latest[this.k][at], fd: this.lanes[Math.max(0, Math.min(this.lanes.length - 1, lane))] };
  }
}
