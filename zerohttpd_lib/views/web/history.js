// What a descriptor number stood for, one life after the other: the kernel gives a number that is closed to the next one.
import { kindOf, rowsOf } from "./rows.js";

// Sentences, the newest life that began at or before wait `i` last; and how many lives there are in all.
export function livesOf(recording, fd, i) {
  const lives = [];
  let life = null;
  const begin = (wait, row) => { life = { born: wait, role: row.role, peer: row.peer, ready: 0, died: null }; lives.push(life); };
  const there = recording.wholeListAt(0)?.get(fd);
  if (there) begin(null, there);
  for (const { wait, row } of rowsOf(recording, fd)) {
    const kind = kindOf(recording, row);
    if (kind === "watch") begin(wait, row);
    else if (!life) begin(null, row);
    if (kind === "ready") life.ready += 1;
    if (kind === "forget") { life.died = wait; life = null; }
  }
  const near = lives.filter((each) => each.born === null || each.born <= i).slice(-4);
  return { lines: (near.length ? near : lives.slice(0, 4)).map((each) => inSentence(recording, fd, each)), count: lives.length };
}

function inSentence(recording, fd, { born, role, peer, ready, died }) {
  const at = (wait) => `in wait ${recording.number(wait).toLocaleString("en")}`;
  const [verb, end] = role === "client" ? ["accepted", "closed"] : ["watched", "forgotten"];
  const began = born === null ? `${verb} before the oldest wait shown` : `${verb} ${at(born)}`;
  return `fd ${fd}: ${role} ${peer}, ${began}, ready ${ready === 1 ? "once" : `${ready} times`}, ${died === null ? "watched still" : `${end} ${at(died)}`}`.replace(" ,", ",");
}
