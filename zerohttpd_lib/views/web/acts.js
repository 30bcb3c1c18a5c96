// What a record says, in words: as trace/wait.py has them.
import { eventNames } from "./recording.js";

const CTL = { watch: "epoll_ctl ADD", modify: "epoll_ctl MOD", forget: "epoll_ctl DEL" };
const ARRAY = { watch: "into the array:", modify: "changed in the array:", forget: "out of the array:" };

export function changeOf(act, how) {
  const events = act.kind === "forget" ? "" : ` for ${eventNames(act.number)}`;
  return `${(how === "poll" ? ARRAY : CTL)[act.kind]} fd ${act.fd}${events}`;
}

export function doneWords(act, how) {
  if (act.kind !== "call") return changeOf(act, how);
  const took = act.took ? `, ${(act.took / 1000).toFixed(0)} ms` : "";
  return `${act.name} fd ${act.fd}: ${outcome(act)}${took}`;
}

function outcome(call) {
  if (call.problem) return call.problem;
  if (call.name === "accept") return `new fd ${call.count}`;
  if (call.name === "receive") return call.count ? `${call.count.toLocaleString("en")} bytes${call.full ? ", perhaps not all" : ""}` : "end of input";
  return call.name === "send" ? `${call.count.toLocaleString("en")} bytes` : "done";
}

export function passedIn(how, watched) {
  const all = counted(watched, "descriptor");
  if (how === "poll") return `poll() was handed an array of ${all}, and the kernel looked at every one.`;
  if (how === "epoll" || how === "edge") return `epoll_wait() was handed no list: the kernel holds it, with ${all} on it.`;
  return `${all} ${watched === 1 ? "was" : "were"} watched.`;
}

// What was done for each entry of a ready list, and at last what came after them; null where that is not known.
export function turnsOf(wait) {
  if (!wait.turnsAreKnown) return null;
  const turns = wait.ready.map(() => []), after = [];
  let now = after;
  for (const act of wait.acts) {
    if (act.kind === "turn") now = turns[act.index] ?? after;
    else now.push(act);
  }
  return { turns, after };
}

export const counted = (n, one, many = one === "redis" ? one : `${one}s`) => `${n.toLocaleString("en")} ${n === 1 ? one : many}`;
