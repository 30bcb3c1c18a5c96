// What the load panel has measured.
import { Load } from "./load.js";
import { element } from "./page.js";

function render({ model, el }) {
  el.classList.add("zh");
  const root = element("div", "zh-runs", el), load = new Load(root), update = () => load.show(model.get("load"));
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", "Load tests");
  model.on("change:load", update);
  update();
  return () => { load.end(); model.off("change:load", update); };
}
export default { render };
