// Says truthfully whether the page follows the platform, and keeps what the reader opened.

const words = { live: "Live", lost: "Connection lost, trying again", still: "Not live" };

/** @param {HTMLElement} line the element that holds the page's stream */
export function followStream(line) {
  const say = (state) => {
    if (line.dataset.state === state) return;
    line.dataset.state = state;
    line.querySelector(".live-word").textContent = words[state];
  };
  line.addEventListener("htmx:sse:after:connection", () => say("live"));
  line.addEventListener("htmx:sse:after:message", () => say("live"));
  line.addEventListener("htmx:sse:error", () => say("lost"));
  line.addEventListener("htmx:sse:close", () => say("still"));
  line.addEventListener("htmx:error", () => say("lost"));
}

// A table that was unfolded stays unfolded when its part of the page is drawn again:
// whether it is open is the reader's, never the server's.
window.htmx.registerExtension("keep-open", {
  htmx_before_morph_attr: (element, detail) => !(element instanceof HTMLDetailsElement && detail.attrName === "open"),
});
