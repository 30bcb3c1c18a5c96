// A saved run, played: its waits, its interest list as it was then and at the end, and its load test.
import { Inspector } from "./inspecting.js";
import { Lists } from "./lists.js";
import { Load } from "./load.js";
import { Player } from "./player.js";
import { element } from "./page.js";
import { eventNames } from "./recording.js";

// What a server's list of descriptors is called: poll() is handed it anew with each call.
const LIST = { poll: "Its array" };
const SLOWER = { 10: "10 times slower", 100: "100 times slower", 1000: "1,000 times slower", 10000: "10,000 times slower" };

function render({ model, el }) {
  el.classList.add("zh");
  const root = element("div", "zh-replay", el);
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", "A saved run");
  element("p", "zh-line-of-words", root).textContent = model.get("about");
  const bar = element("div", "", root), tabs = new Tabs(root), ends = [];
  const inspector = new Inspector(model, tabs.add("Ready lists")), { how } = inspector.servers[0].recording.meta, list = LIST[how] ?? "Interest list";
  const now = new Lists(tabs.add(`${list} then`)), player = playerOf(inspector, now, tabs, `${list} then`);
  bar.append(player.bar);
  player.listen(bar);
  ends.push(() => inspector.remove(), now.end);
  if (model.get("load")) {
    const load = new Load(tabs.add("Load test"));
    load.show(model.get("load"));
    ends.push(() => load.end());
  }
  const last = new Lists(tabs.add(`${list} at the end`));
  last.show(model.get("lists"));
  ends.push(last.end);
  el.player = player;
  el.inspector = inspector;
  tabs.choose(0);
  player.follow();
  return () => { player.pause(); ends.forEach((end) => end()); };
}
export default { render };

// Plays wait by wait, on the clock of the record. What takes long to write is written when it pauses.
function playerOf(inspector, now, tabs, then) {
  const { timeline, servers: [server] } = inspector;
  let slower = 1000, own = false;
  const player = new Player({
    last: server.end, label: "seconds since the first wait",
    step: (at, direction) => server.middleOf(Math.min(server.recording.length - 1, Math.max(0, server.at(at) + direction))),
    advance: (at, seconds) => at + seconds / slower,
    draw: (at) => {
      own = true;
      const i = server.at(at), isMoving = player.playing && at < player.last;
      if (isMoving) inspector.moveTo(i); else if (timeline.chosen[0] !== i || inspector.isBehind) timeline.pick(0, i);
      if (tabs.is(then)) now.show(listThen(server.recording, i));
      own = false;
    },
  });
  const pause = player.pause.bind(player);
  player.pause = () => { const was = player.playing; pause(); if (was) player.go(player.position); };
  player.follow = () => { player.position = server.middleOf(timeline.chosen[0]); player.slider.value = player.position; };
  inspector.onPick = () => { if (!own) { pause(); player.follow(); } };
  tabs.onChoose = () => { if (tabs.is(then)) now.show(listThen(server.recording, timeline.chosen[0])); };
  addSpeed(player.bar, (value) => { slower = value; });
  return player;
}

function addSpeed(bar, act) {
  const label = element("label", "zh-choice", bar), select = element("select", "zh-select", label);
  label.prepend("Speed ");
  for (const [value, words] of Object.entries(SLOWER)) select.append(new Option(words, value, false, value === "1000"));
  select.addEventListener("change", () => act(Number(select.value)));
}

function listThen(recording, i) {
  const list = recording.wholeListAt(i), wait = recording.wait(i), ready = new Map(wait.ready.map((entry) => [entry.fd, eventNames(entry.number)]));
  const at = `When wait ${wait.number.toLocaleString("en")} was called`;
  const head = ["fd", "in this wait", recording.meta.how === "poll" ? "poll() was handed it for" : "the program asked for", "whose", "other end", "recorded"];
  if (!list) return { words: `${at}, ${wait.watched.toLocaleString("en")} descriptors were watched. Which ones was not recorded.`, head, rows: [], changes: [], title: "" };
  const rows = [...list].map(([fd, item]) => [String(fd), ready.has(fd) ? `ready: ${ready.get(fd)}` : "nothing ready", eventNames(item.events), item.role, item.peer || "–", "yes"]);
  return { head, words: `${at}, ${list.size.toLocaleString("en")} descriptors were watched, and ${ready.size} of them were ready.`, rows, changes: [], title: "" };
}

class Tabs {
  constructor(parent) {
    this.list = element("div", "zh-tabs", parent);
    this.list.setAttribute("role", "tablist");
    Object.assign(this, { parent, tabs: [] });
  }

  add(name) {
    const tab = element("button", "zh-tab", this.list), panel = element("div", "zh-tab-panel", this.parent), n = this.tabs.length;
    Object.assign(tab, { type: "button", textContent: name, id: `zh-tab-${++Tabs.count}` });
    tab.setAttribute("role", "tab");
    panel.setAttribute("role", "tabpanel");
    panel.setAttribute("aria-labelledby", tab.id);
    tab.addEventListener("click", () => this.choose(n));
    tab.addEventListener("keydown", (event) => {
      const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!by) return;
      event.stopPropagation();
      this.choose((n + by + this.tabs.length) % this.tabs.length);
      this.tabs[this.chosen].tab.focus();
    });
    this.tabs.push({ name, tab, panel });
    return panel;
  }

  choose(n) {
    this.chosen = n;
    this.tabs.forEach(({ tab, panel }, other) => {
      panel.hidden = other !== n;
      tab.setAttribute("aria-selected", String(other === n));
      tab.tabIndex = other === n ? 0 : -1;
    });
    this.onChoose?.();
  }

  is(name) { return this.tabs[this.chosen]?.name === name; }
}
Tabs.count = 0;
