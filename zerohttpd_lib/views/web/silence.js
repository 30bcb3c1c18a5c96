// Silent clients, and seven servers: who holds them, and does the next client get an answer?
import { element } from "./page.js";
import { Cause, explorable } from "./explorable.js";

function render({ model, el }) {
  const servers = model.get("servers"), most = model.get("most");
  const figure = explorable(el, "So many clients connect and say nothing. Who answers the next one?");
  const cause = new Cause(figure, {
    label: "Silent clients", values: Array.from({ length: most + 1 }, (_, n) => n), words: String, act: (silent) => show(silent),
  });
  const said = element("p", "zh-words zh-spoken", figure);
  said.setAttribute("aria-live", "polite");
  const grid = element("div", "zh-servers", figure), cards = servers.map((server) => new Card(server, element("div", "zh-server", grid)));
  element("p", "zh-key", figure).innerHTML = '<i class="zh-worker"></i> a process or a thread <i class="zh-worker zh-held"></i> one that waits for a silent client ' +
    '<i class="zh-silent"></i> a silent client on a list <i class="zh-silent zh-outside"></i> one that waits in the kernel to be accepted';
  element("p", "zh-note", figure).textContent = model.get("note");
  function show(silent) {
    const stuck = cards.filter((card) => !card.draw(silent)).map((card) => card.server.name);
    const measured = cards.filter((card) => card.measuredAt(silent)).length;
    said.textContent = (stuck.length ? `The next client waits in vain at: ${stuck.join(", ")}.` : "All of them answer the next client.") +
      (measured ? "" : " Not measured with so many: it follows from how each server is made.");
  }
  el.cause = cause;
  cause.go(1);
}
export default { render };

class Card {
  constructor(server, box) {
    Object.assign(this, { server, box });
    element("h4", "zh-title", box).textContent = server.name;
    this.drawing = element("div", "zh-workers", box);
    this.verdict = element("div", "zh-verdict", box);
    this.words = element("div", "zh-words", box);
  }

  measuredAt(silent) { return this.server.measured.find(([number]) => number === silent); }

  // Returns whether the next client is answered: as it was measured, or else as the server is made.
  draw(silent) {
    const { server } = this, { workers, holder } = server;
    const held = holder === "entry" ? 0 : Math.min(silent, workers ?? silent), outside = holder === "entry" ? 0 : silent - held;
    const measured = this.measuredAt(silent), answers = measured ? measured[1] : holder === "entry" || workers === null || held < workers;
    const made = holder === "entry" ? 1 : workers ?? held + 1; // where there is one for each client, another one accepts
    const sign = (look, number) => `<i class="${look}"></i>`.repeat(number);
    this.drawing.innerHTML = sign("zh-worker zh-held", held) + sign("zh-worker", made - held) + sign("zh-silent", holder === "entry" ? silent : 0) + sign("zh-silent zh-outside", outside);
    this.verdict.textContent = answers ? "answers" : "STUCK";
    this.verdict.classList.toggle("zh-stuck", !answers);
    this.words.textContent = `${this.holding(held, outside, silent)}${measured ? " Measured." : ""}`;
    return answers;
  }

  holding(held, outside, silent) {
    const { workers, holder } = this.server, many = holder === "process" ? "processes" : "threads";
    if (holder === "entry") return `One thread; ${silent} on its list.`;
    const queue = outside ? ` ${outside} not accepted.` : "";
    if (workers === null) return `${held} ${held === 1 ? holder : many}, one each.`;
    return `${held} of ${workers} ${workers === 1 ? holder : many} held.${queue}`;
  }
}
