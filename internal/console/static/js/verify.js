// The button that verifies one entry in this browser, and what it found.
import { hex, leaf, verify } from "./proof.js";

const pinned = "fournines-journal-key"; // the key that this browser saw first

/** Shows the button and says what it found in the element that it names. */
export function prepareVerify(button) {
  if (!button || !globalThis.crypto?.subtle) return; // without a secure origin there is no cryptography
  const answer = document.getElementById(button.dataset.answer);
  button.hidden = false;
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      answer.replaceChildren(...await lines(button.dataset));
      answer.dataset.verdict = "ok";
    } catch (error) {
      answer.replaceChildren(paragraph("✘ Not proved: " + reason(error)));
      answer.dataset.verdict = "bad";
    }
    button.disabled = false;
  });
}

async function lines({ proof: address, leaf: shown }) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(await response.text());
  const proof = await response.json();
  const size = await verify(proof);
  if (hex(await leaf(proof.entry)) !== shown) throw new Error("the proved entry is not the one that this page shows");
  return [
    paragraph(`✔ Proved in this browser: entry ${proof.index} is one of the ${size} entries under a signed checkpoint.`),
    paragraph(pin(proof.key)),
    paragraph(proof.key, "hash"),
  ];
}

// pin compares the key with the one that this browser has seen first.
function pin(key) {
  const known = localStorage.getItem(pinned);
  if (known === null) {
    localStorage.setItem(pinned, key);
    return "This browser sees the journal's key for the first time and remembers it:";
  }
  if (known !== key) throw new Error(`the journal's key is another than this browser has known: it was ${known} and is ${key}`);
  return "Signed with the key that this browser has known before:";
}

const reason = (error) => error.name === "NotSupportedError" ? "this browser cannot check Ed25519 signatures; use fournines journal check" : error.message;

function paragraph(words, kind) {
  const p = document.createElement("p");
  const inner = kind ? p.appendChild(document.createElement("code")) : p;
  inner.textContent = words;
  if (kind) inner.className = kind;
  return p;
}
