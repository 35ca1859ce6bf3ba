"""The JavaScript of the page. Nothing here builds HTML."""

from __future__ import annotations

from i18n import ENGLISH, translations

# A click on a button that has `data-pick` becomes a `pick` event of the component with that text.
PICK = """
element.addEventListener('click', event => {
  const button = event.target.closest('[data-pick]');
  if (button) trigger('pick', {text: button.dataset.pick});
});
"""
# Sets language, script and direction of the conversation, and keeps a link to the current selection
# in the address bar.
APPLY_PAGE_STATE = """
const apply = () => {
  const state = element.querySelector('[data-page-state]')?.dataset;
  if (!state) return;
  const fields = '#adapter-chat, #base-chat, #message-box, #correction';
  for (const field of document.querySelectorAll(fields)) {
    field.dataset.script = state.script;
    for (const part of [field, ...field.querySelectorAll('textarea')]) {
      part.lang = state.lang; part.dir = state.dir;
    }
  }
  const address = new URL(location.href);
  for (const [key, value] of new URLSearchParams(state.query)) address.searchParams.set(key, value);
  for (const used of ['prompt', 'compare', 'words']) address.searchParams.delete(used);
  history.replaceState(history.state, '', address);
};
watch('value', apply);
apply();
"""
# The next row starts at the top: on a phone, the buttons of the last one are far below it.
SHOW_ROW = """
watch('value', () => {
  if (element.getBoundingClientRect().top < 0) element.scrollIntoView({block: 'start'});
});
"""
# One key for each decision, except while somebody types. F goes to the box until it is edited.
SHORTCUTS = """
const buttons = {
  k: '#review-keep', f: '#review-fix', d: '#review-drop', s: '#review-skip', u: '#review-undo',
  a: '#accept, #blind-a', b: '#blind-b', n: '#blind-tie', r: '#refuse'};
document.addEventListener('keydown', event => {
  const selector = buttons[event.key.toLowerCase()];
  const button = selector && document.querySelector(selector);
  const types = event.target.closest('textarea, input:not([type=checkbox]), [contenteditable]');
  if (!button || types || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  const box = document.querySelector('#review-answer textarea');
  const answer = document.querySelector('[data-answer]')?.dataset.answer;
  if (button.id === 'review-fix' && box?.value.trim() === answer) box.focus();
  else button.click();
});
"""
# In place of Gradio's own click: it forgets all of the address but the first parameter. A browser
# that blocks the cookies of frames cannot sign in there, so a page of its own opens. Gradio's page
# takes leaving for a lost connection and loads itself again two seconds later, which a slow Hub
# outlasts: so a page that waits for the Hub takes its place at once.
SIGN_IN = """
element.closest('.k-sign-in').addEventListener('click', event => {
  const button = event.target.closest('button');
  if (!button) return;
  event.stopImmediatePropagation();
  const isSignIn = (button.dataset.english ?? button.textContent.trim()) === SIGN_IN;
  const target = encodeURIComponent(location.pathname + location.search);
  const address = `${isSignIn ? '/login/huggingface' : '/logout'}?_target_url=${target}`;
  if (!isSignIn || window.self !== window.top) {
    window.open(address, isSignIn ? '_blank' : '_self');
    return;
  }
  const page = `<meta http-equiv="refresh" content="0;url=${location.origin}${address}">`;
  window.open(URL.createObjectURL(new Blob([page], {type: 'text/html'})), '_self');
}, true);
""".replace("SIGN_IN", repr(translations(ENGLISH)("sign_in")))
# Saves the conversation that the browser keeps as a file.
EXPORT = """saved => {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(
    new Blob([JSON.stringify(saved, null, 2)], {type: 'application/json'}));
  link.download = 'kakugo-chat.json';
  link.click();
}"""
COPY = "link => { navigator.clipboard?.writeText(link).catch(() => {}); }"
SHOW_FEEDBACK_FORM = (
    "() => { document.querySelector('#feedback-form')?.scrollIntoView({block: 'nearest'}); }"
)
