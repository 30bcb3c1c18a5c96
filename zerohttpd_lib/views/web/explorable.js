// What explorables have in common: a question, one cause to drag, and at once what comes of it.
import { element } from "./page.js";

const MOVES = new Set(["ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "Home", "End", "PageUp", "PageDown"]);

export function explorable(el, question) {
  el.classList.add("zh");
  const figure = element("div", "zh-explorable", el);
  figure.setAttribute("role", "group");
  figure.setAttribute("aria-label", question);
  element("h3", "zh-question", figure).textContent = question;
  return figure;
}

// A slider over `values`. `words(value)` says one, and `act(value)` draws what comes of it.
export class Cause {
  constructor(parent, { label, values, words, act }) {
    Object.assign(this, { values, words, act });
    const box = element("label", "zh-cause", parent);
    element("span", "zh-cause-name", box).textContent = label;
    this.slider = element("input", "zh-slider", box);
    Object.assign(this.slider, { type: "range", min: 0, max: values.length - 1, step: 1, value: 0 });
    this.said = element("output", "zh-cause-value", box);
    this.slider.addEventListener("input", () => this.go(Number(this.slider.value)));
    // JupyterLab has uses of its own for these keys.
    this.slider.addEventListener("keydown", (event) => { if (MOVES.has(event.key)) event.stopPropagation(); });
  }

  get value() { return this.values[Number(this.slider.value)]; }

  go(index) {
    const value = this.values[index], words = this.words(value);
    this.slider.value = index;
    this.slider.setAttribute("aria-valuetext", words);
    this.said.textContent = words;
    this.act(value);
  }

  goNear(value) {
    const distance = (each) => Math.abs(each - value);
    this.go(this.values.reduce((best, each, n) => (distance(each) < distance(this.values[best]) ? n : best), 0));
  }
}

export const count = (number) => number.toLocaleString("en");
export const short = (number) => Number(number.toPrecision(3)).toLocaleString("en", { maximumSignificantDigits: 3 });
