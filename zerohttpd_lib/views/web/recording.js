// A recorded run, as the recorder wrote it: fixed-size records, read where they lie (see trace/layout.py). They are gone
// through once, when the run is opened; a wait is made into objects only when it is looked at.

const WAIT_WORDS = 12; // of 4 bytes: called, returned, done (f64), watched, ready (i32), first, entries (i64)
const ENTRY_WORDS = 3; // fd (i32), number (u32), and in one word kind, role (a byte each) and step
const KINDS = ["ready", "watch", "modify", "forget"];
const READY = 0, WATCH = 1, FORGET = 3, PEER = 4, TURN = 5, TOOK = 6, LINE = 7, FIRST_CALL = 16;
const FAILED = 2 ** 31, FULL = 2 ** 30;
const SNAPSHOT_EVERY = 256; // waits, between two lists that are kept; with long lists, more

// A copy of the bytes, from where numbers of any size can be read.
const aligned = (bytes) => new Uint8Array(bytes.buffer ?? bytes, bytes.byteOffset ?? 0, bytes.byteLength).slice().buffer;

export class Recording {
  // `meta` has title, how, details, first (number of the first wait), names, calls, system_calls, errors, peers (by
  // descriptor, at the start), given_names, and visitors (names by address). `names`: those given so far, by who it is.
  constructor({ meta, waits, entries, listed }, names = new Map()) {
    const kept = aligned(waits);
    this.meta = meta;
    this.floats = new Float64Array(kept);
    this.ints = new Int32Array(kept);
    this.entries = new Int32Array(aligned(entries));
    this.length = this.floats.length / (WAIT_WORDS / 2);
    this.names = names;
    this.hasList = meta.has_list;
    this.mostWatched = 0;
    this.began = this.hasList ? this.firstList(new Int32Array(aligned(listed))) : new Map();
    this.memory = new Map();
    this.goThrough();
  }

  // When the wait was called, when it returned, and when the server came back (null: not yet): seconds.
  times(i) {
    const at = i * WAIT_WORDS / 2, done = this.floats[at + 2];
    return { called: this.floats[at], returned: this.floats[at + 1], done: done > 0 ? done : null };
  }

  watched(i) { return this.ints[i * WAIT_WORDS + 6]; }
  ready(i) { return this.ints[i * WAIT_WORDS + 7]; }
  number(i) { return this.meta.first + i; }

  span(i) {
    const at = i * WAIT_WORDS, first = this.ints[at + 8] + this.ints[at + 9] * 2 ** 32;
    return [first, first + this.ints[at + 10]];
  }

  row(place, entries = this.entries) {
    const at = place * ENTRY_WORDS, word = entries[at + 2];
    return {
      fd: entries[at], number: entries[at + 1] >>> 0, kind: word & 255,
      role: this.meta.names[(word >>> 8) & 255] ?? "", step: this.meta.names[word >>> 16] ?? "",
    };
  }

  firstList(listed) {
    const rows = Array.from({ length: listed.length / ENTRY_WORDS }, (_, n) => this.row(n, listed));
    return new Map(rows.map((row) => [row.fd, { role: row.role, events: row.number, peer: this.meta.peers[row.fd] ?? "", owner: "" }]));
  }

  // The descriptors to which something happens.
  touched() {
    const found = new Set();
    for (let at = 0; at < this.entries.length; at += ENTRY_WORDS) if ((this.entries[at + 2] & 255) <= FORGET) found.add(this.entries[at]);
    return found;
  }

  // Once, from the first entry to the last: who has a name, which cell is whose, what was watched at every so many waits.
  goThrough() {
    const touched = this.touched(), list = new Map([...this.began].filter(([fd]) => touched.has(fd)));
    this.still = new Map([...this.began].filter(([fd]) => !touched.has(fd))); // they need not be carried along
    this.slots = new Map([...this.began.keys()].map((fd, n) => [fd, n])); // a cell for each number, and it stays its own
    this.lookedAt = new Float64Array(this.length + 1); // so far, before each wait
    this.found = new Float64Array(this.length + 1);
    this.snapshots = [];
    this.every = Math.max(SNAPSHOT_EVERY, list.size);
    for (let i = 0; i < this.length; i++) {
      if (i % this.every === 0) this.snapshots.push(new Map(list));
      this.change(list, i);
      this.lookedAt[i + 1] = this.lookedAt[i] + (this.meta.how === "poll" ? this.watched(i) : this.ready(i));
      this.found[i + 1] = this.found[i] + this.ready(i);
      this.mostWatched = Math.max(this.mostWatched, this.watched(i));
    }
  }

  // What wait number i has led to, done to `list`.
  change(list, i) {
    const [first, end] = this.span(i), inOrder = this.orderIsKnown(i);
    let turn = -1;
    for (let place = first; place < end; place++) {
      const kind = this.entries[place * ENTRY_WORDS + 2] & 255;
      if (kind === TURN) turn = this.entries[place * ENTRY_WORDS];
      if (kind > FORGET) continue;
      const row = this.row(place), item = list.get(row.fd);
      if (kind === READY && item && item.role !== row.role) list.set(row.fd, { ...item, role: row.role });
      if (kind === READY && row.role === "client" && item?.peer) this.nameOf(item.peer);
      if (kind === WATCH && !this.slots.has(row.fd)) this.slots.set(row.fd, this.slots.size);
      if (kind !== READY) apply(list, { ...row, kind: KINDS[kind], peer: this.peerBefore(place), turn: inOrder ? turn : -1 });
    }
  }

  // A server that takes the whole list before it does anything has turned to nobody in particular.
  orderIsKnown(i) {
    const [first, end] = this.span(i);
    let turns = 0, last = 0;
    for (let place = first; place < end; place++) {
      const kind = this.entries[place * ENTRY_WORDS + 2] & 255;
      if (kind === TURN) { turns++; last = this.entries[place * ENTRY_WORDS + 1]; }
      else if (turns > 0 && ((kind >= WATCH && kind <= FORGET) || kind >= FIRST_CALL)) return turns <= 2 || last < this.ready(i);
    }
    return turns > 0;
  }

  // One wait: its ready list, and all that was done with it, in order. Each act has a `kind`:
  // "turn" (to the ready entry `index`), "watch", "modify", "forget", or "call"; and `at`, METHOD+LINES, if that is known.
  wait(i) {
    if (!this.memory.has(i)) {
      if (this.memory.size > 400) this.memory.clear();
      this.memory.set(i, this.decoded(i));
    }
    return this.memory.get(i);
  }

  decoded(i) {
    const ready = [], acts = [], [first, end] = this.span(i), inOrder = this.orderIsKnown(i);
    let turn = -1, line = "";
    for (let place = first; place < end; place++) {
      const row = this.row(place);
      if (row.kind === READY) ready.push({ ...row, peer: "" });
      else if (row.kind === TURN) { turn = inOrder ? row.fd : -1; if (inOrder) acts.push({ kind: "turn", index: row.number }); }
      else if (row.kind === TOOK) { if (acts.length) acts.at(-1).took = row.number; } // microseconds
      else if (row.kind === LINE) line = row.step;
      else if (row.kind >= FIRST_CALL) acts.push(this.call(row));
      else if (row.kind !== PEER) {
        acts.push({ ...row, kind: KINDS[row.kind], peer: this.peerBefore(place), turn, at: line });
        line = "";
      }
    }
    return { number: this.number(i), watched: this.watched(i), ...this.times(i), ready, acts, inOrder };
  }

  call(row) {
    const failed = row.number >= FAILED, number = failed ? row.number - FAILED : row.number;
    const full = !failed && number >= FULL, n = row.kind - FIRST_CALL;
    return {
      kind: "call", fd: row.fd, role: row.role, name: this.meta.calls[n], system: this.meta.system_calls[n], took: 0, full, at: row.step,
      problem: failed ? this.meta.errors[number & 0xffff] ?? `errno ${number & 0xffff}` : "",
      count: failed ? 0 : number - (full ? FULL : 0),
    };
  }

  peerBefore(place) {
    const row = place > 0 ? this.row(place - 1) : null, port = row ? this.entries[(place - 1) * ENTRY_WORDS + 2] >>> 16 : 0;
    if (!row || row.kind !== PEER || !port) return "";
    return `${[24, 16, 8, 0].map((shift) => (row.number >>> shift) & 255).join(".")}:${port}`;
  }

  // The interest list when wait number i was called, but for those in `still`: a Map from descriptor to {role, events,
  // peer, owner}, in the order in which they were put on it; null where it was not recorded.
  listAt(i) {
    if (!this.hasList) return null;
    const keep = Math.floor(i / this.every), list = new Map(this.snapshots[keep]);
    for (let w = keep * this.every; w < i; w++) this.change(list, w);
    return list;
  }

  // The same with those in `still`.
  wholeListAt(i) {
    const list = this.listAt(i);
    return list && new Map([...list, ...this.still]);
  }

  // Who is who. In a load test each client has an address of its own, and keeps it; else a port tells them apart. Those
  // who ever have something to say have names, in the order in which they did so first.

  keyOf(peer) {
    return /^(127\.0\.0\.1|\[.*\]):/.test(peer) ? peer : peer.replace(/:\d+$/, "");
  }

  nameOf(peer) {
    const key = this.keyOf(peer), { visitors = {}, given_names: names } = this.meta, number = this.names.size;
    const given = visitors[peer] ?? (this.names.has(key) ? this.names.get(key) : Object.keys(visitors).length ? null : names[number]);
    this.names.set(key, given ?? `client ${number + 1}`);
    return this.names.get(key);
  }

  isNamed(item) { return item.role === "client" && item.peer !== "" && this.names.has(this.keyOf(item.peer)); }
}

// One change of an interest list. A descriptor that is put on it again goes to the end, as in poll()'s array. What is
// watched in a client's turn, and is not a client, is there for that client.
export function apply(list, act) {
  if (act.kind === "forget") list.delete(act.fd);
  else if (act.kind === "watch") {
    const client = act.role === "client" ? null : list.get(act.turn);
    list.set(act.fd, { role: act.role, events: act.number, peer: act.peer, owner: client?.role === "client" ? client.peer : "" });
  } else if (act.kind === "modify" && list.has(act.fd)) list.set(act.fd, { ...list.get(act.fd), events: act.number }); // others share the old one
}

const BITS = [[1, "IN"], [2, "PRI"], [4, "OUT"], [8, "ERR"], [16, "HUP"], [32, "NVAL"], [0x2000, "RDHUP"]];

// Event bits as words, as kernel/events.py has them.
export const eventNames = (bits) => BITS.filter(([bit]) => bits & bit).map(([, name]) => name).join("|") || "none";
