// The page of one language has an address of its own; the way back keeps the filters.
element.addEventListener('click', event => {
  if (!event.target.closest('[data-back]')) return;
  event.preventDefault();
  trigger('back', {});
});
const tell = () => {
  const page = element.querySelector('[data-code]');
  if (!page) return;
  const asked = `language=${page.dataset.code}`;
  history.replaceState(null, '', `?${asked}`);
  if (window.parent !== window) window.parent.postMessage({queryString: asked}, 'HUB');
  page.querySelector('h2').focus({preventScroll: true});
  window.scrollTo(0, 0);
};
watch('value', tell);
tell();
