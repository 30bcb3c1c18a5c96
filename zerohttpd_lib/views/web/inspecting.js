// The waits of a server, or of two: a timeline, and what the wait that is picked was about. All of it is read from the
// record, here; no kernel is asked.
import { Waits } from "./waits.js";
import { button, drawAgain, element, keep, keyed, table } from "./page.js";
import { KEY_OF_TIMES, Timeline } from "./timeline.js";
import { Details } from "./details.js";
import { Recording } from "./recording.js";
import { lookedAt } from "./glance.js";

const FINDINGS = 8;

export class Inspector {
  constructor(model, parent) {
    Object.assign(this, { model, fd: null });
    this.root = element("div", "zh-inspector", parent);
    this.root.setAttribute("role", "group");
    this.servers = model.get("recordings").map((each, k) => new Waits(new Recording(each), model.get("looks")[k]));
    this.root.setAttribute("aria-label", `Waits of ${this.servers.map((each) => each.title).join(" and ")}`);
    const costs = model.get("costs");
    this.ends = [lookedAt(costs, this.root)];
    this.timeline = new Timeline(this.servers, this.root, () => this.picked());
    this.addBar();
    this.sides = element("div", "zh-details", this.root);
    this.details = this.servers.map((server, k) => new Details(server, k, this.sides, (k_, fd) => this.follow(k_, fd)));
    this.addFindings(model.get("findings"));
    this.addCosts(costs);
    element("p", "zh-note", this.root).textContent = model.get("note");
    this.servers.forEach((server, k) => { this.timeline.chosen[k] = this.positionOf(k, model.get("chosen")[k]); });
    this.timeline.closeTo(0);
    this.ends.push(drawAgain(this.timeline.root, () => this.timeline.draw()));
    this.listener = () => this.told();
    model.on("change:chosen", this.listener);
    this.picked();
  }

  positionOf(k, number) { return Math.min(this.servers[k].recording.length - 1, Math.max(0, number - this.servers[k].recording.meta.first)); }

  addBar() {
    const bar = element("div", "zh-bar", this.root), { timeline } = this;
    bar.setAttribute("role", "toolbar");
    bar.setAttribute("aria-label", "Which wait");
    button("◀ Before", "The wait before this one (left arrow)", bar, () => timeline.pick(0, timeline.chosen[0] - 1));
    button("Next ▶", "The wait after this one (right arrow)", bar, () => timeline.pick(0, timeline.chosen[0] + 1));
    button("Longest list", "The wait with most descriptors ready", bar, () => this.toLargest((recording, i) => recording.ready(i)));
    button("Longest work", "The wait that was handled longest", bar, () => this.toLargest((recording, i) => {
      const { done, returned } = recording.times(i);
      return done === null ? 0 : done - returned;
    }));
    const label = element("label", "zh-choice", bar);
    label.append(this.servers.length > 1 ? `Wait of ${this.servers[0].title} ` : "Wait ");
    this.number = element("input", "zh-field", label);
    Object.assign(this.number, { type: "number", min: this.servers[0].recording.number(0), max: this.servers[0].recording.number(this.servers[0].recording.length - 1) });
    this.number.addEventListener("change", () => timeline.pick(0, this.positionOf(0, Number(this.number.value))));
    this.number.addEventListener("keydown", (event) => event.stopPropagation());
    button("Closer", "Show a shorter stretch (+)", bar, () => timeline.zoom(0.5));
    button("Farther", "Show a longer stretch (−)", bar, () => timeline.zoom(2));
    button("Whole run", "Show all of it (Escape)", bar, () => timeline.show([0, timeline.last]));
    const key = element("p", "zh-key", this.root);
    for (const role of ["listener", "client", "redis"]) keyed(key, `zh-fill-${role}`, `${role} ready`);
    for (const [name, words] of KEY_OF_TIMES) keyed(key, `zh-${name}`, words);
    element("p", "zh-note", this.root).textContent = "Press a wait to pick it; drag over a stretch to come closer; arrow keys go from wait to wait.";
  }

  toLargest(value) {
    const { recording } = this.servers[0];
    let best = 0;
    for (let i = 1; i < recording.length; i++) if (value(recording, i) > value(recording, best)) best = i;
    this.timeline.pick(0, best);
  }

  addFindings(findings) {
    const box = element("section", "zh-findings", this.root);
    element("h4", "zh-title", box).textContent = findings.length ? `Warnings: ${findings.length}` : "Warnings: none. Nothing looks wrong here.";
    for (const { side, text, wait, fd } of findings.slice(0, FINDINGS)) {
      const line = element("p", "zh-finding", box);
      if (wait !== null) button(`Show wait ${wait.toLocaleString("en")}`, text, line, () => { this.timeline.pick(side, this.positionOf(side, wait)); if (fd !== null) this.follow(side, fd); });
      line.append(` ⚠ ${this.servers.length > 1 ? `${this.servers[side].title}: ` : ""}${text}`);
    }
  }

  addCosts(costs) {
    const names = costs[0].rows.map(([name]) => name);
    table(["Cost score", ...costs.map(({ title }) => title)], names.map((name, n) => [name, ...costs.map(({ rows }) => rows[n][1])]), this.root, 1);
  }

  follow(k, fd) { this.details[k].follow(fd, this.timeline.chosen[k]); }

  picked() {
    this.isBehind = false;
    this.timeline.draw();
    this.timeline.chosen.forEach((i, k) => this.details[k].show(i));
    this.number.value = this.servers[0].recording.number(this.timeline.chosen[0]);
    const numbers = this.timeline.chosen.map((i, k) => this.servers[k].recording.number(i));
    if (numbers.join() !== this.model.get("chosen").join()) keep(this.model, "chosen", numbers);
    this.onPick?.();
  }

  // While it plays: what takes long to write comes when it stands still.
  moveTo(i) {
    this.isBehind = true;
    this.timeline.chosen[0] = i;
    this.timeline.follow(this.servers[0].middleOf(i));
    this.timeline.draw();
    this.details[0].head.textContent = this.servers[0].said(i);
  }

  // Picked by the program.
  told() {
    const chosen = this.model.get("chosen").map((number, k) => this.positionOf(k, number));
    if (chosen.join() === this.timeline.chosen.join()) return;
    this.timeline.chosen = chosen;
    this.timeline.follow(this.servers[0].middleOf(chosen[0]));
    this.picked();
  }

  remove() {
    this.ends.forEach((end) => end());
    this.model.off("change:chosen", this.listener);
  }
}
