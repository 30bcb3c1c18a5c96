// What plays: a position from 0 to `last`, moved by buttons, keys, a slider, or by itself. The picture is drawn by
// `draw(position)`, at most once for each frame of the screen.
//
// `step(position, direction)` says where the next step leads, forward (1) or back (-1), and `advance(position, seconds)`
// where so much time does. `isEndless()`: there may come more.

export class Player {
  constructor({ last, draw, step, advance, label, isEndless = () => false }) {
    Object.assign(this, { last, draw, step, advance, isEndless, position: 0, playing: false, frames: 0 });
    this.bar = document.createElement("div");
    this.bar.className = "zh-bar";
    this.button("|◀", "To the start (Home)", () => this.go(0));
    this.button("◀", "A step back (left arrow)", () => this.move(-1));
    this.play = this.button("▶ Play", "Play or pause (space)", () => this.toggle());
    this.button("▶|", "A step on (right arrow)", () => this.move(1));
    this.slider = document.createElement("input");
    Object.assign(this.slider, { type: "range", min: 0, max: last, step: "any", value: 0, className: "zh-slider" });
    this.slider.setAttribute("aria-label", label);
    this.slider.addEventListener("input", () => { this.pause(); this.go(Number(this.slider.value)); });
    this.bar.append(this.slider);
    this.tick = this.tick.bind(this);
  }

  button(text, title, act) {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: text, title, className: "zh-button" });
    button.setAttribute("aria-label", title);
    button.addEventListener("click", () => { if (button !== this.play) this.pause(); act(); });
    this.bar.append(button);
    return button;
  }

  // Space, arrows, Home and End, wherever in the picture the focus is.
  listen(element) {
    element.addEventListener("keydown", (event) => {
      if (event.target.tagName === "SELECT" || (event.target.tagName === "BUTTON" && event.key === " ")) return;
      const acts = {
        " ": () => this.toggle(), ArrowRight: () => this.move(1), ArrowLeft: () => this.move(-1),
        Home: () => this.go(0), End: () => this.go(this.last),
      };
      if (!acts[event.key]) return;
      event.preventDefault();
      event.stopPropagation(); // JupyterLab has uses of its own for these keys
      if (event.key !== " ") this.pause();
      acts[event.key]();
    });
  }

  go(position) {
    this.position = Math.min(this.last, Math.max(0, position));
    if (!this.due) this.due = requestAnimationFrame(() => { this.due = 0; this.show(); });
  }

  setLast(last) {
    this.last = last;
    this.slider.max = last;
  }

  move(direction) { this.go(this.step(this.position, direction)); }

  show() {
    this.frames++;
    this.slider.value = this.position;
    this.draw(this.position);
  }

  toggle() { if (this.playing) this.pause(); else this.start(); }

  start() {
    if (this.position >= this.last && !this.isEndless()) this.position = 0;
    this.playing = true;
    this.play.textContent = "⏸ Pause";
    this.before = performance.now();
    requestAnimationFrame(this.tick);
  }

  pause() {
    this.playing = false;
    this.play.textContent = "▶ Play";
  }

  tick(now) {
    if (!this.playing) return;
    this.position = Math.min(this.last, this.advance(this.position, (now - this.before) / 1000));
    this.before = now;
    this.show();
    if (this.position >= this.last && !this.isEndless()) this.pause();
    else requestAnimationFrame(this.tick);
  }
}
