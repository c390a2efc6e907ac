// Single keys: g and a letter goes to a page, / to the first filter, ? shows help, Ctrl-K the palette.

const patience = 1200; // milliseconds between g and its letter

/** @param {Element} element */
const takesText = (element) => element.matches("input, select, textarea, [contenteditable]");

/** @param {{palette: () => void, help: () => void}} open */
export function listenForKeys(open) {
  let leader = 0;
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      open.palette();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const target = /** @type {HTMLElement} */ (event.target);
    if (takesText(target)) {
      if (event.key === "Escape") target.blur();
      return;
    }
    if (event.timeStamp - leader < patience && leader > 0) {
      leader = 0;
      const link = document.querySelector(`#sidebar a[data-key="${CSS.escape(event.key)}"]`);
      if (link) { event.preventDefault(); /** @type {HTMLElement} */ (link).click(); }
      return;
    }
    if (event.key === "g") leader = event.timeStamp;
    if (event.key === "?") open.help();
    if (event.key === "/") {
      const filter = document.querySelector("[data-filter]");
      if (filter) { event.preventDefault(); /** @type {HTMLElement} */ (filter).focus(); }
    }
  });
}
