// The stage: one server, step by step; or two of them, on one clock. With `live` it shows a server that is running, and
// a step beyond the end of the record is one that the server is asked to do.
import { Scene } from "./scene.js";
import { Player } from "./player.js";
import { onKernelsEnd } from "./kernel.js";
import { element, onNewTheme } from "./page.js";

const PER_SECOND = { call: 3, event: 2, wait: 1.5 }; // steps, played
const UNITS = { call: "a system call", event: "an event", wait: "a wait" };
const SLOWER = [10, 100, 500, 2000, 10000];
const A_WAIT = 0.5; // seconds, played: what the first choice of speed makes of a wait

function render({ model, el }) {
  el.classList.add("zh");
  const root = element("div", "zh-stage", el);
  root.tabIndex = 0;
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", "What the kernel told a server, step by step");
  const scenes = model.get("recordings").map((each) => new Scene(each, element("div", "zh-scene", root)));
  root.classList.toggle("zh-two", scenes.length > 1);
  const starts = model.get("starts") ?? scenes.map(() => 0);
  const conductor = scenes.length > 1 ? new Clock(scenes, starts) : new Steps(scenes[0], model);
  const player = new Player({
    last: conductor.last, label: conductor.label, draw: (at) => conductor.show(at), isEndless: () => conductor.isLive,
    step: (at, direction) => conductor.step(at, direction), advance: (at, seconds) => conductor.advance(at, seconds),
  });
  conductor.addChoices(player.bar);
  player.listen(root);
  root.prepend(player.bar);
  element("p", "zh-note", root).textContent = `${model.get("note")} Keys: space, ←, →, Home, End.`;
  const look = () => { scenes.forEach((scene) => scene.measure()); player.show(); };
  const themed = onNewTheme(look), sized = new ResizeObserver(look); // which is called, too, when it comes onto the page
  sized.observe(root);
  const renewed = () => {
    const wasAtEnd = player.position >= player.last - 1e-6 || conductor.asked;
    conductor.renew(model);
    if (player.playing && conductor.isLive && !scenes[0].live.held) player.pause(); // there is nothing to go on with
    player.setLast(conductor.last);
    player.go(wasAtEnd ? player.last : player.position);
  };
  model.on("change:recordings", renewed);
  const stop = onKernelsEnd(model, el, () => { conductor.hasEnded = true; });
  Object.assign(el, { player, scenes });
  player.go(conductor.isLive ? player.last : scenes.length > 1 ? 0 : starts[0]);
  return () => { stop(); model.off("change:recordings", renewed); themed.disconnect(); sized.disconnect(); player.pause(); };
}
export default { render };

const isStop = (unit, kind) => kind === "stuck" || kind === "cut" ||
  (unit === "wait" ? kind === "returned" : unit === "call" || ["called", "returned", "turn"].includes(kind));

// One server: a position is the number of the wait, and how far its steps have come.
class Steps {
  constructor(scene, model) {
    Object.assign(this, { scene, model, unit: "call", rest: 0, speed: 1, label: "wait" });
    this.renew(model);
  }

  get isLive() { return Boolean(this.scene.live) && !this.hasEnded; }

  // The record has become longer, and the server stands elsewhere.
  renew(model) {
    const recording = model.get("recordings")[0];
    this.scene.live = recording.meta.live ?? null;
    if (this.last !== undefined) this.scene.take(recording);
    this.last = Math.max(0, this.scene.recording.length - 1e-6);
    this.asked = false;
  }

  // Which wait, and which of its steps.
  placeOf(position) {
    const i = Math.min(this.scene.recording.length - 1, Math.floor(position + 1e-9)), steps = this.scene.steps(i);
    return [i, Math.min(steps.length - 1, Math.max(0, Math.round((position - i) * steps.length)))];
  }

  show(position) { if (this.scene.recording.length) this.scene.show(...this.placeOf(position)); }

  step(position, direction) {
    if (!this.isLive && !this.scene.recording.length) return position;
    let [i, n] = this.placeOf(position);
    if (direction > 0 && this.isLive && (i < 0 || (i + 1 >= this.scene.recording.length && n + 1 >= this.scene.steps(i).length))) return this.ask(position);
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
    } while (!isStop(this.unit, this.scene.steps(i)[n].kind));
    return i + n / this.scene.steps(i).length;
  }

  ask(position) {
    if (!this.asked) this.model.send({ step: this.unit });
    this.asked = true;
    return position;
  }

  advance(position, seconds) {
    this.rest += seconds * PER_SECOND[this.unit] * this.speed;
    while (this.rest >= 1 && (position < this.last || this.isLive)) {
      this.rest -= 1;
      position = this.step(position, 1);
      if (this.asked) this.rest = 0;
    }
    return position;
  }

  addChoices(bar) {
    choice(bar, "A step is", UNITS, (unit) => { this.unit = unit; });
    choice(bar, "Speed", { 1: "×1", 3: "×3", 10: "×10", 30: "×30" }, (speed) => { this.speed = Number(speed); });
  }
}

// Two servers on one clock: a position is seconds since the first wait of each that is shown was called.
class Clock {
  constructor(scenes, starts) {
    this.bases = scenes.map(({ recording }, k) => recording.times(starts[k]).called);
    const ends = scenes.map(({ recording }, k) => lastMoment(recording) - this.bases[k]);
    const waits = scenes[0].recording.length - starts[0], usual = (A_WAIT * waits) / Math.max(1e-6, ends[0]);
    this.slower = SLOWER.reduce((best, each) => (Math.abs(Math.log(each / usual)) < Math.abs(Math.log(best / usual)) ? each : best));
    Object.assign(this, { scenes, isLive: false, unit: "call", last: Math.min(...ends), label: "seconds since the first wait" });
    for (const scene of scenes) scene.scale = Math.max(...scenes.map(({ recording }) => recording.mostWatched));
  }

  renew() {}

  show(seconds) { this.scenes.forEach((scene, k) => scene.show(...stepAt(scene, seconds + this.bases[k]), seconds)); }

  step(seconds, direction) {
    const moments = this.scenes.map((scene, k) => momentBeside(scene, seconds + this.bases[k], direction, this.unit) - this.bases[k]);
    const beside = moments.filter(Number.isFinite);
    return beside.length ? Math[direction > 0 ? "min" : "max"](...beside) : seconds;
  }

  advance(seconds, passed) { return seconds + passed / this.slower; }

  addChoices(bar) {
    choice(bar, "A step is", UNITS, (unit) => { this.unit = unit; });
    const names = Object.fromEntries(SLOWER.map((slower) => [slower, `${slower.toLocaleString("en")} times slower`]));
    choice(bar, "Speed", names, (slower) => { this.slower = Number(slower); }, String(this.slower));
  }
}

function lastMoment(recording) {
  const { returned, done } = recording.times(recording.length - 1);
  return done ?? returned;
}

// When each step of a wait begins. A call that took long was timed; the others share what is left evenly.
function moments(scene, i) {
  const { called, returned, done } = scene.recording.times(i), steps = scene.steps(i).slice(2);
  const timed = steps.reduce((sum, step) => sum + (step.took ?? 0) / 1e6, 0);
  const each = Math.max(0, (done ?? returned) - returned - timed) / (steps.filter((step) => !step.took).length + 1);
  let at = returned + each;
  return [called, returned, ...steps.map((step) => { const begins = at; at += step.took ? step.took / 1e6 : each; return begins; })];
}

function waitAt(recording, seconds) {
  let low = 0, high = recording.length - 1;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (recording.times(middle).called <= seconds) low = middle;
    else high = middle - 1;
  }
  return low;
}

function stepAt(scene, seconds) {
  const i = waitAt(scene.recording, seconds + 1e-12);
  return [i, Math.max(0, moments(scene, i).filter((moment) => moment <= seconds + 1e-12).length - 1)];
}

function momentBeside(scene, seconds, direction, unit) {
  const { recording } = scene, i = waitAt(recording, seconds + 1e-12);
  const near = [i - 1, i, i + 1].filter((n) => n >= 0 && n < recording.length).flatMap((n) => {
    const steps = scene.steps(n);
    return moments(scene, n).filter((_, at) => isStop(unit, steps[at].kind));
  });
  const beside = near.filter((moment) => (moment - seconds) * direction > 1e-9);
  return beside.length ? Math[direction > 0 ? "min" : "max"](...beside) : NaN;
}

function choice(bar, label, options, act, chosen) {
  const box = element("label", "zh-choice", bar), select = element("select", "zh-select", box);
  box.prepend(`${label} `);
  for (const [value, text] of Object.entries(options)) select.append(new Option(text, value, false, value === chosen));
  select.addEventListener("change", () => act(select.value));
}
