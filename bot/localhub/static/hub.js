// Keeps a page fresh while one looks at it: a log that grows, parts that change. Every page says all
// it has to say without this script too.
"use strict";

// <pre data-stream="URL of server-sent events">: the log from its start, at its end unless scrolled up.
for (const box of document.querySelectorAll("[data-stream]")) {
  const source = new EventSource(box.dataset.stream);
  let fresh = true;
  source.onopen = () => { fresh = true; };
  source.onmessage = (event) => {
    const line = JSON.parse(event.data).data;
    if (fresh) { box.textContent = ""; fresh = false; }
    if (line.startsWith("===== Job started")) return;
    const follow = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
    box.append(line + "\n");
    if (follow) box.scrollTop = box.scrollHeight;
  };
  source.onerror = () => { source.close(); };
}
for (const box of document.querySelectorAll("pre.log")) box.scrollTop = box.scrollHeight;

// <div id data-live="seconds">: replaced when the server tells it otherwise.
async function refresh(part) {
  if (document.hidden) return;
  const answer = await fetch(location.href, { credentials: "same-origin" });
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const next = page.getElementById(part.id);
  if (!next) return location.reload();
  if (next.innerHTML !== part.dataset.seen) {
    part.dataset.seen = next.innerHTML;
    part.innerHTML = next.innerHTML;
  }
  if (next.dataset.live === undefined) { clearInterval(part.timer); delete part.dataset.live; }
}
for (const part of document.querySelectorAll("[data-live]")) {
  part.dataset.seen = part.innerHTML;
  part.timer = setInterval(() => refresh(part).catch(() => {}), 1000 * part.dataset.live);
}

// <button data-copy="id">: copies the text of an element.
for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.onclick = async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).innerText);
    button.textContent = "Copied";
  };
}
