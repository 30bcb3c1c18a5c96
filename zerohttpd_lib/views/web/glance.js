// For one event: how many descriptors did the kernel look at? A square for each, of every server at one scale.
import { drawAgain, element } from "./page.js";
import { Sheet } from "./sheet.js";

const SIDES = [7, 5, 3, 2]; // pixels of a square, the largest that leaves the picture low enough
const HIGHEST = 110; // pixels

// `servers`: each with a title, and `looked` at for an event (null: nothing was ready).
export function lookedAt(servers, parent) {
  const box = element("div", "zh-looked-at", parent), most = Math.max(1, ...servers.map(({ looked }) => Math.round(looked ?? 0)));
  element("h4", "zh-title", box).textContent = "To hear of one event, the kernel looked at";
  const rows = servers.map((server) => {
    const row = element("div", "zh-looked-row", box), words = element("div", "zh-looked-words", row);
    const name = element("b", "", words), number = element("span", "zh-clock", words);
    [name.textContent, name.style.color] = [server.title, `var(--zh-${server.title}, var(--zh-ink))`];
    number.textContent = server.looked === null ? "–" : server.looked.toLocaleString("en", { maximumFractionDigits: server.looked < 10 ? 1 : 0 });
    element("span", "zh-words", words).textContent = server.looked === null ? "nothing was ready" : Math.round(server.looked * 10) === 10 ? "descriptor" : "descriptors";
    return { server, sheet: new Sheet(element("div", "zh-squares", row), 1, "") };
  });
  rows.forEach(({ sheet }) => sheet.canvas.setAttribute("aria-hidden", "true"));
  const scale = element("p", "zh-note", box);
  return drawAgain(box, () => rows.forEach((row) => drawSquares(row, most, scale)));
}

function drawSquares({ server, sheet }, most, scale) {
  const width = sheet.canvas.parentElement.clientWidth, rowsOf = (count, side) => Math.ceil(count / Math.max(1, Math.floor(width / (side + 1))));
  const side = SIDES.find((each) => rowsOf(most, each) * (each + 1) <= HIGHEST) ?? SIDES.at(-1);
  const each = Math.max(1, Math.ceil((rowsOf(most, side) * (side + 1)) / HIGHEST)), count = Math.round((server.looked ?? 0) / each);
  const columns = Math.max(1, Math.floor(width / (side + 1)));
  sheet.height = Math.max(1, Math.ceil(count / columns)) * (side + 1);
  scale.textContent = `A square is ${each === 1 ? "one descriptor" : `${each} descriptors`}${count === 0 && server.looked ? "; of fewer none is drawn" : ""}.`;
  if (!sheet.begin()) return;
  for (let n = 0; n < count; n++) {
    sheet.box((n % columns) * (side + 1), Math.floor(n / columns) * (side + 1), side, side, sheet.colour(n === count - 1 ? "ready" : "looked"));
  }
}
