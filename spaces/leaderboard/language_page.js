// The page of a language or of a comparison has its own address; the way back keeps the filters.
element.addEventListener('click', event => {
  if (!event.target.closest('[data-back]')) return;
  event.preventDefault();
  trigger('back', {});
});
const updateAddress = () => {
  const page = element.querySelector('[data-view]');
  if (!page) return;
  const {view} = page.dataset;
  history.replaceState(null, '', `?${view}`);
  if (window.parent !== window) window.parent.postMessage({queryString: view}, 'HUB');
  page.querySelector('h2').focus({preventScroll: true});
  window.scrollTo(0, 0);
};
watch('value', updateAddress);
updateAddress();
