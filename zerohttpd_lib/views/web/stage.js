// The stage: clients, the kernel, and the process, as they were at one step of a recorded run.
// All that stands on it comes from the record: what was not recorded is not drawn.
import { Recording, apply, eventNames } from "./recording.js";
import { Player } from "./player.js";
import { element, onNewTheme } from "./page.js";

const NAMES = ["Ada", "Bob", "Cleo", "Dan", "Eve", "Finn", "Gia", "Hal", "Ida", "Jon", "Kim", "Leo", "Mia", "Ned", "Oda", "Pat"];
const AROUND = 40; // waits before and after, whose clients have a line of their own
const MOST_ROWS = 16;
const LONG = 1000; // microseconds that a call took: it has blocked
const PER_SECOND = { call: 3, event: 2, wait: 1.5 }; // steps, played
const SYSTEM_CALLS = { receive: "recv", send: "send", accept: "accept", connect: "connect", close: "close", "shut down": "shutdown",
  "set blocking": "fcntl", "get option": "getsockopt", "set option": "setsockopt" };

export function render({ model, el }) {
  el.classList.add("zh");
  const root = element("div", "zh-stage", el);
  root.tabIndex = 0;
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", "What the kernel told a server, step by step");
  const scenes = model.get("recordings").map((each) => new Scene(each, element("div", "zh-scene", root)));
  root.classList.toggle("zh-two", scenes.length > 1);
  const conductor = scenes.length > 1 ? new Clock(scenes) : new Steps(scenes[0]);
  const player = new Player({
    last: conductor.last, label: conductor.label, draw: (at) => conductor.show(at),
    step: (at, direction) => conductor.step(at, direction), advance: (at, seconds) => conductor.advance(at, seconds),
  });
  conductor.addChoices(player.bar);
  player.listen(root);
  root.prepend(player.bar);
  element("p", "zh-note", root).textContent = model.get("note");
  const look = () => { scenes.forEach((scene) => scene.readColours()); player.show(); };
  const themed = onNewTheme(look), sized = new ResizeObserver(look); // which is called, too, when it comes onto the page
  sized.observe(root);
  el.player = player;
  el.scenes = scenes;
  player.go(0);
  return () => { themed.disconnect(); sized.disconnect(); player.pause(); };
}
export default { render };

// One server: a position is the number of the wait, and how far its steps have come.
class Steps {
  constructor(scene) {
    Object.assign(this, { scene, last: scene.recording.length - 1e-6, unit: "call", rest: 0, speed: 1, label: "wait" });
  }

  // Which wait, and which of its steps.
  placeOf(position) {
    const i = Math.min(this.scene.recording.length - 1, Math.floor(position + 1e-9)), steps = this.scene.steps(i);
    return [i, Math.min(steps.length - 1, Math.max(0, Math.round((position - i) * steps.length)))];
  }

  show(position) { this.scene.show(...this.placeOf(position)); }

  step(position, direction) {
    let [i, n] = this.placeOf(position);
    do {
      n += direction;
      if (n >= this.scene.steps(i).length) {
        if (i + 1 >= this.scene.recording.length) return this.last;
        [i, n] = [i + 1, 0];
      } else if (n < 0) {
        if (i === 0) return 0;
        i -= 1;
        n = this.scene.steps(i).length - 1;
      }
    } while (!this.isStop(this.scene.steps(i)[n]));
    return i + n / this.scene.steps(i).length;
  }

  isStop(step) {
    if (this.unit === "wait") return step.kind === "returned";
    return this.unit === "call" || ["called", "returned", "turn"].includes(step.kind);
  }

  advance(position, seconds) {
    this.rest += seconds * PER_SECOND[this.unit] * this.speed;
    while (this.rest >= 1 && position < this.last) {
      this.rest -= 1;
      position = this.step(position, 1);
    }
    return position;
  }

  addChoices(bar) {
    choice(bar, "A step is", { call: "a system call", event: "an event", wait: "a wait" }, (unit) => { this.unit = unit; });
    choice(bar, "Speed", { 1: "×1", 3: "×3", 10: "×10", 30: "×30" }, (speed) => { this.speed = Number(speed); });
  }
}

// Two servers on one clock: a position is seconds since the first wait of each that was called.
class Clock {
  constructor(scenes) {
    const ends = scenes.map(({ recording }) => recording.times(recording.length - 1).returned);
    Object.assign(this, { scenes, last: Math.min(...ends), slower: 2000, label: "time since the first wait" });
  }

  show(seconds) { this.scenes.forEach((scene) => scene.show(...scene.stepAt(seconds), seconds)); }

  step(seconds, direction) {
    const moments = this.scenes.map((scene) => scene.momentBeside(seconds, direction)).filter((moment) => moment !== null);
    return moments.length ? Math[direction > 0 ? "min" : "max"](...moments) : seconds;
  }

  advance(seconds, passed) { return seconds + passed / this.slower; }

  addChoices(bar) {
    const names = { 500: "500 times slower", 2000: "2,000 times slower", 10000: "10,000 times slower" };
    choice(bar, "Speed", names, (slower) => { this.slower = Number(slower); }, "2000");
  }
}

function choice(bar, label, options, act, chosen) {
  const box = element("label", "zh-choice", bar), select = element("select", "zh-select", box);
  box.prepend(`${label} `);
  for (const [value, text] of Object.entries(options)) select.append(new Option(text, value, false, value === chosen));
  select.addEventListener("change", () => act(select.value));
}

// One server on the stage.
class Scene {
  constructor(data, box) {
    this.recording = new Recording(data);
    this.sources = data.meta.sources ?? {};
    this.names = new Map();
    this.memory = new Map();
    this.roles = new Map();
    const title = element("h4", "zh-title", box);
    title.textContent = data.meta.title;
    this.clock = element("span", "zh-at", title);
    this.sentence = element("p", "zh-sentence", box);
    this.sentence.setAttribute("aria-live", "polite");
    const columns = element("div", "zh-columns", box);
    this.clients = part(columns, "Clients");
    this.kernel = part(columns, "Kernel");
    this.process = part(columns, "Process");
    this.interestWords = element("div", "zh-words", this.kernel);
    this.cells = element("canvas", "zh-cells", this.kernel);
    this.readyWords = element("div", "zh-words", this.kernel);
    this.readyList = element("ol", "zh-ready", this.kernel);
    this.status = element("div", "zh-status", this.process);
    this.source = element("pre", "zh-source", this.process);
    this.redis = element("div", "zh-words", this.process);
    this.waitName = data.meta.how === "poll" ? "poll()" : "epoll_wait()";
    this.readColours();
  }

  readColours() {
    const style = getComputedStyle(this.cells), of = (name) => style.getPropertyValue(`--zh-${name}`).trim();
    this.colours = { client: of("client"), redis: of("redis"), listener: of("listener"), silent: of("cold"), ready: of("ink") };
  }

  wait(i) {
    if (!this.memory.has(i)) {
      if (this.memory.size > 400) this.memory.clear();
      this.memory.set(i, this.recording.wait(i));
    }
    return this.memory.get(i);
  }

  // The wait is called, it returns, and then one act after the other.
  steps(i) { return [{ kind: "called" }, { kind: "returned" }, ...this.wait(i).acts]; }

  // On the clock: acts have no time of their own in the record, and share the time of handling evenly.
  moments(i) {
    const { called, returned, done } = this.recording.times(i), acts = this.wait(i).acts.length;
    const each = ((done ?? returned) - returned) / (acts + 1);
    return [called, returned, ...Array.from({ length: acts }, (_, n) => returned + (n + 1) * each)];
  }

  waitAt(seconds) {
    let low = 0, high = this.recording.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.recording.times(middle).called <= seconds) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  stepAt(seconds) {
    const i = this.waitAt(seconds);
    return [i, Math.max(0, this.moments(i).filter((moment) => moment <= seconds).length - 1)];
  }

  momentBeside(seconds, direction) {
    const i = this.waitAt(seconds);
    const near = [i - 1, i, i + 1].filter((n) => n >= 0 && n < this.recording.length).flatMap((n) => this.moments(n));
    const beside = near.filter((moment) => (moment - seconds) * direction > 1e-9);
    return beside.length ? (direction > 0 ? Math.min(...beside) : Math.max(...beside)) : null;
  }

  show(i, n, seconds) {
    const wait = this.wait(i), step = this.steps(i)[n], acts = wait.acts.slice(0, Math.max(0, n - 1));
    const list = this.recording.listAt(i);
    if (list) this.learn(list, wait);
    const before = list && new Map(list); // this step: who is forgotten by it still has a name
    if (list) acts.forEach((act, n) => { if (n < acts.length - 1) apply(before, act); apply(list, act); });
    const turn = acts.findLast((act) => act.kind === "turn");
    const handled = turn ? turn.index : -1;
    const now = turn && turn.index < wait.ready.length ? wait.ready[turn.index] : null;
    const scene = { i, wait, step, list, before, acts, handled, now, asleep: n === 0, blocked: (step.took ?? 0) >= LONG };
    this.clock.textContent = seconds === undefined ? ` wait ${wait.number.toLocaleString("en")}`
      : ` ${(seconds * 1000).toFixed(3)} ms, wait ${wait.number.toLocaleString("en")}`;
    this.sentence.textContent = this.inWords(scene);
    this.sentence.classList.toggle("zh-blocked", scene.blocked);
    this.drawClients(scene);
    this.drawKernel(scene);
    this.drawProcess(scene);
    this.shown = scene;
  }

  // What a server says of a descriptor when it is ready is better than what it said when it was new.
  learn(list, wait) {
    for (const { fd, role } of wait.ready) this.roles.set(fd, { role, peer: list.get(fd)?.peer });
    for (const [fd, item] of list) {
      const known = this.roles.get(fd);
      if (known && known.peer === item.peer) list.set(fd, { ...item, role: known.role });
    }
  }

  // Who is who. In a load test each client has an address of its own, and keeps it; else a port tells them apart.

  keyOf(peer) {
    const host = peer.replace(/:\d+$/, "");
    return host === "127.0.0.1" || host.startsWith("[") ? peer : host;
  }

  nameOf(peer) {
    const key = this.keyOf(peer);
    if (!this.names.has(key)) this.names.set(key, this.recording.meta.visitors?.[peer] ?? NAMES[this.names.size] ?? `client ${this.names.size + 1}`);
    return this.names.get(key);
  }

  isNamed(item) { return item.role === "client" && item.peer !== "" && this.names.has(this.keyOf(item.peer)); }

  who(fd, role, list) {
    const peer = list?.get(fd)?.peer;
    if (role === "client") return peer ? `${this.nameOf(peer)}'s socket, fd ${fd}` : `a client's socket, fd ${fd}`;
    return { listener: "the listening socket", redis: `a Redis connection, fd ${fd}` }[role] ?? `${role}, fd ${fd}`;
  }

  inWords({ wait, step, list, before, blocked }) {
    const call = wait.watched.toLocaleString("en"), us = (wait.returned - wait.called) * 1e6;
    const how = this.waitName, list_ = this.recording.meta.how === "poll" ? "its array" : "the interest list";
    if (step.kind === "called") return `The server calls ${how}. ${call} descriptors are watched. If none of them is ready, it may sleep.`;
    if (step.kind === "returned") {
      const ready = wait.ready.length;
      return `${how} returns after ${us.toFixed(us < 10 ? 1 : 0)} µs: ${ready === 0 ? "nobody is" : `${ready.toLocaleString("en")} ${ready === 1 ? "is" : "are"}`} ready.` +
        (wait.turnsAreKnown || !ready ? "" : " What the server did for each was not recorded.");
    }
    if (step.kind === "turn") {
      const entry = wait.ready[step.index];
      if (!entry) return "It has come to the end of the list.";
      return `The server turns to ${this.who(entry.fd, entry.role, list)}: ${eventNames(entry.number)}.` + (entry.step ? ` It was to call or to do: ${entry.step}.` : "");
    }
    const whom = this.who(step.fd, step.role, before);
    if (step.kind === "watch") return `It puts ${whom} on ${list_}, for ${eventNames(step.number)}.`;
    if (step.kind === "modify") return `It changes what ${whom} is watched for: ${eventNames(step.number)}.`;
    if (step.kind === "forget") return `It takes ${whom} off ${list_}.`;
    const came = step.problem || { receive: step.count ? `${step.count.toLocaleString("en")} bytes${step.full ? ", perhaps not all" : ""}` : "the end of input",
      send: `${step.count.toLocaleString("en")} bytes`, accept: `a new client, fd ${step.count}` }[step.name] || "done";
    const said = `${SYSTEM_CALLS[step.name]}() on ${whom}: ${came}.`;
    return blocked ? `${said} It took ${(step.took / 1000).toFixed(0)} ms. Until then nobody else was served.` : said;
  }

  // Clients: those about whom there is something to tell around this wait.

  rows(i) {
    const from = Math.max(0, i - (i % AROUND) - AROUND), to = Math.min(this.recording.length, from + 3 * AROUND);
    if (this.rowsFrom === from) return this.rowsKept;
    const peers = new Set(), list = this.recording.listAt(from) ?? new Map();
    for (let w = from; w < to; w++) {
      const told = this.wait(w).acts.filter((act) => act.kind === "call" && act.role === "client" && act.name !== "close");
      for (const { fd, role } of [...this.wait(w).ready, ...told]) {
        if (role === "client" && list.get(fd)?.peer) peers.add(this.nameOf(list.get(fd).peer));
      }
      this.wait(w).acts.forEach((act) => apply(list, act));
    }
    this.rowsFrom = from;
    this.rowsKept = [...this.names.values()].filter((name) => peers.has(name)).slice(0, MOST_ROWS);
    return this.rowsKept;
  }

  drawClients({ i, wait, list, handled, now, asleep, blocked }) {
    const names = this.rows(i);
    const waiting = new Map(asleep ? [] : wait.ready.slice(Math.max(0, handled) + (now ? 1 : 0)).map((entry) => [entry.fd, entry]));
    const here = new Map();
    for (const [fd, item] of list ?? []) if (this.isNamed(item)) here.set(this.nameOf(item.peer), fd);
    const lines = names.map((name) => {
      const fd = here.get(name), entry = waiting.get(fd), served = now && now.role === "client" && now.fd === fd;
      const words = fd === undefined ? "not watched" : served ? "is served now" : entry ? `${eventNames(entry.number)}: waits for its turn` : "nothing ready on it";
      const state = fd === undefined ? "zh-away" : served ? "zh-served" : entry ? (blocked ? "zh-stuck" : "zh-waiting") : "";
      return `<div class="zh-client ${state}"><b>${name}</b>${fd === undefined ? "" : ` <span>fd ${fd}</span>`}<br><span>${words}</span></div>`;
    });
    const silent = [...(list ?? [])].filter(([, item]) => item.role === "client" && !this.isNamed(item)).length;
    if (silent) lines.push(`<div class="zh-client zh-away"><b>${silent.toLocaleString("en")} others</b><br><span>watched as well</span></div>`);
    fill(this.clients, lines.join("") || '<span class="zh-words">Who was there was not recorded.</span>');
  }

  drawKernel({ wait, list, handled, asleep, blocked }) {
    this.interestWords.textContent = list ? `Interest list: ${list.size.toLocaleString("en")}` : `Interest list: ${wait.watched.toLocaleString("en")}. Which ones was not recorded.`;
    const ready = asleep ? [] : wait.ready;
    const left = ready.length - Math.max(0, handled);
    this.readyWords.textContent = asleep ? "Ready list: the server sees it when the wait returns" : `Ready list as it was handed over: ${ready.length}, ${Math.max(0, left)} left`;
    this.drawCells(list, new Set(ready.slice(Math.max(0, handled)).map((entry) => entry.fd)));
    const start = Math.max(0, Math.min(handled - 2, ready.length - 12));
    fill(this.readyList, ready.slice(start, start + 12).map((entry, n) => {
      const at = start + n, state = at < handled ? "zh-over" : at === handled ? `zh-now${blocked ? " zh-stuck" : ""}` : "";
      return `<li class="${state} zh-is-${entry.role}" value="${at + 1}">fd ${entry.fd} <b>${entry.role}</b> ${eventNames(entry.number)}</li>`;
    }).join("") + (ready.length > start + 12 ? `<li class="zh-more">and ${ready.length - start - 12} more</li>` : ""));
  }

  drawCells(list, ready) {
    const fds = [...(list ?? [])], width = this.kernel.clientWidth - 4;
    const size = fds.length > 3000 ? 3 : fds.length > 400 ? 5 : 9, columns = Math.max(1, Math.floor(width / size));
    const high = Math.max(size, Math.ceil(fds.length / columns) * size), ratio = window.devicePixelRatio || 1;
    if (this.cells.width !== columns * size * ratio || this.cells.height !== high * ratio) {
      Object.assign(this.cells, { width: columns * size * ratio, height: high * ratio });
      Object.assign(this.cells.style, { width: `${columns * size}px`, height: `${high}px` });
    }
    const context = this.cells.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, columns * size, high);
    fds.forEach(([fd, item], n) => {
      const silent = item.role === "client" && !this.isNamed(item);
      context.fillStyle = ready.has(fd) ? this.colours.ready : this.colours[silent ? "silent" : item.role] ?? this.colours.silent;
      context.fillRect((n % columns) * size, Math.floor(n / columns) * size, size - 1, size - 1);
    });
  }

  drawProcess({ wait, step, list, now, asleep, blocked }) {
    const source = asleep || step.kind === "returned" ? this.sources.wait : this.sources[now?.step] ?? this.sources[now?.role] ?? null;
    this.status.className = `zh-status ${asleep ? "zh-asleep" : blocked ? "zh-stuck" : "zh-running"}`;
    this.status.textContent = asleep ? `In ${this.waitName}` : blocked ? `In ${SYSTEM_CALLS[step.name]}(), for ${(step.took / 1000).toFixed(0)} ms` : source ? `Runs ${source.name}` : "Runs";
    const words = step.kind === "call" ? step.name.split(" ")[0] : { called: "poll\\(|wait\\(", returned: "poll\\(|wait\\(", turn: "" }[step.kind] ?? step.kind;
    const pattern = new RegExp(words ? `\\.\\w*(${words})` : "^def ");
    const lit = source ? source.lines.findIndex((line) => pattern.test(line)) : -1;
    fill(this.source, source ? source.lines.map((line, n) => `<div class="${n === lit ? "zh-lit" : ""}">${escape(line) || " "}</div>`).join("") : "");
    if (lit >= 0) this.source.scrollTop = Math.max(0, this.source.children[lit].offsetTop - this.source.clientHeight / 2);
    const redis = [...(list ?? [])].filter(([, item]) => item.role === "redis").map(([fd]) => fd);
    this.redis.textContent = list ? `Redis connections: ${redis.length ? redis.slice(0, 12).map((fd) => `fd ${fd}`).join(", ") : "none"}${redis.length > 12 ? " …" : ""}` : "";
  }
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
