// Headings, names and pager are elements inside one gr.HTML; a redraw must restore the focus.
element.addEventListener('click', event => {
  const name = event.target.closest('[data-language]');
  if (name && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    trigger('open', {language: name.dataset.language});
    return;
  }
  const details = event.target.closest('[data-details]');
  if (details) {
    const row = details.closest('tr').nextElementSibling;
    row.hidden = !row.hidden;
    details.setAttribute('aria-expanded', String(!row.hidden));
    return;
  }
  const button = event.target.closest('[data-sort], [data-page]');
  if (!button || button.disabled) return;
  const {sort, page} = button.dataset;
  element.dataset.clicked = sort ? `[data-sort="${sort}"]` : '.k-pager button:enabled';
  if (sort) trigger('sort', {by: sort}); else trigger('change_page', {page: Number(page)});
});
watch('value', () => {
  const clicked = element.dataset.clicked;
  if (!clicked) return;
  delete element.dataset.clicked;
  element.querySelector(clicked)?.focus({preventScroll: true});
  if (!clicked.startsWith('[')) element.scrollIntoView({block: 'start'});
});
