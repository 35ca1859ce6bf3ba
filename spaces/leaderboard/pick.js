// A suggestion under the form goes into it; a language that is here is opened.
element.addEventListener('click', event => {
  const choice = event.target.closest('[data-pick]');
  const name = event.target.closest('[data-language]');
  if (choice) trigger('pick', {code: choice.dataset.pick});
  else if (name && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    trigger('open', {language: name.dataset.language});
  }
});
