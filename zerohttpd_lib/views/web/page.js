// What all components need of the page that they are on.

export function element(name, className, parent) {
  const made = document.createElement(name);
  made.className = className;
  parent?.append(made);
  return made;
}

// JupyterLab says in an attribute of the body which theme it has; a page of its own, in the system's preference.
export function onNewTheme(act) {
  const observer = new MutationObserver(act);
  observer.observe(document.body, { attributes: true, attributeFilter: ["data-jp-theme-light", "class"] });
  return observer;
}

// Draw now, at another width, and in another theme; returns what ends that.
export function drawAgain(box, draw) {
  const themed = onNewTheme(draw), sized = new ResizeObserver(draw); // which is called, too, when it comes onto the page
  sized.observe(box);
  return () => { themed.disconnect(); sized.disconnect(); };
}

export function button(text, title, parent, act) {
  const made = element("button", "zh-button", parent);
  Object.assign(made, { type: "button", textContent: text, title });
  made.addEventListener("click", act);
  return made;
}

// Keys of a control, by name. JupyterLab has uses of its own for most keys.
export function onKeys(box, acts) {
  box.addEventListener("keydown", (event) => {
    if (!acts[event.key] || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    acts[event.key](event.shiftKey);
  });
}

// A table of texts and elements. Of each row the first `left` cells are words, the others numbers.
export function table(head, rows, parent, left = head.length, caption = "") {
  const frame = element("div", "zh-table-frame", parent), made = element("table", "zh-table", frame);
  Object.assign(frame, { tabIndex: 0 });
  frame.setAttribute("role", "group");
  frame.setAttribute("aria-label", caption || head.filter(Boolean).join(", "));
  if (caption) element("caption", "", made).textContent = caption;
  const line = (cells, section, tag) => {
    const row = element("tr", "", section);
    cells.forEach((cell, n) => {
      const box = element(tag === "th" && !cell ? "td" : tag, n < left ? "zh-text" : "zh-number", row);
      if (cells.length === 1 && head.length > 1) box.colSpan = head.length;
      if (tag === "th" && cell) box.scope = "col";
      box.append(cell);
    });
    return row;
  };
  if (head.some(Boolean)) line(head, element("thead", "", made), "th");
  const body = element("tbody", "", made);
  rows.forEach((cells) => line(cells, body, "td"));
  return made;
}

// Whose a descriptor is, in its colour.
export function roleOf(role) {
  const made = element("b", `zh-role zh-role-${role}`);
  made.textContent = role || "not recorded";
  return made;
}

// What a colour stands for.
export function keyed(parent, name, words) {
  element("i", name, parent);
  parent.append(`${words} `);
}

// To the kernel, where there is one.
export function keep(model, name, value) {
  if (!model.set) return;
  model.set(name, value);
  model.save_changes();
}
