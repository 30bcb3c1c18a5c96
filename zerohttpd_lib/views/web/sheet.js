// A canvas that is as wide as its box, sharp on every screen, and drawn in the colours of the theme.
import { element } from "./page.js";

export class Sheet {
  constructor(parent, height, name) {
    this.canvas = element("canvas", `zh-sheet ${name}`, parent);
    this.height = height;
  }

  // Measure, take the theme's colours, and clear. Returns whether there is room to draw in.
  begin() {
    const width = this.canvas.parentElement.clientWidth, ratio = window.devicePixelRatio || 1;
    this.width = width;
    if (width < 1) return false;
    const [wide, high] = [Math.round(width * ratio), Math.round(this.height * ratio)];
    if (this.canvas.width !== wide || this.canvas.height !== high) {
      Object.assign(this.canvas, { width: wide, height: high });
      this.canvas.style.height = `${this.height}px`;
    }
    this.context = this.canvas.getContext("2d");
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    this.context.clearRect(0, 0, width, this.height);
    this.style = getComputedStyle(this.canvas);
    this.context.font = `11px ${this.style.fontFamily}`;
    return true;
  }

  // What `draw` draws, laid over what is there. It is drawn anew only when `key`, the size or the theme is another one.
  layer(key, draw) {
    const { canvas: { width, height }, context } = this, whole = [key, width, height, this.colour("ink")].join();
    if (this.laid?.whole !== whole) {
      const canvas = document.createElement("canvas");
      Object.assign(canvas, { width, height });
      this.laid = { whole, canvas };
      this.context = canvas.getContext("2d");
      this.context.setTransform(context.getTransform());
      this.context.font = context.font;
      draw();
      this.context = context;
    }
    context.save();
    context.resetTransform();
    context.drawImage(this.laid.canvas, 0, 0);
    context.restore();
  }

  colour(name) { return this.style.getPropertyValue(`--zh-${name}`).trim() || this.style.color; }

  box(x, y, width, height, colour) {
    this.context.fillStyle = colour;
    this.context.fillRect(x, y, width, height);
  }

  text(words, x, y, colour, align = "left") {
    Object.assign(this.context, { fillStyle: colour, textAlign: align, textBaseline: "middle" });
    this.context.fillText(words, x, y);
  }
}

// Round numbers between two ends, about so many.
export function ticks(low, high, about) {
  const rough = (high - low) / about, power = 10 ** Math.floor(Math.log10(rough || 1));
  const step = power * ([1, 2, 5, 10].find((each) => each * power >= rough) ?? 10);
  const found = [];
  for (let at = Math.ceil(low / step) * step; at <= high + step * 1e-9; at += step) found.push(at);
  return found;
}

// Seconds as people say them, with the unit that fits `span`.
export function duration(seconds, span = Math.abs(seconds)) {
  if (span >= 1) return `${trimmed(seconds)} s`;
  return span >= 1e-3 ? `${trimmed(seconds * 1e3)} ms` : `${trimmed(seconds * 1e6)} µs`;
}

const trimmed = (value) => Number(value.toPrecision(4)).toLocaleString("en", { maximumFractionDigits: 3 });
