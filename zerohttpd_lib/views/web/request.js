// One request, from accept() to its last byte: its turns, among the turns of all others.
import { element } from "./page.js";
import { Cause, count, explorable } from "./explorable.js";

const LOOKED_UP = { listener: "It is the listening socket, which has no context.", client: "The look-up by client descriptors leads to its context.",
  redis: "The look-up by Redis descriptors leads to the same context." };

function render({ model, el }) {
  const steps = model.get("steps"), events = model.get("events");
  const figure = explorable(el, `One request at ${model.get("title")}: when is it its turn, and who is served meanwhile?`);
  const cause = new Cause(figure, {
    label: "Turn", values: steps.map((_, n) => n), words: (n) => `${n + 1} of ${steps.length}: ${steps[n].callback}`, act: (n) => show(n),
  });
  const said = element("p", "zh-sentence", figure);
  said.setAttribute("aria-live", "polite");
  const strip = element("div", "zh-turns", figure);
  strip.setAttribute("role", "img");
  strip.setAttribute("aria-label", `${events.length} events, of which ${steps.length} are this request's`);
  const signs = events.map(([role, step]) => element("i", step < 0 ? "" : `zh-fill-${role}`, strip));
  const columns = element("div", "zh-halves", figure), source = element("pre", "zh-source", columns), context = element("section", "zh-part", columns);
  source.tabIndex = 0; // it may have to be scrolled
  source.setAttribute("role", "region");
  source.setAttribute("aria-label", "The method that was called");
  element("h4", "zh-part-name", context).textContent = "Done in this turn";
  const done = element("ul", "zh-done", context), next = element("p", "zh-words", context);
  element("p", "zh-key", figure).innerHTML = '<i class="zh-fill-listener"></i> the listener <i class="zh-fill-client"></i> this client ' +
    '<i class="zh-fill-redis"></i> its Redis connection <i class="zh-cold"></i> events of others';
  element("p", "zh-note", figure).textContent = model.get("note");

  function show(n) {
    const step = steps[n], at = events.findIndex((event) => event[1] === n), before = n ? events.findIndex((event) => event[1] === n - 1) : at - 1;
    const others = at - before - 1;
    signs.forEach((sign, i) => { sign.classList.toggle("zh-to-come", i > at); sign.classList.toggle("zh-this", i === at); });
    said.textContent = `${n ? `After ${count(Math.round(step.us))} µs, and ${others} ${others === 1 ? "event" : "events"} of others since its last turn: ` : ""}` +
      `fd ${step.fd} is ready for ${step.events}. ${LOOKED_UP[step.role] ?? ""} Called: ${step.callback}.`;
    source.textContent = step.source.join("\n") || "The text of this method is not at hand.";
    done.replaceChildren();
    step.done.forEach((words) => { element("li", "", done).textContent = words; });
    next.textContent = step.next ? `From now on its turn comes with ${step.next}.` : "It has its page.";
  }
  el.cause = cause;
  cause.go(0);
}
export default { render };
