// What do idle descriptors cost each wait? On the marks that were measured, and on straight lines between them.
import { element, onNewTheme } from "./page.js";
import { Cause, count, explorable, short } from "./explorable.js";
import { PriceChart } from "./price_chart.js";

const STEPS = 60; // of the slider, beside the numbers that were measured
const CELL = 6; // pixels

function render({ model, el }) {
  const lines = model.get("lines"), ready = model.get("ready");
  const figure = explorable(el, "How long does one wait take, if all but the ready ones are idle?");
  const watched = lines[0].points.map(([number]) => number), most = Math.max(...watched), fewest = Math.min(...watched);
  const high = Math.max(...lines.flatMap((line) => line.points.map(([, us]) => us)));
  const between = Array.from({ length: STEPS + 1 }, (_, n) => Math.round(fewest + ((most - fewest) * n) / STEPS));
  const cause = new Cause(figure, {
    label: "Idle descriptors on the list", values: [...new Set([...watched, ...between])].sort((one, other) => one - other),
    words: (number) => count(number - ready), act: (number) => show(number),
  });
  const columns = element("div", "zh-halves", figure), left = element("div", "zh-half", columns), right = element("div", "zh-half", columns);
  const chart = new PriceChart(left, {
    label: "Microseconds of one wait, by how many descriptors are on the list", pick: (number) => cause.goNear(number),
    x: { label: "descriptors on the list", from: 0, to: most }, y: { label: "µs a wait", from: 0, to: high * 1.1 },
  });
  const clock = element("div", "zh-clock", right), words = element("p", "zh-words", right), canvas = element("canvas", "zh-cells", right);
  words.setAttribute("aria-live", "polite");
  element("p", "zh-note", figure).textContent = model.get("note");
  const marks = lines.flatMap(({ name, points }) => points.map(([x, y]) => ({ look: "zh-poll", at: [x, y], title: `${count(x)} on the list, ${name}: ${short(y)} µs, measured` })));

  function show(number) {
    const [same, changed] = lines.map((line) => onLine(line.points, number)), measured = watched.includes(number);
    chart.draw({ lines: lines.map((line, n) => ({ ...line, look: "zh-poll", dashed: n > 0 })), marks, cursor: number });
    clock.textContent = `${short(same)} µs a wait`;
    words.textContent = `${measured ? "Measured." : "Between two measurements, on the straight line."} ${count(number)} are on the list, ${ready} ready. ` +
      `${short(changed)} µs just after the list has changed. ` +
      `A thread that did nothing else could wait ${count(Math.round(1e6 / same / 100) * 100)} times a second.`;
    cells(canvas, number, ready);
  }
  const look = () => { if (right.clientWidth) show(cause.value); };
  const themed = onNewTheme(look), sized = new ResizeObserver(look);
  sized.observe(right);
  el.cause = cause; // for whoever takes pictures of it
  cause.goNear(most / 3);
  return () => { themed.disconnect(); sized.disconnect(); chart.sized.disconnect(); };
}
export default { render };

function onLine(points, x) {
  const n = Math.max(1, points.findIndex(([at]) => at >= x)), [[x0, y0], [x1, y1]] = [points[n - 1], points[n]];
  return y0 + ((y1 - y0) * (x - x0)) / (x1 - x0);
}

// A cell for each descriptor. The ready ones are somewhere among them; the call looks at all.
function cells(canvas, number, ready) {
  const columns = Math.max(1, Math.floor(canvas.parentElement.clientWidth / CELL)), rows = Math.ceil(number / columns);
  const ratio = window.devicePixelRatio || 1, style = getComputedStyle(canvas), every = Math.floor(number / ready);
  Object.assign(canvas, { width: columns * CELL * ratio, height: rows * CELL * ratio });
  Object.assign(canvas.style, { width: `${columns * CELL}px`, height: `${rows * CELL}px` });
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  for (let n = 0; n < number; n++) {
    const found = n % every === 0 && n / every < ready;
    context.fillStyle = style.getPropertyValue(found ? "--zh-ready" : "--zh-looked");
    context.fillRect((n % columns) * CELL, Math.floor(n / columns) * CELL, CELL - 1, CELL - 1);
  }
}
