// The ready-list inspector.
import { Inspector } from "./inspecting.js";

function render({ model, el }) {
  el.classList.add("zh");
  const inspector = new Inspector(model, el);
  el.inspector = inspector;
  return () => inspector.remove();
}
export default { render };
