// A suggestion is filled into the form.
element.addEventListener('click', event => {
  const suggestion = event.target.closest('[data-pick]');
  if (suggestion) trigger('pick', {code: suggestion.dataset.pick});
});
