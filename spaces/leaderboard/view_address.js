// Keeps the view in the address bar. Inside the Hub's page, that page gets the address as well.
const updateAddress = () => {
  const bar = element.querySelector('[data-query]');
  if (!bar || document.querySelector('[data-view]')) return;
  const view = bar.dataset.query;
  const gradioParts = location.search.replace(/^\?/, '').split('&').filter(part => part.startsWith('__'));
  const query = [...gradioParts, view].filter(Boolean).join('&');
  history.replaceState(null, '', query ? `?${query}` : location.pathname);
  if (window.parent !== window) window.parent.postMessage({queryString: view}, 'HUB');
};
watch('value', updateAddress);
updateAddress();
