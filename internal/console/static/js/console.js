// Entry of the console's own script: everything here only adds to pages that work without it.
import { followStream } from "./live.js";
import { listenForKeys } from "./keys.js";
import { openPalette, preparePalette } from "./palette.js";
import { prepareVerify } from "./verify.js";

followStream(document.getElementById("live"));
preparePalette(document.getElementById("palette"));
prepareVerify(document.getElementById("entry-verify"));

const help = /** @type {HTMLDialogElement} */ (document.getElementById("help"));
listenForKeys({ palette: openPalette, help: () => help.showModal() });

for (const [id, open] of [["open-palette", openPalette], ["open-help", () => help.showModal()]]) {
  const button = document.getElementById(id);
  button.hidden = false;
  button.addEventListener("click", open);
}
