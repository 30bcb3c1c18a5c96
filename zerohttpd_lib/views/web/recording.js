// A recorded run, as the recorder wrote it: fixed-size records, read where they lie (see trace/layout.py).
// Nothing is copied or decoded before it is looked at, so that 100,000 waits open at once.

const WAIT = 48; // bytes: called, returned, done (f64), watched, ready (i32), first, entries (i64)
const ENTRY = 12; // bytes: fd (i32), number (u32), kind (u8), role (u8), step (u16)
const KINDS = ["ready", "watch", "modify", "forget"];
const PEER = 4, TURN = 5, TOOK = 6, FIRST_CALL = 16;
const FAILED = 2 ** 31, FULL = 2 ** 30;
const SNAPSHOT_EVERY = 256; // waits, between two interest lists that are kept

const view = (bytes) => new DataView(bytes.buffer ?? bytes, bytes.byteOffset ?? 0, bytes.byteLength);

export class Recording {
  // `meta` has title, how, first (number of the first wait), names, calls, errors, peers (by descriptor, at the start).
  constructor({ meta, waits, entries, listed }) {
    this.meta = meta;
    this.waits = view(waits);
    this.entries = view(entries);
    this.listed = meta.has_list ? view(listed) : null;
    this.length = this.waits.byteLength / WAIT;
    this.snapshots = [];
  }

  // When the wait was called, when it returned, and when the server came back (null: not yet): seconds.
  times(i) {
    const at = i * WAIT, done = this.waits.getFloat64(at + 16, true);
    const [called, returned] = [this.waits.getFloat64(at, true), this.waits.getFloat64(at + 8, true)];
    return { called, returned, done: done > 0 ? done : null };
  }

  watched(i) { return this.waits.getInt32(i * WAIT + 24, true); }
  ready(i) { return this.waits.getInt32(i * WAIT + 28, true); }
  number(i) { return this.meta.first + i; }

  span(i) {
    const first = Number(this.waits.getBigInt64(i * WAIT + 32, true));
    return [first, first + Number(this.waits.getBigInt64(i * WAIT + 40, true))];
  }

  row(place, entries = this.entries) {
    const at = place * ENTRY;
    return {
      fd: entries.getInt32(at, true), number: entries.getUint32(at + 4, true), kind: entries.getUint8(at + 8),
      role: this.meta.names[entries.getUint8(at + 9)] ?? "", step: entries.getUint16(at + 10, true),
    };
  }

  // One wait: its ready list, and all that was done with it, in order. Each act has a `kind`:
  // "turn" (to the ready entry `index`), "watch", "modify", "forget", or "call".
  wait(i) {
    const ready = [], acts = [];
    const [first, end] = this.span(i);
    let turns = 0;
    for (let place = first; place < end; place++) {
      const row = this.row(place);
      if (row.kind === 0) ready.push({ ...row, step: this.meta.names[row.step], peer: "" });
      else if (row.kind === TURN) { acts.push({ kind: "turn", index: row.number }); turns++; }
      else if (row.kind === TOOK) acts.at(-1).took = row.number; // microseconds
      else if (row.kind >= FIRST_CALL) acts.push(this.call(row));
      else if (row.kind !== PEER) acts.push({ ...row, kind: KINDS[row.kind], peer: this.peerBefore(place) });
    }
    return { number: this.number(i), watched: this.watched(i), ...this.times(i), ready, acts, turnsAreKnown: turns > 0 };
  }

  call(row) {
    const failed = row.number >= FAILED, number = failed ? row.number - FAILED : row.number;
    const full = !failed && number >= FULL;
    return {
      kind: "call", fd: row.fd, role: row.role, name: this.meta.calls[row.kind - FIRST_CALL], took: 0, full,
      problem: failed ? this.meta.errors[number & 0xffff] ?? `errno ${number & 0xffff}` : "",
      count: failed ? 0 : number - (full ? FULL : 0),
    };
  }

  peerBefore(place) {
    const row = place > 0 ? this.row(place - 1) : null;
    if (!row || row.kind !== PEER || !row.step) return "";
    const host = [24, 16, 8, 0].map((shift) => (row.number >>> shift) & 255).join(".");
    return `${host}:${row.step}`;
  }

  // The interest list when wait number i was called: a Map from descriptor to {role, events, peer}, in the
  // order in which they were put on it; null where it was not recorded.
  listAt(i) {
    if (!this.listed) return null;
    const keep = Math.floor(i / SNAPSHOT_EVERY);
    while (this.snapshots.length <= keep) this.snapshots.push(this.nextSnapshot());
    const list = new Map(this.snapshots[keep]);
    for (let w = keep * SNAPSHOT_EVERY; w < i; w++) this.change(list, w);
    return list;
  }

  nextSnapshot() {
    if (this.snapshots.length === 0) {
      const rows = Array.from({ length: this.listed.byteLength / ENTRY }, (_, n) => this.row(n, this.listed));
      return new Map(rows.map((row) => [row.fd, { role: row.role, events: row.number, peer: this.meta.peers[row.fd] ?? "" }]));
    }
    const list = new Map(this.snapshots.at(-1)), from = (this.snapshots.length - 1) * SNAPSHOT_EVERY;
    for (let w = from; w < Math.min(this.length, from + SNAPSHOT_EVERY); w++) this.change(list, w);
    return list;
  }

  change(list, i) {
    const [first, end] = this.span(i);
    for (let place = first; place < end; place++) {
      const row = this.row(place);
      if (row.kind >= 1 && row.kind <= 3) apply(list, { ...row, kind: KINDS[row.kind], peer: this.peerBefore(place) });
    }
  }
}

// One change of an interest list. A descriptor that is put on it again goes to the end, as in poll()'s array.
export function apply(list, act) {
  if (act.kind === "forget") list.delete(act.fd);
  else if (act.kind === "watch") list.set(act.fd, { role: act.role, events: act.number, peer: act.peer });
  else if (act.kind === "modify" && list.has(act.fd)) list.set(act.fd, { ...list.get(act.fd), events: act.number }); // others share the old one
}

const BITS = [[1, "IN"], [2, "PRI"], [4, "OUT"], [8, "ERR"], [16, "HUP"], [32, "NVAL"], [0x2000, "RDHUP"]];

// Event bits as words, as kernel/events.py has them.
export const eventNames = (bits) => BITS.filter(([bit]) => bits & bit).map(([, name]) => name).join("|") || "none";
