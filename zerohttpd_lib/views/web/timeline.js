// The waits of one server, or of two on one clock and one scale: all of them from afar, and a stretch from close up.
// Press one to pick it, drag over a stretch to come closer; both servers move together.
import { element, onKeys } from "./page.js";
import { Sheet, duration, ticks } from "./sheet.js";

const LEFT = 64, RIGHT = 10; // pixels beside the drawing
const ROLES = ["listener", "client", "redis"];
const FIRST_STRETCH = 40; // waits that are shown from close up at first
const SHORTEST = 20e-6; // seconds that can be shown

export class Timeline {
  constructor(servers, parent, onPick) {
    Object.assign(this, { servers, onPick, chosen: servers.map(() => 0) });
    this.last = Math.max(...servers.map((each) => each.end));
    this.most = Math.max(5, ...servers.map(({ recording }) => maximum(recording.length, (i) => recording.ready(i))));
    this.mostWatched = Math.max(20, ...servers.map(({ recording }) => maximum(recording.length, (i) => recording.watched(i))));
    this.range = [0, this.last];
    this.root = element("div", "zh-timeline", parent);
    this.tip = element("div", "zh-tip", this.root);
    this.tip.hidden = true;
    this.lanes = servers.map((server, k) => this.lane(server, k));
  }

  lane(server, k) {
    const box = element("section", "zh-lane", this.root), title = element("h4", "zh-title", box);
    title.textContent = server.title;
    title.style.color = `var(--zh-${server.title}, var(--zh-ink))`;
    const far = new Sheet(element("div", "zh-far", box), 74, "zh-overview");
    far.canvas.setAttribute("role", "img");
    far.canvas.setAttribute("aria-label", `All waits of ${server.title}: how many were watched, and how many ready`);
    const near = new Sheet(element("div", "zh-near", box), 118, "zh-close-up");
    Object.assign(near.canvas, { tabIndex: 0 });
    near.canvas.setAttribute("role", "slider");
    near.canvas.setAttribute("aria-label", `Waits of ${server.title}`);
    this.listen(far, k, () => [0, this.last]);
    this.listen(near, k, () => this.range);
    onKeys(near.canvas, {
      ArrowRight: (fast) => this.pick(k, this.chosen[k] + (fast ? 10 : 1)), ArrowLeft: (fast) => this.pick(k, this.chosen[k] - (fast ? 10 : 1)),
      Home: () => this.pick(k, 0), End: () => this.pick(k, server.recording.length - 1),
      "+": () => this.zoom(0.5), "-": () => this.zoom(2), Escape: () => this.show([0, this.last]),
    });
    return { far, near };
  }

  // Pressed: picks. Dragged: comes closer. Over it: says what is there.
  listen(sheet, k, range) {
    let from = null;
    const canvas = sheet.canvas, seconds = (event) => this.timeAt(event, canvas, range());
    canvas.addEventListener("pointerdown", (event) => { from = seconds(event); canvas.setPointerCapture(event.pointerId); });
    canvas.addEventListener("pointermove", (event) => {
      if (from === null) return this.hover(k, seconds(event), event);
      this.brush = [from, seconds(event)].sort((a, b) => a - b);
      this.draw();
    });
    canvas.addEventListener("pointerup", (event) => {
      const width = (this.brush?.[1] ?? 0) - (this.brush?.[0] ?? 0), [low, high] = range(), at = seconds(event);
      const dragged = this.brush && width > ((high - low) / canvas.clientWidth) * 4;
      [from, this.brush, canvas.brushed] = [null, dragged ? this.brush : null, dragged];
      if (dragged) { const to = this.brush; this.brush = null; this.show(to); } else this.pick(k, this.servers[k].at(at));
    });
    canvas.addEventListener("pointerleave", () => { this.tip.hidden = true; });
    canvas.addEventListener("dblclick", () => this.show([0, this.last]));
  }

  timeAt(event, canvas, [low, high]) {
    const x = event.clientX - canvas.getBoundingClientRect().left, part = (x - LEFT) / Math.max(1, canvas.clientWidth - LEFT - RIGHT);
    return low + Math.min(1, Math.max(0, part)) * (high - low);
  }

  hover(k, seconds, event) {
    const server = this.servers[k], place = this.root.getBoundingClientRect();
    this.tip.textContent = seconds > server.end ? `The record of ${server.title} has ended.` : server.said(server.at(seconds));
    this.tip.hidden = false;
    const left = Math.min(event.clientX - place.left + 12, place.width - this.tip.offsetWidth - 4);
    Object.assign(this.tip.style, { left: `${Math.max(0, left)}px`, top: `${event.clientY - place.top + 16}px` });
  }

  // Of the others, the wait that was going on at the same time.
  pick(k, i) {
    const server = this.servers[k], moment = server.middleOf(this.chosen[k] = Math.min(server.recording.length - 1, Math.max(0, i)));
    this.servers.forEach((other, n) => { if (n !== k) this.chosen[n] = other.at(moment); });
    this.follow(moment);
    this.onPick();
  }

  follow(moment) {
    const [low, high] = this.range, span = high - low;
    if (moment < low || moment > high) this.range = this.inside(moment - span / 2, span);
  }

  // Neither before the start nor past the end.
  inside(low, span) {
    const width = Math.min(this.last, Math.max(SHORTEST, span)), from = Math.min(this.last - width, Math.max(0, low));
    return [from, from + width];
  }

  show([low, high]) {
    this.range = this.inside(low, high - low);
    this.onPick();
  }

  zoom(by) {
    const [low, high] = this.range, span = (high - low) * by, moment = this.servers[0].middleOf(this.chosen[0]);
    this.show([moment - span / 2, moment + span / 2]);
  }

  closeTo(k) {
    const server = this.servers[k], i = this.chosen[k], half = FIRST_STRETCH / 2, { recording } = server;
    const from = recording.times(Math.max(0, i - half)).called, to = server.endOf(Math.min(recording.length - 1, i + half));
    this.range = this.inside(from, to - from);
  }

  draw() {
    this.lanes.forEach(({ far, near }, k) => {
      this.drawFar(far, k);
      this.drawNear(near, k);
      const server = this.servers[k], number = server.recording.number(this.chosen[k]);
      const says = { valuenow: number, valuemin: server.recording.number(0), valuemax: server.recording.number(server.recording.length - 1), valuetext: server.said(this.chosen[k]) };
      for (const [name, value] of Object.entries(says)) near.canvas.setAttribute(`aria-${name}`, value);
    });
  }

  // From afar: the most of each pixel's waits, on a logarithmic scale; and the stretch that is shown below.
  drawFar(sheet, k) {
    if (!sheet.begin()) return;
    const floor = sheet.height - 16, top = 6, x = scale([0, this.last], sheet);
    sheet.box(x(this.range[0]), top - 4, Math.max(2, x(this.range[1]) - x(this.range[0])), floor - top + 4, sheet.colour("mark"));
    sheet.layer("", () => this.drawAll(sheet, k, x, floor, top));
    this.marks(sheet, x, k, top - 4, floor);
  }

  drawAll(sheet, k, x, floor, top) {
    const [ink, ready] = [sheet.colour("ink"), sheet.colour("client")];
    const height = (n) => (Math.log10(Math.max(1, n)) + 0.15) / (Math.log10(this.mostWatched) + 0.3) * (floor - top);
    for (const n of [1, 10, 100, 1000, 10000].filter((each) => each <= this.mostWatched)) {
      sheet.box(LEFT, floor - height(n), sheet.width - LEFT - RIGHT, 1, sheet.colour("line"));
      if (n !== 10 || this.mostWatched < 500) sheet.text(n.toLocaleString("en"), LEFT - 6, floor - height(n), sheet.colour("faint"), "right");
    }
    for (const [at, { found, watched }] of this.columns(k, [0, this.last], x)) {
      if (found) sheet.box(at, floor - height(found), 1, height(found), ready);
      sheet.box(at, floor - height(watched) - 1, 2, 2, ink);
    }
    this.axis(sheet, x, [0, this.last], floor);
  }

  // From close up: each wait as long as it was, each handling as high as its ready list.
  drawNear(sheet, k) {
    if (!sheet.begin()) return;
    const server = this.servers[k], strip = 12, floor = sheet.height - 18 - strip, top = 6, x = scale(this.range, sheet);
    const clip = (seconds) => Math.min(this.range[1], Math.max(this.range[0], seconds));
    const span = (from, to, y, height, colour) => { if (to >= this.range[0] && from <= this.range[1]) sheet.box(x(clip(from)), y, Math.max(1, x(clip(to)) - x(clip(from))), height, colour); };
    const { called, done, returned } = server.recording.times(this.chosen[k]);
    span(called, done ?? returned, top - 4, floor - top + 4 + strip, sheet.colour("mark"));
    sheet.layer(this.range, () => this.drawStretch(sheet, k, x, span, { floor, strip, top }));
    if (server.end < this.range[1]) sheet.text("its record ends here", Math.max(LEFT + 4, x(clip(server.end)) + 6), floor - 10, sheet.colour("faint"));
    this.marks(sheet, x, k, top - 4, floor + strip);
  }

  drawStretch(sheet, k, x, span, { floor, strip, top }) {
    const server = this.servers[k], { recording } = server, high = (n) => (n / this.most) * (floor - top);
    for (const n of ticks(0, this.most, 3)) {
      sheet.box(LEFT, floor - high(n), sheet.width - LEFT - RIGHT, 1, sheet.colour("line"));
      if (n > 0 && Number.isInteger(n)) sheet.text(n.toLocaleString("en"), LEFT - 6, floor - high(n), sheet.colour("faint"), "right");
    }
    sheet.text("its time", LEFT - 6, floor + strip / 2, sheet.colour("faint"), "right");
    const colours = Object.fromEntries([...ROLES, "cold", "looked", "ink", "faint"].map((name) => [name, sheet.colour(name)]));
    const first = server.at(this.range[0]), crowd = server.at(this.range[1]) - first > sheet.width * 2;
    if (crowd) this.drawCrowd(sheet, k, x, { floor, strip, high, colours });
    else for (let i = first; i < recording.length && recording.times(i).called <= this.range[1]; i++) {
      const time = recording.times(i), end = time.done ?? time.returned, apart = server.apart(i);
      const asleepTo = apart ? time.called + apart.asleep : time.returned;
      span(time.called, asleepTo, floor, strip, apart ? colours.cold : colours.faint);
      if (apart) span(asleepTo, time.returned, floor, strip, colours.looked);
      span(time.returned, end, floor, strip, colours.ink);
      const roles = rolesOf(recording, i);
      let y = floor;
      for (const role of Object.keys(roles)) { y -= high(roles[role]); span(time.returned, end, y, high(roles[role]), colours[role] ?? colours.faint); }
    }
    this.axis(sheet, x, this.range, floor + strip);
  }

  // More waits than pixels: of each pixel the longest ready list, and its time as shares.
  drawCrowd(sheet, k, x, { floor, strip, high, colours }) {
    for (const [at, column] of this.columns(k, this.range, x)) {
      sheet.box(at, floor - high(column.found), 1, high(column.found), colours.client);
      const parts = [["cold", column.asleep], ["looked", column.looked], ["faint", column.untold], ["ink", column.handled]];
      const sum = parts.reduce((all, [, part]) => all + part, 0) || 1;
      let y = floor;
      for (const [name, part] of parts) { sheet.box(at, y, 1, (part / sum) * strip, colours[name]); y += (part / sum) * strip; }
    }
  }

  // The waits of each pixel, added up.
  columns(k, range, x) {
    const server = this.servers[k], { recording } = server;
    const columns = new Map(), last = server.at(range[1]);
    for (let i = server.at(range[0]); i <= last; i++) {
      const { called, returned, done } = recording.times(i), at = Math.max(LEFT, Math.round(x(called))), look = server.looks[i], waited = returned - called;
      let column = columns.get(at);
      if (!column) columns.set(at, column = { found: 0, watched: 0, asleep: 0, looked: 0, untold: 0, handled: 0 });
      column.found = Math.max(column.found, recording.ready(i));
      column.watched = Math.max(column.watched, recording.watched(i));
      if (Number.isNaN(look)) column.untold += waited; else { column.looked += look; column.asleep += Math.max(0, waited - look); }
      column.handled += (done ?? returned) - returned;
    }
    return columns;
  }

  axis(sheet, x, range, y) {
    for (const at of ticks(...range, sheet.width / 110)) {
      sheet.box(x(at), y, 1, 4, sheet.colour("faint"));
      const words = duration(at, range[1] - range[0] < 0.01 ? range[1] - range[0] : 1);
      sheet.text(words, Math.min(x(at), sheet.width - 30), y + 10, sheet.colour("faint"), "center");
    }
  }

  marks(sheet, x, k, top, floor) {
    const moment = this.servers[k].middleOf(this.chosen[k]);
    if (moment >= this.range[0] || sheet === this.lanes[k].far) sheet.box(x(moment) - 0.75, top, 1.5, floor - top, sheet.colour("ink"));
    if (!this.brush) return;
    sheet.context.globalAlpha = 0.25;
    sheet.box(x(this.brush[0]), top, x(this.brush[1]) - x(this.brush[0]), floor - top, sheet.colour("ink"));
    sheet.context.globalAlpha = 1;
  }
}

export const KEY_OF_TIMES = [["cold", "asleep in the wait"], ["looked", "the kernel looks"], ["handled", "the server handles what was ready"], ["untold", "slept or looked: not told apart"]];

const scale = ([low, high], sheet) => (seconds) => LEFT + ((seconds - low) / (high - low || 1)) * (sheet.width - LEFT - RIGHT);

function maximum(length, value) {
  let most = 0;
  for (let i = 0; i < length; i++) most = Math.max(most, value(i));
  return most;
}

function rolesOf(recording, i) {
  const [first] = recording.span(i), roles = {};
  for (let n = 0; n < recording.ready(i); n++) {
    const { role } = recording.row(first + n);
    roles[role] = (roles[role] ?? 0) + 1;
  }
  return roles;
}
