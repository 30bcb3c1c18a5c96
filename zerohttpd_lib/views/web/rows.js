// The rows of a recording one by one, in order, and those of one descriptor.

const KINDS_OF_ROWS = ["ready", "watch", "modify", "forget"], CALLS_FROM = 16; // see trace/layout.py

// What a row is about: of a call its name, of a peer and the like "".
export const kindOf = (recording, row) => (row.kind >= CALLS_FROM ? recording.meta.calls[row.kind - CALLS_FROM] : KINDS_OF_ROWS[row.kind] ?? "");

export function* eachRow(recording) {
  for (let i = 0; i < recording.length; i++) {
    const [first, end] = recording.span(i);
    for (let place = first; place < end; place++) yield { wait: i, place, row: recording.row(place) };
  }
}

// All rows of one descriptor that say that it was watched, changed, forgotten or ready, with the waits they belong to.
export function rowsOf(recording, fd) {
  recording.byDescriptor ??= sortedByDescriptor(recording);
  return (recording.byDescriptor.get(fd) ?? []).map(([wait, place]) => ({ wait, row: { ...recording.row(place), peer: recording.peerBefore(place) } }));
}

function sortedByDescriptor(recording) {
  const found = new Map();
  for (const { wait, place, row } of eachRow(recording)) {
    if (row.kind >= KINDS_OF_ROWS.length) continue;
    const places = found.get(row.fd);
    if (places) places.push([wait, place]); else found.set(row.fd, [[wait, place]]);
  }
  return found;
}
