// A server while a load test runs: how many of the watched were ready, above its rate, on one clock.
import { Lines } from "./lines.js";
import { element } from "./page.js";

const SIGNS = { listener: ["▲", "triangle"], client: ["○", "ring"], redis: ["■", "square"] };

function render({ model, el }) {
  el.classList.add("zh");
  const root = element("div", "zh-watching", el), first = model.get("seen");
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", `The ${first.title} server under load`);
  const waits = new Lines(root, {
    question: `${first.title}: how many of the watched were ready? Means of ${first.column_ms} ms`, unit: "descriptors", log: true, height: 250, fixed: first.scale,
  });
  const rate = new Lines(root, { question: "How many answers a second?", unit: "requests/s", height: 140 });
  waits.onMove = (at) => { rate.cursor = at; rate.draw(); };
  rate.onMove = (at) => { waits.cursor = at; waits.draw(); };
  const update = () => show(model.get("seen"), waits, rate);
  model.on("change:seen", update);
  update();
  return () => { waits.stop(); rate.stop(); model.off("change:seen", update); };
}
export default { render };

function show(seen, waits, rate) {
  const marks = Object.entries(SIGNS).map(([role, [sign, mark]]) => ({ name: `${sign} ${role} ready`, colour: role, mark, xs: seen.at, ys: seen.ready[role] }));
  waits.show([{ name: "– watched", colour: "ink", mark: "dash", xs: seen.at, ys: seen.watched }, ...marks], seen.end);
  const settled = seen.measured.indexOf(true), from = settled < 0 ? seen.rates.length : settled;
  const before = { name: "before it had settled", colour: "faint", dash: ":", xs: seen.sampled.slice(0, from + 1), ys: seen.rates.slice(0, from + 1) };
  const after = { name: "measured", colour: "client", xs: seen.sampled.slice(from), ys: seen.rates.slice(from) };
  rate.show([before, after].map((line) => ({ width: 2, ...line })).filter(({ ys }) => ys.length), seen.end);
}
