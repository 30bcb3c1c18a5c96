// The waits of several servers on one clock, which begins with the first wait of each: one after the other, by when they
// were called.

export class Order {
  constructor(recordings) {
    Object.assign(this, { recordings, length: recordings.reduce((sum, { length }) => sum + length, 0) });
    this.server = new Uint8Array(this.length); // whose the wait at each place is ...
    this.wait = new Int32Array(this.length); // ... and which one of its
    this.places = recordings.map(({ length }) => new Int32Array(length));
    this.latest = recordings.map(() => new Int32Array(this.length)); // of each server, the wait that was going on
    this.merge();
  }

  merge() {
    const { recordings } = this, next = recordings.map(() => 0);
    const called = (k) => (next[k] < recordings[k].length ? recordings[k].times(next[k]).called : Infinity);
    for (let at = 0; at < this.length; at++) {
      const k = next.reduce((best, _, other) => (called(other) < called(best) ? other : best), 0);
      [this.server[at], this.wait[at], this.places[k][next[k]]] = [k, next[k], at];
      next[k] += 1;
      next.forEach((n, other) => { this.latest[other][at] = Math.max(0, n - 1); });
    }
  }

  seconds(at) { return this.recordings[this.server[at]].times(this.wait[at]).called; }

  // Of server k, the waits at these places, as pairs of place and wait.
  *of(k, from, to) {
    for (let at = from; at < Math.min(to, this.length); at++) if (this.server[at] === k) yield [at, this.wait[at]];
  }
}
