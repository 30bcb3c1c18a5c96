// Is there still a kernel behind a widget? A component in a page never had one.
import { element } from "./page.js";

const KERNEL_HAS_ENDED = "This panel's kernel has ended: run the cell again.";
const GONE = ["restarting", "autorestarting", "terminating", "dead"];

// `act()`, once, when the kernel that made this widget has gone. Returns what ends that.
//
// Of a restart the widget manager tells each model (comm_live_update). Of a kernel that has died, or that was shut down or
// changed for another one, it tells nobody: the notebook's session does.
export function onKernelsEnd(model, el, act) {
  const session = model.widget_manager?.context?.sessionContext, id = session?.session?.kernel?.id;
  const told = (_, status) => { if (GONE.includes(status)) end(); };
  const changed = (_, { newValue }) => { if (newValue?.id !== id) end(); };
  const stop = () => {
    model.off("comm_live_update", end);
    session?.statusChanged.disconnect(told);
    session?.kernelChanged.disconnect(changed);
  };
  const end = () => { stop(); act(); };
  model.on("comm_live_update", end);
  session?.statusChanged.connect(told);
  session?.kernelChanged.connect(changed);
  if (el.classList.contains("jupyter-widgets-disconnected")) end(); // a view that was made later
  return stop;
}

// A line at the top of `parent`, for when the kernel has gone; then `act()`. Returns what ends that.
export function kernelLine(model, el, parent, act) {
  const line = element("p", "zh-problem zh-kernel-line", parent);
  line.setAttribute("role", "status");
  return onKernelsEnd(model, el, () => {
    line.textContent = KERNEL_HAS_ENDED;
    act();
  });
}
