// The address of the page is the view it shows; in a Space's frame the Hub's own address is told too.
const tell = () => {
  const bar = element.querySelector('[data-query]');
  if (!bar || document.querySelector('[data-code]')) return;
  const asked = bar.dataset.query;
  const own = location.search.replace(/^\?/, '').split('&').filter(part => part.startsWith('__'));
  const query = [...own, asked].filter(Boolean).join('&');
  history.replaceState(null, '', query ? `?${query}` : location.pathname);
  if (window.parent !== window) window.parent.postMessage({queryString: asked}, 'HUB');
};
watch('value', tell);
tell();
