// Load tests over each other: their rates, their latencies, and a table of them.
import { Lines } from "./lines.js";
import { element, table } from "./page.js";

export class Load {
  constructor(parent) {
    this.rate = new Lines(parent, { question: "How many answers a second? (mean of the last half second)", unit: "requests/s" });
    this.latency = new Lines(parent, { question: "How long did they take? Thick: the median. Thin: 99 % were faster", unit: "ms", log: true });
    this.rate.onMove = (at) => { this.latency.cursor = at; this.latency.draw(); };
    this.latency.onMove = (at) => { this.rate.cursor = at; this.rate.draw(); };
    this.tables = element("div", "", parent);
  }

  // `runs`: name, colour, dash, and lists: at, rates, p50, p99. `head`, `rows`, `checks`: texts for the tables.
  show({ runs, end, head, rows, checks, believe }) {
    const line = (run, ys, width, name = run.name) => ({ name, colour: run.colour, dash: run.dash, width, xs: run.at, ys });
    this.rate.show(runs.map((run) => line(run, run.rates, 2)), end);
    this.latency.show(runs.flatMap((run) => [line(run, run.p50, 2.5), line(run, run.p99, 1, "")]), end);
    this.tables.replaceChildren();
    table(head, rows.length ? rows.map((cells, n) => cells.map((cell, column) => (column === 1 ? inColour(cell, runs[n]?.colour) : cell))) : [head.map(() => "–")], this.tables, 3, "Runs");
    if (checks.length) table(["", ""], checks, this.tables, 2, believe);
  }

  end() { this.rate.stop(); this.latency.stop(); }
}

function inColour(words, colour) {
  const made = element("b", "");
  made.textContent = words;
  made.style.color = `var(--zh-${colour}, var(--zh-ink))`;
  return made;
}
