// The button opens the tab with the form, which a phone hides in a menu.
element.addEventListener('click', event => {
  if (event.target.closest('[data-ask]')) trigger('ask', {});
});
