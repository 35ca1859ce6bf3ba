// A suggestion is filled into the form; a language that is on the leaderboard is opened.
element.addEventListener('click', event => {
  const suggestion = event.target.closest('[data-pick]');
  const name = event.target.closest('[data-language]');
  if (suggestion) trigger('pick', {code: suggestion.dataset.pick});
  else if (name && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    trigger('open', {language: name.dataset.language});
  }
});
