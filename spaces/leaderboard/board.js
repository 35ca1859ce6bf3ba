// Headings and pager are buttons inside one gr.HTML; a redraw must give the focus back.
element.addEventListener('click', event => {
  const name = event.target.closest('[data-language]');
  if (name && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    trigger('open', {language: name.dataset.language});
    return;
  }
  const button = event.target.closest('[data-sort], [data-page]');
  if (!button || button.disabled) return;
  const {sort, page} = button.dataset;
  element.dataset.last = sort ? `[data-sort="${sort}"]` : '.k-pager button:enabled';
  if (sort) trigger('sort', {by: sort}); else trigger('turn', {page: Number(page)});
});
watch('value', () => {
  const last = element.dataset.last;
  if (!last) return;
  delete element.dataset.last;
  element.querySelector(last)?.focus({preventScroll: true});
  if (!last.startsWith('[')) element.scrollIntoView({block: 'start'});
});
