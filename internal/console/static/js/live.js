// Says truthfully whether the page follows the platform, and keeps what the reader opened.

const words = { live: "Live", lost: "Connection lost, trying again", stale: "The server does not answer: what you see is old", still: "Not live" };

/** The server says every two seconds that it is there; this many milliseconds without a word make the page old. */
const patience = 4000;

/** @param {HTMLElement} line the element that holds the page's stream */
export function followStream(line) {
  const say = (state) => {
    if (line.dataset.state === state) return;
    line.dataset.state = state;
    line.querySelector(".live-word").textContent = words[state];
  };
  let heard = Date.now();
  const hear = () => { heard = Date.now(); say("live"); };
  line.addEventListener("htmx:sse:after:connection", hear);
  line.addEventListener("htmx:sse:after:message", hear);
  document.addEventListener("visibilitychange", () => { heard = Date.now(); }); // a hidden page does not listen
  setInterval(() => {
    if (line.dataset.state === "live" && !document.hidden && Date.now() - heard > patience) say("stale");
  }, 500);
  line.addEventListener("htmx:sse:error", () => say("lost"));
  line.addEventListener("htmx:sse:close", () => say("still"));
  line.addEventListener("htmx:error", () => say("lost"));
}

// A table that was unfolded stays unfolded when its part of the page is drawn again:
// whether it is open is the reader's, never the server's.
window.htmx.registerExtension("keep-open", {
  htmx_before_morph_attr: (element, detail) => !(element instanceof HTMLDetailsElement && detail.attrName === "open"),
});
