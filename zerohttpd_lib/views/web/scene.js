// One server on the stage, at one step of one of its waits. All that stands here comes from the record: what was not
// recorded is not drawn.
import { Recording, apply, eventNames } from "./recording.js";
import { Cells } from "./cells.js";
import { inWords, isBlocked, outcome } from "./words.js";
import { element } from "./page.js";

const AROUND = 40; // waits, whose clients have a line where there are too many for all
const MOST_ROWS = 10;
const MOST_READY = 10;
const AT_ONCE = 1000; // microseconds: a wait that was shorter has found somebody ready
const KEY = [["client", "client"], ["silent", "silent, others"], ["redis", "Redis"], ["listener", "listening"], ["looked", "looked at"], ["ready", "ready"]];

export class Scene {
  constructor(data, box) {
    const title = element("h4", "zh-title", box);
    title.textContent = data.meta.title;
    this.clock = element("span", "zh-at", title);
    this.sentence = element("p", "zh-sentence", box);
    this.sentence.setAttribute("aria-live", "polite");
    const columns = element("div", "zh-columns", box), poll = data.meta.how === "poll";
    [this.clients, this.kernel, this.process] = ["Clients", "Kernel", "Process"].map((name) => part(columns, name));
    this.waitName = poll ? "poll()" : "epoll_wait()";
    this.addKernel(poll);
    this.status = element("div", "zh-status", this.process);
    if (poll) this.addCells(this.process);
    this.source = element("pre", "zh-source", this.process);
    this.source.tabIndex = 0; // it may have to be scrolled
    this.source.setAttribute("role", "group");
    this.source.setAttribute("aria-label", "The method that runs");
    this.redis = element("div", "zh-redis", this.process);
    this.live = null;
    this.take(data);
  }

  addKernel(poll) {
    this.queue = element("div", "zh-line", this.kernel);
    if (!poll) this.addCells(this.kernel);
    else element("div", "zh-words", this.kernel).textContent = "Between two calls of poll() the kernel keeps no list.";
    this.lookedWords = element("div", "zh-line", this.kernel);
    this.looked = element("div", "zh-looks", element("div", "zh-bar-of", this.kernel));
    this.sofar = element("div", "zh-words zh-line", this.kernel);
    this.readyWords = element("div", "zh-line zh-over-list", this.kernel);
    this.progress = element("div", "zh-line zh-words", this.kernel);
    this.readyList = element("ol", "zh-ready", this.kernel);
  }

  addCells(parent) {
    this.interestWords = element("div", "zh-line", parent);
    this.canvas = element("canvas", "zh-cells", parent);
    const key = element("p", "zh-key", parent);
    key.innerHTML = KEY.map(([name, words]) => `<span><i class="zh-k-${name}"></i>${words}</span>`).join(" ");
  }

  // A record, or what a live one has come to. Who has a name keeps it.
  take(data) {
    this.recording = new Recording(data, this.recording?.names);
    this.sources = data.meta.sources ?? {};
    this.methods = data.meta.methods ?? {};
    this.cells = new Cells(this.canvas, this.recording);
    this.rowsFrom = undefined;
    this.measure();
  }

  measure() {
    const style = getComputedStyle(this.canvas), of = (name) => style.getPropertyValue(`--zh-${name}`).trim();
    this.colours = { client: of("client"), redis: of("redis"), listener: of("listener"), silent: of("cold"), ready: of("ink"), looked: of("looked") };
    this.cells.measure(Math.max(60, this.canvas.parentElement.clientWidth));
    const rows = Math.min(MOST_ROWS, Math.max(this.recording.names.size, this.live?.visitors?.length ?? 0)) + 1;
    this.clients.style.minHeight = `${rows * 3}em`;
  }

  // The wait is called, it returns, and then one act after the other.
  steps(i) {
    const wait = this.recording.wait(i), steps = [{ kind: "called" }, { kind: "returned" }, ...wait.acts];
    if (wait.done !== null || i + 1 < this.recording.length) return steps;
    if (this.live?.stuck) steps.push({ kind: "stuck", took: 1e6, ...this.live.stuck });
    else if (!this.live) steps.push({ kind: "cut" });
    return steps;
  }

  show(i, n, seconds) {
    const wait = this.recording.wait(i), step = this.steps(i)[n], acts = wait.acts.slice(0, Math.max(0, n - 1));
    const list = this.recording.listAt(i);
    if (list) this.learn(list, wait);
    const gone = list && step.kind === "forget" ? new Map(list) : null; // by this step, and it still has a name
    if (list) acts.forEach((act, at) => { if (gone && at < acts.length - 1) apply(gone, act); apply(list, act); });
    const turn = acts.findLast((act) => act.kind === "turn"), handled = turn ? turn.index : -1;
    const now = turn && turn.index < wait.ready.length ? wait.ready[turn.index] : null;
    const scene = { i, wait, step, list: gone ?? list, acts, handled, now, asleep: n === 0, blocked: isBlocked(step), waitName: this.waitName };
    this.clock.textContent = ` ${seconds === undefined ? "" : `${(seconds * 1000).toFixed(3)} ms, `}wait no. ${wait.number.toLocaleString("en")}`;
    this.sentence.textContent = inWords(this.recording, scene);
    this.sentence.classList.toggle("zh-blocked", scene.blocked);
    this.shown = { ...scene, list };
    this.drawClients(this.shown);
    this.drawKernel(this.shown);
    this.drawProcess(this.shown);
  }

  // What a server says of a descriptor when it is ready is better than what it said when it was new.
  learn(list, wait) {
    for (const { fd, role } of wait.ready) {
      const item = list.get(fd);
      if (item && item.role !== role) list.set(fd, { ...item, role });
    }
  }

  // Clients: all who ever have something to say; where these are many, those who do so around this wait.

  rows(i) {
    const { recording } = this;
    if (this.live?.visitors?.length) return this.live.visitors.map(({ name }) => name);
    if (recording.names.size <= MOST_ROWS) return [...recording.names.values()];
    const from = i - (i % AROUND);
    if (this.rowsFrom === from) return this.rowsKept;
    const here = new Set(), list = recording.listAt(from) ?? new Map();
    for (let w = from; w < Math.min(recording.length, from + AROUND); w++) {
      for (const { fd, role } of recording.wait(w).ready) if (role === "client" && list.get(fd)?.peer) here.add(recording.nameOf(list.get(fd).peer));
      recording.wait(w).acts.forEach((act) => apply(list, act));
    }
    this.rowsFrom = from;
    this.rowsKept = [...recording.names.values()].filter((name) => here.has(name)).slice(0, MOST_ROWS);
    return this.rowsKept;
  }

  drawClients(scene) {
    const { recording } = this, whose = new Map(), redis = new Map();
    for (const [fd, item] of scene.list ?? []) {
      if (recording.isNamed(item)) whose.set(recording.nameOf(item.peer), fd);
      if (item.owner) redis.set(recording.nameOf(item.owner), fd);
    }
    const waiting = new Map(scene.asleep ? [] : scene.wait.ready.slice(Math.max(0, scene.handled) + (scene.now ? 1 : 0)).map((entry) => [entry.fd, entry]));
    const late = scene.blocked ? this.readyBehind(scene.i) : new Set();
    const visitors = new Map((this.live?.visitors ?? []).map((each) => [each.name, each]));
    const lines = this.rows(scene.i).map((name) => {
      const [state, words] = this.stateOf(scene, { fd: whose.get(name), redis: redis.get(name), waiting, late, visitor: visitors.get(name) });
      const fd = whose.get(name) === undefined ? "" : ` <span>fd ${whose.get(name)}</span>`;
      return `<div class="zh-client ${state}" title="${escape(words)}"><b>${escape(name)}</b>${fd}<br><span>${escape(words)}</span></div>`;
    });
    const [silent, nameless] = this.others(scene.list), others = `${(silent + nameless).toLocaleString("en")} ${nameless ? "others" : "silent"}`;
    if (silent + nameless) lines.push(`<div class="zh-client zh-away"><b>${others}</b><br><span>watched as well</span></div>`);
    fill(this.clients, lines.join("") || '<span class="zh-words">Who was there was not recorded.</span>');
  }

  // Who became ready while wait number i was handled: the next one had no need to sleep.
  readyBehind(i) {
    const { recording } = this, next = i + 1 < recording.length ? recording.times(i + 1) : null;
    const atOnce = next && (next.returned - next.called) * 1e6 < AT_ONCE;
    return new Set(atOnce ? recording.wait(i + 1).ready.map((entry) => entry.fd) : []);
  }

  // How many clients never have anything to say, and of how many it was not recorded who they are.
  others(list) {
    if (!list) return [0, 0];
    let silent = 0, nameless = 0;
    for (const item of this.recording.still.values()) if (item.role === "client") silent++;
    for (const item of list.values()) if (item.role === "client" && !this.recording.isNamed(item)) nameless++;
    return [silent, nameless];
  }

  stateOf({ now, acts, blocked, handled, asleep, step }, { fd, redis, waiting, late, visitor }) {
    const held = blocked || this.live?.stuck;
    if (visitor && held && (visitor.waits || waiting.has(fd)) && step.fd !== fd) return ["zh-stuck", `${visitor.state}: held up by this`];
    if (fd === undefined) return ["zh-away", visitor ? visitor.answer || visitor.state : "not watched"];
    const isServed = step.kind === "call" && step.fd === fd && ["receive", "send"].includes(step.name);
    if (now && (now.fd === fd || now.fd === redis || isServed) && !asleep) {
      const turn = acts.slice(acts.findLastIndex((act) => act.kind === "turn"));
      const call = turn.findLast((act) => act.kind === "call" && (act.fd === fd || act.fd === redis) && ["receive", "send"].includes(act.name));
      const words = !call ? (now.fd === fd ? `its turn: ${eventNames(now.number)}` : "its turn: Redis") : `${call.fd === redis ? "Redis, " : ""}${call.system}: ${outcome(call)}`;
      return [held && step.fd === fd ? "zh-stuck zh-served" : "zh-served", words];
    }
    const entry = waiting.get(fd) ?? waiting.get(redis);
    if (entry) return held ? ["zh-stuck", `${eventNames(entry.number)}: held up by this`] : ["zh-waiting", `${entry.fd === redis ? "Redis" : eventNames(entry.number)}: waits for its turn`];
    if (late.has(fd)) return ["zh-stuck", "ready, and held up"];
    if (redis !== undefined) return ["zh-asks", `waits for Redis, fd ${redis}`];
    return ["", visitor ? visitor.answer || visitor.state : "nothing ready on it"];
  }

  drawKernel({ i, wait, list, acts, handled, now, asleep, blocked }) {
    const { recording } = this, poll = recording.meta.how === "poll", ready = asleep ? [] : wait.ready;
    const all = list ? list.size + recording.still.size : wait.watched, whole = poll ? "Its array" : "Interest list";
    this.interestWords.textContent = list ? `${whole}: ${all.toLocaleString("en")}` : `${whole}: ${all.toLocaleString("en")}. Which ones was not recorded.`;
    this.queue.textContent = `Accept queue: ${queueWords(ready, acts)}`;
    const looks = poll ? wait.watched : wait.ready.length;
    this.lookedWords.textContent = asleep ? "Looks …" : `Looked at ${looks.toLocaleString("en")}, found ${wait.ready.length.toLocaleString("en")}`;
    this.looked.style.width = asleep ? "0" : `max(3px, ${(100 * looks) / Math.max(1, this.scale ?? recording.mostWatched)}%)`;
    const upTo = asleep ? i : i + 1;
    this.sofar.textContent = `So far: ${recording.lookedAt[upTo].toLocaleString("en")}, found ${recording.found[upTo].toLocaleString("en")}`;
    this.readyWords.textContent = `${poll ? "Marked as ready" : "Ready list"}: ${asleep ? "not yet" : ready.length}`;
    this.progress.textContent = asleep || !wait.inOrder ? "" : progress(handled, ready.length);
    const start = Math.max(0, Math.min(handled - 2, ready.length - MOST_READY));
    fill(this.readyList, ready.slice(start, start + MOST_READY).map((entry, n) => {
      const at = start + n, state = at < handled ? "zh-over" : at === handled ? `zh-now${blocked ? " zh-stuck" : ""}` : "";
      const owner = list?.get(entry.fd), whom = owner?.peer && recording.isNamed(owner) ? recording.nameOf(owner.peer) : owner?.owner ? `for ${recording.nameOf(owner.owner)}` : "";
      return `<li class="${state} zh-is-${entry.role}">fd ${entry.fd} <b>${entry.role}</b> ${escape(whom)} ${eventNames(entry.number)} <span>${escape(entry.step)}</span></li>`;
    }).join("") + (ready.length > start + MOST_READY ? `<li class="zh-more">and ${ready.length - start - MOST_READY} more</li>` : ""));
    const waiting = new Set(ready.slice(Math.max(0, handled)).map((entry) => entry.fd)), sweeps = poll && handled < 0 && !now && acts.length === 0;
    const { colours } = this, plain = (item) => colours[item.role === "client" && !recording.isNamed(item) ? "silent" : item.role] ?? colours.silent;
    const of = sweeps ? () => colours.looked : plain;
    this.cells.draw(list ?? new Map(), (item, fd) => (waiting.has(fd) ? colours.ready : of(item)), of, `${sweeps} ${colours.silent}`);
  }

  // The line that made a call was recorded; before a call there is the method that the server said it would call.
  placeOf({ step, now, asleep }) {
    if (step.at?.includes("+")) {
      const [name, lines] = step.at.split("+");
      return [this.sources[name], Number(lines)];
    }
    const isWait = asleep || step.kind === "returned";
    const source = this.sources[isWait ? this.methods.wait : this.methods[now?.step] ?? this.methods[now?.role]];
    return [source, source ? (isWait ? source.lines.findIndex((line) => /\.\w*(poll|wait)\(/.test(line)) : step.kind === "turn" ? 0 : -1) : -1];
  }

  // The lit line in the middle, and a whole line at the top.
  scrollTo(lit) {
    const lines = [...this.source.children], high = this.source.clientHeight / 2;
    const first = lines.find((line) => line.offsetTop >= lines[lit].offsetTop - high);
    this.source.scrollTop = first.offsetTop;
  }

  drawProcess(scene) {
    const { step, list, asleep, blocked } = scene, [source, lit] = this.placeOf(scene);
    this.status.className = `zh-status ${asleep ? "zh-asleep" : blocked ? "zh-stuck" : "zh-running"}`;
    const took = step.kind === "stuck" ? `Stuck in ${step.system}()` : `In ${step.system}(), for ${((step.took ?? 0) / 1000).toFixed(0)} ms`;
    this.status.textContent = asleep ? `In ${this.waitName}` : blocked ? took : source ? `Runs ${source.name}` : "Runs";
    fill(this.source, source ? source.lines.map((line, n) => `<div class="${n === lit ? "zh-lit" : ""}">${escape(line) || " "}</div>`).join("") : "");
    if (lit >= 0 && source) this.scrollTo(lit);
    const redis = [...(list ?? []), ...this.recording.still].filter(([, item]) => item.role === "redis");
    const shown = redis.slice(0, 8).map(([fd, item]) => `<span class="zh-is-redis"><b>fd ${fd}</b>${item.owner ? ` for ${escape(this.recording.nameOf(item.owner))}` : ""}</span>`);
    fill(this.redis, list ? `Redis connections: ${shown.join(", ") || "none"}${redis.length > 8 ? ` and ${redis.length - 8} more` : ""}` : "");
  }
}

// Of so many, the server has turned to number `handled` (from 0 on; less: to none yet).
function progress(handled, of) {
  const done = Math.min(Math.max(0, handled), of), now = handled >= 0 && handled < of;
  return [done ? `${done} done` : "", now ? "1 at work" : "", done + now < of ? `${of - done - now} to go` : ""].filter(Boolean).join(", ");
}

function queueWords(ready, acts) {
  const accepts = acts.filter((act) => act.kind === "call" && act.name === "accept");
  if (accepts.length) return accepts.at(-1).problem === "EAGAIN" ? "empty now" : `${accepts.filter((act) => !act.problem).length} taken from it`;
  return ready.some((entry) => entry.role === "listener") ? "somebody is in it" : "nobody reported";
}

function part(parent, name) {
  const box = element("section", "zh-part", parent);
  element("h5", "zh-part-name", box).textContent = name;
  return element("div", "zh-part-body", box);
}

// Set only what is new: a browser lays out again whatever is set.
function fill(box, markup) {
  if (box.markup !== markup) {
    box.innerHTML = markup;
    box.markup = markup;
  }
}

const escape = (text) => text.replace(/[&<>"]/g, (sign) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[sign]);
