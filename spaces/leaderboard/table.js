// Headings and pager are elements inside one gr.HTML; a redraw must restore the focus, and
// which entries are chosen for a comparison, on whatever page they are.
const MAX_COMPARED = 4;
const chosen = new Set();
const showChosen = () => {
  for (const box of element.querySelectorAll('[data-key]')) {
    box.checked = chosen.has(box.dataset.key);
    box.disabled = !box.checked && chosen.size === MAX_COMPARED;
  }
  const bar = element.querySelector('.k-compare');
  if (!bar) return;
  const button = bar.querySelector('[data-compare]');
  bar.hidden = chosen.size === 0;
  button.disabled = chosen.size < 2;
  button.innerText = chosen.size < 2 ? 'Choose another one to compare' : `Compare ${chosen.size} models`;
};
element.addEventListener('change', event => {
  const key = event.target.dataset?.key;
  if (!key) return;
  if (event.target.checked) chosen.add(key); else chosen.delete(key);
  showChosen();
});
element.addEventListener('click', event => {
  if (event.target.closest('[data-compare]')) trigger('compare', {keys: [...chosen]});
  if (event.target.closest('[data-clear]')) {
    chosen.clear();
    showChosen();
  }
  const button = event.target.closest('[data-sort], [data-page]');
  if (!button || button.disabled) return;
  const {sort, page} = button.dataset;
  element.dataset.clicked = sort ? `[data-sort="${sort}"]` : '.k-pager button:enabled';
  if (sort) trigger('sort', {by: sort}); else trigger('change_page', {page: Number(page)});
});
watch('value', () => {
  showChosen();
  const clicked = element.dataset.clicked;
  if (!clicked) return;
  delete element.dataset.clicked;
  element.querySelector(clicked)?.focus({preventScroll: true});
  if (!clicked.startsWith('[')) element.scrollIntoView({block: 'start'});
});
