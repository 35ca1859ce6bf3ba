// Gives the page the language of the interface: the heading says which one, and has our words for
// the texts that Gradio writes itself, in English.
const english = new WeakMap(); // node → attribute, or '' for its text → [English, shown]
const translate = (node, name, shown, labels, show) => {
  const known = english.get(node) ?? english.set(node, {}).get(node);
  if (known[name]?.[1] !== shown) known[name] = [shown, shown]; // Gradio has changed it
  const [, head, tail] = known[name][0].match(/^(.*?)((?:: | \().*)?$/s);
  const own = Object.hasOwn(labels, head) ? labels[head] + (tail ?? '') : known[name][0];
  known[name][1] = own;
  if (own !== shown) show(own);
};
const localize = () => {
  const state = document.querySelector('[data-ui-lang]')?.dataset;
  if (!state) return;
  const title = `${document.querySelector('h1').textContent} · Kakugo`;
  if (document.title !== title) document.title = title;
  document.documentElement.lang = state.uiLang;
  document.querySelector('.gradio-container').dir = state.uiDir;
  const labels = JSON.parse(state.labels);
  for (const name of ['title', 'aria-label']) {
    for (const node of document.querySelectorAll(`.gradio-container [${name}]`)) {
      translate(node, name, node.getAttribute(name), labels, own => node.setAttribute(name, own));
    }
  }
  for (const parent of document.querySelectorAll('.k-sign-in button, [role=status].sr-only')) {
    for (const node of parent.childNodes) {
      if (node.nodeType === Node.TEXT_NODE && node.data.trim()) {
        translate(node, '', node.data.trim(), labels, own => { node.data = own; });
        parent.dataset.english = english.get(node)[''][0];
      }
    }
  }
  for (const node of document.querySelectorAll('#waiting-rows [title]')) node.removeAttribute('title');
};
let isPlanned = false;
new MutationObserver(() => {
  if (isPlanned) return;
  isPlanned = true;
  requestAnimationFrame(() => { isPlanned = false; localize(); });
}).observe(document, {subtree: true, childList: true, characterData: true, attributeFilter: ['title', 'aria-label']});
