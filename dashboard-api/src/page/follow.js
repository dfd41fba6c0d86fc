"use strict";
(() => {
  const SHOWN_MAX = 30;
  const feed = document.getElementById("feed");
  const state = document.getElementById("state");
  const waiting = [];
  let drawn = false;
  const say = (text) => { if (state.textContent !== text) state.textContent = text; };
  const draw = () => {
    drawn = false;
    for (const text of waiting.splice(0).slice(-SHOWN_MAX)) {
      const item = document.createElement("li");
      item.textContent = text;
      feed.prepend(item);
    }
    while (feed.childElementCount > SHOWN_MAX) feed.lastElementChild.remove();
  };
  const put = (text) => {
    waiting.push(text);
    if (waiting.length > SHOWN_MAX) waiting.shift();
    if (!drawn) { drawn = true; setTimeout(draw, 250); }
  };
  const source = new EventSource("/v1/stream?after=" + encodeURIComponent(feed.dataset.after));
  source.onopen = () => say("Following.");
  source.onerror = () => say("Not connected; trying again.");
  source.onmessage = (event) => {
    const it = JSON.parse(event.data);
    put(`${it.time}  ${it.source}  ${it.name}  ${it.asset ?? it.key}`);
  };
  source.addEventListener("resync", () => {
    say("Some were missed; reload to see everything as it stands.");
  });
})();
