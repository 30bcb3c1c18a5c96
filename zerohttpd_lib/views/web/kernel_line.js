// In a panel of ipywidgets: once its kernel has gone, a line says so, and none of its controls can be used any more.
import { kernelLine } from "./kernel.js";

function render({ model, el }) {
  el.classList.add("zh");
  return kernelLine(model, el, el, () => {
    const panel = el.closest(".zerohttpd-panel");
    panel?.classList.add("zh-kernel-has-ended");
    for (const control of panel?.querySelectorAll(".widget-hbox :is(button, input, select)") ?? []) control.disabled = true;
  });
}
export default { render };
