// The page of one language has its own address; the way back keeps the filters.
element.addEventListener('click', event => {
  if (!event.target.closest('[data-back]')) return;
  event.preventDefault();
  trigger('back', {});
});
const updateAddress = () => {
  const page = element.querySelector('[data-code]');
  if (!page) return;
  const view = `language=${page.dataset.code}`;
  history.replaceState(null, '', `?${view}`);
  if (window.parent !== window) window.parent.postMessage({queryString: view}, 'HUB');
  page.querySelector('h2').focus({preventScroll: true});
  window.scrollTo(0, 0);
};
watch('value', updateAddress);
updateAddress();
