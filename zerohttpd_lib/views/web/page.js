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
