// Density: which share of what is watched is ready. What does each ready one then cost, by the fitted prices?
import { element } from "./page.js";
import { Cause, count, explorable, short } from "./explorable.js";
import { PriceChart } from "./price_chart.js";

const POINTS = 60;

function render({ model, el }) {
  const models = model.get("models"), points = model.get("points"), seen = model.get("seen");
  const figure = explorable(el, "What does it cost to hear of one ready descriptor?");
  const levels = [...new Set(points.map((point) => point.watched))].sort((one, other) => one - other);
  let watched = levels.at(-1), chart = null;
  const bar = element("label", "zh-cause", figure);
  element("span", "zh-cause-name", bar).textContent = "Descriptors watched";
  const select = element("select", "zh-select", bar);
  levels.forEach((level) => select.append(new Option(count(level), level, false, level === watched)));
  const holder = element("div", "zh-holder", figure);
  const cause = new Cause(holder, {
    label: "Of them are ready", values: readyOf(watched), words: (ready) => `${count(ready)}: density ${short(ready / watched)}`, act: () => show(),
  });
  const place = element("div", "zh-place", figure), words = element("p", "zh-words zh-spoken", figure);
  words.setAttribute("aria-live", "polite");
  element("p", "zh-note", figure).textContent = model.get("note");

  // Prices are in microseconds, each for one ready descriptor.
  const priceOf = (each, ready) => (each.base + each.per_watched * watched) / ready + each.per_ready;
  const here = () => points.filter((point) => point.watched === watched);

  function begin() {
    const values = readyOf(watched), prices = [...models.flatMap((each) => values.map((ready) => priceOf(each, ready))), ...here().map((point) => point.us / point.ready)];
    chart?.sized.disconnect();
    place.replaceChildren();
    chart = new PriceChart(place, {
      label: "Microseconds for each ready descriptor, by density", pick: (density) => cause.goNear(density * watched),
      x: { label: "density: ready / watched", from: 1 / watched, to: 1, log: true },
      y: { label: "µs for each ready one", from: 10 ** Math.floor(Math.log10(Math.min(...prices))), to: Math.max(...prices) * 1.5, log: true },
    });
    Object.assign(cause, { values });
    cause.slider.max = values.length - 1;
  }

  function show() {
    const ready = cause.value, [poll, epoll] = models.map((each) => priceOf(each, ready) * ready), ratio = poll / epoll;
    chart.draw({
      lines: models.map((each) => ({ name: `${each.how}, model`, look: `zh-${each.how}`, points: readyOf(watched).map((number) => [number / watched, priceOf(each, number)]) })),
      marks: here().map((point) => ({ look: `zh-${point.how}`, at: [point.ready / watched, point.us / point.ready], title: `${point.how}, ${point.ready} of ${count(watched)} ready: ${short(point.us)} µs a wait, measured` })),
      rules: seen.filter((each) => each.density >= 1 / watched).map((each) => ({ x: each.density, name: each.name })), cursor: ready / watched,
    });
    const measured = here().filter((point) => point.ready === ready).map((point) => `${point.how} ${short(point.us)} µs`);
    words.textContent = `A wait that finds ${count(ready)} of ${count(watched)}: by the model ${short(poll)} µs with poll and ${short(epoll)} µs with epoll; ` +
      `poll costs ${short(ratio)} times as much. ${measured.length ? `Measured: ${measured.join(", ")}.` : "This number was not measured."}`;
  }

  select.addEventListener("change", () => {
    const density = cause.value / watched;
    watched = Number(select.value);
    begin();
    cause.goNear(density * watched);
  });
  begin();
  el.cause = cause;
  cause.goNear(watched / 100);
  return () => chart.sized.disconnect();
}
export default { render };

// Numbers of ready ones that lie evenly on the axis, and 1, 10, 100, ..., which may have been measured.
function readyOf(watched) {
  const found = new Set([watched]);
  for (let n = 0; n <= POINTS; n++) found.add(Math.round(watched ** (n / POINTS)));
  for (let power = 1; power < watched; power *= 10) found.add(power);
  return [...found].sort((one, other) => one - other);
}
