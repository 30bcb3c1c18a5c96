// One wait of one server, in words and tables; and the history of a descriptor.
import { element, roleOf, table } from "./page.js";
import { counted, doneWords, passedIn, turnsOf } from "./acts.js";
import { eventNames } from "./recording.js";
import { livesOf } from "./history.js";

const SHOWN = 12; // rows; a ready list can have a thousand

export class Details {
  constructor(server, k, parent, onFollow) {
    Object.assign(this, { server, onFollow: (fd) => onFollow(k, fd) });
    this.box = element("section", "zh-detail", parent);
    this.head = element("h4", "zh-title", this.box);
    this.head.setAttribute("role", "status");
    this.body = element("div", "", this.box);
    this.history = element("div", "zh-history", this.box);
  }

  show(i) {
    const { server } = this, { recording } = server, wait = recording.wait(i), { how } = recording.meta;
    this.head.textContent = server.said(i);
    this.body.replaceChildren();
    this.say("Passed in. ", passedIn(how, wait.watched));
    const list = recording.wholeListAt(i);
    this.addList(list, wait.watched);
    const turns = turnsOf(wait);
    this.say(turns ? "Came back and was handled." : "Came back.", wait.ready.length ? "" : " Nothing was ready.");
    if (wait.ready.length) this.addReady(wait, turns, list, how);
    if (!turns) this.say("Was done. ", doneIn(wait.acts, how));
    if (this.fd === undefined || !wait.ready.some((entry) => entry.fd === this.fd)) this.fd = wait.ready[0]?.fd ?? this.fd;
    if (this.fd !== undefined) this.follow(this.fd, i);
  }

  say(lead, words) {
    const line = element("p", "zh-line-of-words", this.body);
    element("b", "", line).textContent = lead;
    line.append(words);
  }

  addList(list, watched) {
    const box = element("details", "", this.body), open = element("summary", "", box);
    if (!list) { open.textContent = `The list: not recorded. There were ${watched.toLocaleString("en")} on it.`; return; }
    const counts = {};
    for (const { role } of list.values()) counts[role] = (counts[role] ?? 0) + 1;
    open.textContent = `The list: ${Object.entries(counts).map(([role, n]) => counted(n, role)).join(", ") || "empty"}`;
    box.addEventListener("toggle", () => {
      if (!box.open || box.querySelector("table")) return;
      const rows = [...list].slice(0, SHOWN).map(([fd, item]) => [String(fd), eventNames(item.events), roleOf(item.role)]);
      if (list.size > SHOWN) rows.push([`… and ${(list.size - SHOWN).toLocaleString("en")} more`]);
      table(["fd", "asked for", "whose"], rows, box);
    });
  }

  addReady(wait, turns, list, how) {
    const rows = [];
    wait.ready.slice(0, SHOWN).forEach((entry, n) => {
      const choose = element("button", "zh-link");
      Object.assign(choose, { type: "button", textContent: String(entry.fd), title: `The history of fd ${entry.fd}` });
      choose.addEventListener("click", () => this.onFollow(entry.fd));
      const next = (entry.step ?? "").replaceAll("_", " ") || "–";
      rows.push([choose, eventNames(entry.number), roleOf(entry.role), list?.get(entry.fd)?.peer || (entry.role === "listener" ? "–" : "not recorded"), next]);
      if (turns) rows.push([`→ ${turns.turns[n].map((act) => doneWords(act, how)).join("; ") || "nothing"}`]);
    });
    if (wait.ready.length > SHOWN) rows.push([`… and ${(wait.ready.length - SHOWN).toLocaleString("en")} more`]);
    if (turns?.after.length) rows.push([`after the whole list: ${turns.after.slice(0, SHOWN).map((act) => doneWords(act, how)).join("; ")}`]);
    table(["fd", "events", "whose", "other end", "what comes next"], rows, this.body);
  }

  follow(fd, i) {
    this.fd = fd;
    const { lines, count } = livesOf(this.server.recording, fd, i);
    this.history.replaceChildren();
    element("b", "", this.history).textContent = `History of fd ${fd}`;
    for (const line of lines) element("div", "", this.history).textContent = line;
    if (!lines.length) element("div", "", this.history).textContent = `fd ${fd}: no wait here tells of it.`;
    else if (count > lines.length) element("div", "zh-words", this.history).textContent = `${count.toLocaleString("en")} lives in all`;
  }
}

function doneIn(acts, how) {
  const done = acts.filter((act) => act.kind !== "turn").map((act) => doneWords(act, how));
  return done.slice(0, SHOWN).join("; ") + (done.length > SHOWN ? `; and ${done.length - SHOWN} more` : "") || "No change of the list.";
}
