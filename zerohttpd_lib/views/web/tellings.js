// Why was a descriptor on a ready list? New data, or old data told again: it depends on what was taken since it was
// told before (man 7 epoll). Read from the calls on sockets; where these were not recorded, it is not known.
import { eachRow, kindOf } from "./rows.js";

const IN = 1, GONE = 8 | 16 | 0x2000; // ERR, HUP, RDHUP

export const TELLINGS = {
  new: "new data: all that was told before had been taken", again: "old data, told again: nothing was taken since",
  perhaps: "some was taken since it was told; whether all was not recorded", room: "room to write", gone: "the other end has gone",
  unknown: "what was taken before was not recorded",
};

// For each wait a Map from descriptor to one of these.
export function tellingsOf(recording) {
  const found = Array.from({ length: recording.length }, () => new Map()), taken = new Map();
  for (const { wait, row } of eachRow(recording)) {
    const kind = kindOf(recording, row);
    if (kind === "ready") found[wait].set(row.fd, told(row, taken, recording.meta.details));
    else if (kind === "watch" || kind === "forget") taken.set(row.fd, "all");
    else if (taken.has(row.fd) && (kind === "receive" || kind === "accept")) taken.set(row.fd, isEmptied(recording, row, kind) ? "all" : "some");
  }
  return found;
}

function told({ fd, number }, taken, details) {
  if (!(number & IN)) return number & GONE ? "gone" : "room";
  const before = details ? taken.get(fd) : undefined;
  if (details) taken.set(fd, "nothing");
  return { all: "new", nothing: "again", some: "perhaps" }[before] ?? "unknown";
}

// After this call nothing is left: it failed, met the end, or got less than it asked for.
function isEmptied(recording, row, kind) {
  const call = recording.call(row);
  return Boolean(call.problem) || (kind === "receive" && !call.full);
}
