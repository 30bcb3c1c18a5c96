// A cell for each descriptor that a record tells of. It stays where it is; those that are not watched just now are empty.

const MOST_HEIGHT = 190; // pixels
const SIZES = [11, 9, 7, 5, 4, 3, 2];

export class Cells {
  constructor(canvas, recording) {
    this.canvas = canvas;
    this.recording = recording;
    this.still = document.createElement("canvas"); // those that nothing ever happens to, drawn once
  }

  measure(width) {
    const count = Math.max(1, this.recording.slots.size), ratio = window.devicePixelRatio || 1;
    const columns = (size) => Math.max(1, Math.floor(width / size));
    this.size = SIZES.find((size) => Math.ceil(count / columns(size)) * size <= MOST_HEIGHT) ?? 2;
    this.columns = Math.min(count, columns(this.size));
    const [wide, high] = [this.columns * this.size, Math.ceil(count / this.columns) * this.size];
    for (const canvas of [this.canvas, this.still]) {
      Object.assign(canvas, { width: wide * ratio, height: high * ratio });
      canvas.getContext("2d").scale(ratio, ratio);
    }
    Object.assign(this.canvas.style, { width: `${wide}px`, height: `${high}px` });
    this.drawn = null;
  }

  // The cells of `still`, in the colour that `colourOf` gives a role; again only when it is another one.
  drawStill(colourOf, key) {
    if (this.drawn === key) return;
    this.drawn = key;
    const context = this.still.getContext("2d");
    context.clearRect(0, 0, this.still.width, this.still.height);
    const byColour = new Map();
    for (const [fd, item] of this.recording.still) collect(byColour, colourOf(item), fd);
    this.fill(context, byColour);
  }

  // `list`: the others that are watched, each in the colour that `colourOf` gives it.
  draw(list, colourOf, still, key) {
    this.drawStill(still, key);
    const context = this.canvas.getContext("2d"), byColour = new Map();
    context.save();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    context.drawImage(this.still, 0, 0);
    context.restore();
    for (const [fd, item] of list) collect(byColour, colourOf(item, fd), fd);
    this.fill(context, byColour);
  }

  fill(context, byColour) {
    const { size, columns } = this, side = size > 2 ? size - 1 : size;
    for (const [colour, fds] of byColour) {
      context.fillStyle = colour;
      context.beginPath();
      for (const fd of fds) {
        const slot = this.recording.slots.get(fd);
        context.rect((slot % columns) * size, Math.floor(slot / columns) * size, side, side);
      }
      context.fill();
    }
  }
}

function collect(byColour, colour, fd) {
  if (!byColour.has(colour)) byColour.set(colour, []);
  byColour.get(colour).push(fd);
}
