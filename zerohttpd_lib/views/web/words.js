// What has just happened, in one sentence.
import { eventNames } from "./recording.js";

const count = (n) => n.toLocaleString("en");
const BLOCKED = 1000; // microseconds that a call took: it has blocked

export const isBlocked = (step) => (step.took ?? 0) >= BLOCKED;

// Whose a descriptor is. `list`: what is watched, as in Recording.listAt.
export function who(recording, fd, role, list) {
  const item = list?.get(fd);
  if (role === "client") return item?.peer ? `${recording.nameOf(item.peer)}'s socket, fd ${fd}` : `a client's socket, fd ${fd}`;
  if (role === "redis") return item?.owner ? `the Redis connection for ${recording.nameOf(item.owner)}, fd ${fd}` : `a Redis connection, fd ${fd}`;
  return { listener: "the listening socket", unknown: `a new socket, fd ${fd}`, other: `fd ${fd}` }[role] ?? `${role}, fd ${fd}`;
}

export function inWords(recording, { wait, step, list, blocked, waitName }) {
  const poll = recording.meta.how === "poll", its = poll ? "its array" : "the interest list";
  if (step.kind === "called") return called(wait, waitName, poll);
  if (step.kind === "returned") return returned(recording, wait, waitName);
  if (step.kind === "cut") return "The record ends here. What the server did next was not recorded.";
  if (step.kind === "stuck") return step.words;
  if (step.kind === "turn") return turned(recording, wait.ready[step.index], list);
  const whom = who(recording, step.fd, step.role, list);
  if (step.kind === "watch") return `It puts ${whom} ${poll ? "into" : "on"} ${its}, for ${eventNames(step.number)}.`;
  if (step.kind === "modify") return `It changes what ${whom} is watched for, in ${its}: ${eventNames(step.number)}.`;
  if (step.kind === "forget") return `It takes ${whom} ${poll ? "out of" : "off"} ${its}.`;
  const said = `${step.system}() on ${whom}: ${outcome(step)}.`;
  return blocked ? `${said} It took ${(step.took / 1000).toFixed(0)} ms. Until it returned, nobody else was served.` : said;
}

function called(wait, waitName, poll) {
  const all = `${count(wait.watched)} ${wait.watched === 1 ? "descriptor" : "descriptors"}`;
  return poll
    ? `The server calls ${waitName}, and hands over its array: ${all}. Until one of them is ready, the server may sleep.`
    : `The server calls ${waitName}, and hands over nothing. The kernel has its list: ${all}. Until one is ready, the server may sleep.`;
}

function returned(recording, wait, waitName) {
  const us = (wait.returned - wait.called) * 1e6, ready = wait.ready.length;
  const said = `${waitName} returns after ${us < 10 ? us.toFixed(1) : count(Math.round(us))} µs: ${ready === 0 ? "nobody is" : `${count(ready)} ${ready === 1 ? "is" : "are"}`} ready.`;
  if (!ready || wait.inOrder || (wait.done === null && recording.meta.details)) return said;
  return `${said} ${recording.meta.details ? "In which order the server turned to them was not recorded." : "What it did for each of them was not recorded."}`;
}

function turned(recording, entry, list) {
  if (!entry) return "It has been through the list. What it does now is for all who were on it.";
  const next = entry.step ? ` Next for it: ${entry.step}.` : "";
  return `The server turns to ${who(recording, entry.fd, entry.role, list)}: ${eventNames(entry.number)}.${next}`;
}

// What has come of a call on a socket.
export function outcome(step) {
  if (step.problem) return step.problem === "EAGAIN" ? "EAGAIN, there is nothing more" : step.problem;
  const bytes = `${count(step.count)} bytes`;
  if (step.name === "receive") return step.count ? `${bytes}${step.full ? ", perhaps not all" : ""}` : "the end of input";
  if (step.name === "send") return bytes;
  return step.name === "accept" ? `a new client, fd ${step.count}` : "done";
}
