// The port from poll to epoll, method by method: which lines change, and where the list is then.
import { element } from "./page.js";
import { Cause, explorable } from "./explorable.js";

function render({ model, el }) {
  const steps = model.get("steps");
  const figure = explorable(el, "What does each method change?");
  const cause = new Cause(figure, {
    label: "Ported", values: [0, ...steps.map((_, n) => n + 1)], act: (ported) => show(ported),
    words: (ported) => (ported === 0 ? "nothing yet" : `${ported} of ${steps.length}: ${steps[ported - 1].name}`),
  });
  const said = element("p", "zh-sentence", figure);
  said.setAttribute("aria-live", "polite");
  const columns = element("div", "zh-halves", figure), code = element("div", "zh-half zh-port-code", columns), places = element("div", "zh-half", columns);
  const blocks = steps.map((step, n) => new Method(step, element("button", "zh-method", code), () => cause.go(n + 1)));
  const boxes = Object.fromEntries(model.get("places").map(({ id, name, where }) => {
    const box = element("section", "zh-part zh-list", places);
    element("h4", "zh-part-name", box).textContent = where;
    element("b", "zh-list-name", box).textContent = name;
    return [id, { box, words: element("p", "zh-words", box) }];
  }));
  element("p", "zh-note", figure).textContent = model.get("note");

  function show(ported) {
    const step = steps[ported - 1], lit = new Set(step ? step.places : []);
    blocks.forEach((block, n) => block.draw(n < ported, n === ported - 1));
    said.textContent = step ? step.words : model.get("before");
    for (const [id, { box, words }] of Object.entries(boxes)) {
      box.classList.toggle("zh-lit", lit.has(id));
      words.textContent = model.get("states")[ported][id];
    }
  }
  el.cause = cause;
  cause.go(0);
}
export default { render };

// The text of a method as it is in the poll server, or in the epoll server.
class Method {
  constructor(step, button, act) {
    Object.assign(this, { step, button });
    button.type = "button";
    this.source = element("code", "zh-method-source", button);
    this.price = element("span", "zh-words", button);
    button.addEventListener("click", act);
  }

  draw(ported, now) {
    const { step } = this, lines = ported ? step.epoll : step.poll;
    this.button.setAttribute("aria-pressed", String(now));
    this.button.classList.toggle("zh-ported", ported);
    this.source.replaceChildren(...lines.map(({ text, differs }) => {
      const line = document.createElement("span");
      line.textContent = `${text}\n`;
      line.className = differs && ported ? `zh-epoll${now ? " zh-lit" : ""}` : "";
      return line;
    }));
    this.price.textContent = ported ? step.price.epoll : step.price.poll;
  }
}
