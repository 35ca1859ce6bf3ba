// Keeps a page up to date while it is open. Every page is complete without this script.
"use strict";

// <pre data-stream="URL">: shows server-sent events, and stays scrolled to the end.
for (const box of document.querySelectorAll("[data-stream]")) {
  const source = new EventSource(box.dataset.stream);
  let isFirst = true;
  source.onopen = () => { isFirst = true; };
  source.onmessage = (event) => {
    const line = JSON.parse(event.data).data;
    if (isFirst) { box.textContent = ""; isFirst = false; }
    if (line.startsWith("===== Job started")) return;
    const isAtEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
    box.append(line + "\n");
    if (isAtEnd) box.scrollTop = box.scrollHeight;
  };
  source.onerror = () => { source.close(); };
}
for (const box of document.querySelectorAll("pre.log")) box.scrollTop = box.scrollHeight;

// <div id data-live="seconds">: polls the page, and replaces the element when it has changed.
async function refresh(part) {
  if (document.hidden) return;
  const response = await fetch(location.href, { credentials: "same-origin" });
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  const next = page.getElementById(part.id);
  if (!next) return location.reload();
  if (next.innerHTML !== part.dataset.html) {
    part.dataset.html = next.innerHTML;
    part.innerHTML = next.innerHTML;
  }
  if (next.dataset.live === undefined) { clearInterval(part.timer); delete part.dataset.live; }
}
for (const part of document.querySelectorAll("[data-live]")) {
  part.dataset.html = part.innerHTML;
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
