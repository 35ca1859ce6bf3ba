// A click on a language's name opens its page here; with a modifier key the browser follows the link.
element.addEventListener('click', event => {
  const name = event.target.closest('[data-language]');
  if (!name || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  trigger('open', {language: name.dataset.language});
});
