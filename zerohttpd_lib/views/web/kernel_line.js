// In a panel of ipywidgets: once its kernel has gone, a line says so, and none of its controls can be used any more.
import { kernelLine } from "./kernel.js";

const CONTROLS = ".widget-hbox :is(button, input, select):enabled";

function render({ model, el }) {
  el.classList.add("zh");
  const late = new MutationObserver(disable); // what the kernel has said at last may arrive after its end
  function disable() {
    for (const control of el.closest(".zerohttpd-panel").querySelectorAll(CONTROLS)) control.disabled = true;
  }
  const stop = kernelLine(model, el, el, () => {
    const panel = el.closest(".zerohttpd-panel");
    panel.classList.add("zh-kernel-has-ended");
    late.observe(panel, { subtree: true, childList: true, attributes: true, attributeFilter: ["disabled"] });
    disable();
  });
  return () => { stop(); late.disconnect(); };
}
export default { render };
