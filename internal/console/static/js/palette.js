// The palette finds every page and verb by name. It is filled by the server each time it opens.

let dialog, input, list;

/** @param {HTMLElement} element */
export function preparePalette(element) {
  dialog = /** @type {HTMLDialogElement} */ (element);
  input = /** @type {HTMLInputElement} */ (dialog.querySelector("input"));
  list = dialog.querySelector("#palette-list");
  input.addEventListener("input", narrow);
  input.addEventListener("keydown", choose);
  dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
  list.addEventListener("click", () => dialog.close());
}

export async function openPalette() {
  if (dialog.open) return;
  input.value = "";
  dialog.showModal();
  try {
    const answer = await fetch("/palette");
    if (!answer.ok) throw new Error(`the server answered ${answer.status}`);
    list.innerHTML = await answer.text();
  } catch (problem) {
    list.textContent = `The list could not be read: ${problem.message}.`;
  }
  narrow();
}

const shown = () => [...list.querySelectorAll('a[role="option"]:not([hidden])')];

// narrow shows the lines that hold every word typed, in any order.
function narrow() {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const link of list.querySelectorAll("a")) {
    const text = link.textContent.toLowerCase();
    link.hidden = !words.every((word) => text.includes(word));
  }
  for (const title of list.querySelectorAll(".palette-group")) {
    let next = title.nextElementSibling;
    while (next?.matches("a[hidden]")) next = next.nextElementSibling;
    title.hidden = !next?.matches("a");
  }
  mark(shown()[0]);
}

function mark(link) {
  for (const other of list.querySelectorAll('[aria-selected="true"]')) other.setAttribute("aria-selected", "false");
  input.removeAttribute("aria-activedescendant");
  if (!link) return;
  link.setAttribute("aria-selected", "true");
  link.scrollIntoView({ block: "nearest" });
  input.setAttribute("aria-activedescendant", link.id);
}

function choose(event) {
  const links = shown();
  const at = links.findIndex((link) => link.getAttribute("aria-selected") === "true");
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step && links.length) {
    event.preventDefault();
    mark(links[(at + step + links.length) % links.length]);
  }
  if (event.key === "Enter" && links[at]) {
    event.preventDefault();
    links[at].click();
  }
}
