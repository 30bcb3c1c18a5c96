// The waits of one server as numbers: when, how long, and how much of that was a look.
import { duration } from "./sheet.js";

// `looks` has for each wait the seconds that the kernel looked (NaN: not told apart).
export class Waits {
  constructor(recording, looks) {
    this.recording = recording;
    this.title = recording.meta.title;
    this.looks = new Float32Array(looks.buffer ?? looks, looks.byteOffset ?? 0, recording.length);
    this.end = this.endOf(recording.length - 1);
  }

  endOf(i) { const { done, returned } = this.recording.times(i); return done ?? returned; }

  // The wait that was going on at this time.
  at(seconds) {
    let [low, high] = [0, this.recording.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.recording.times(middle).called <= seconds) low = middle; else high = middle - 1;
    }
    return low;
  }

  middleOf(i) { const { called, returned } = this.recording.times(i); return (called + returned) / 2; }

  // How long it slept and looked, in seconds; null where the record cannot tell.
  apart(i) {
    const { called, returned } = this.recording.times(i), look = this.looks[i];
    return Number.isNaN(look) ? null : { look, asleep: Math.max(0, returned - called - look) };
  }

  said(i) {
    const { recording } = this, { called, returned, done } = recording.times(i), apart = this.apart(i);
    const waited = apart ? `looked ${duration(apart.look)}, asleep ${duration(apart.asleep)}` : `waited ${duration(returned - called)}`;
    return `Wait ${recording.number(i).toLocaleString("en")}: ${recording.ready(i).toLocaleString("en")} ready of ` +
      `${recording.watched(i).toLocaleString("en")} watched; ${waited}; ` + (done === null ? "has not come back yet" : `handled in ${duration(done - returned)}`);
  }
}
