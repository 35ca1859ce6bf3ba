"""The few lines of JavaScript of the page. Nothing here builds HTML."""

# A click on a button that carries `data-pick` is an event of the component, with that text.
PICK = """
element.addEventListener('click', event => {
  const button = event.target.closest('[data-pick]');
  if (button) trigger('pick', {text: button.dataset.pick});
});
"""
# Tells the browser language, script and direction of the conversation and of the interface, and
# keeps the address a permalink.
MOOD = """
const tell = () => {
  const told = element.querySelector('[data-mood]')?.dataset;
  if (!told) return;
  document.documentElement.lang = told.ui;
  document.querySelector('.gradio-container').dir = told.uidir;
  for (const one of document.querySelectorAll('#talk, #base, #say, #better')) {
    one.dataset.script = told.script;
    for (const part of [one, ...one.querySelectorAll('textarea')]) {
      part.lang = told.lang; part.dir = told.dir;
    }
  }
  const address = new URL(location.href);
  for (const [key, value] of new URLSearchParams(told.query)) address.searchParams.set(key, value);
  for (const once of ['prompt', 'compare']) address.searchParams.delete(once);
  history.replaceState(history.state, '', address);
};
watch('value', tell);
tell();
"""
# Adds the page's own address to the inputs of the share button.
HERE = "(...given) => [...given.slice(0, -1), location.origin + location.pathname]"
COPY = "link => { navigator.clipboard?.writeText(link).catch(() => {}); }"
FOCUS = "() => { document.querySelector('#opinion')?.scrollIntoView({block: 'nearest'}); }"
