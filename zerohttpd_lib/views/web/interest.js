// The interest list panel: both lists of a server, now and again.
import { Lists } from "./lists.js";
import { kernelLine } from "./kernel.js";
import { button, element, keep } from "./page.js";

function render({ model, el }) {
  el.classList.add("zh");
  const root = element("div", "zh-interest", el), bar = element("div", "zh-bar", root);
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", "Interest list");
  let stop = () => {};
  if (model.get("is_live")) {
    const look = button("Look now", "Stop the server for a moment, and read both lists", bar, () => model.send?.({ act: "look" }));
    const label = element("label", "zh-choice", bar), box = element("input", "", label);
    box.type = "checkbox";
    box.checked = model.get("always");
    label.append(" Look every second");
    box.addEventListener("change", () => keep(model, "always", box.checked));
    model.on("change:always", () => { box.checked = model.get("always"); });
    stop = kernelLine(model, el, root, () => { look.disabled = box.disabled = true; box.checked = false; });
  }
  const problem = element("p", "zh-problem", root), lists = new Lists(root);
  problem.setAttribute("role", "alert");
  const update = () => lists.show(model.get("lists")), complain = () => { problem.textContent = model.get("trouble") ? `⚠ ${model.get("trouble")}` : ""; };
  model.on("change:lists", update);
  model.on("change:trouble", complain);
  update();
  complain();
  el.lists = lists;
  return () => { stop(); lists.end(); model.off("change:lists", update); model.off("change:trouble", complain); };
}
export default { render };
