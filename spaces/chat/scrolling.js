// Gradio's conversation scrolls to its end up to 300 ms after each change, even from under a pointer
// that is down, whose click is then lost, and so often that nobody can read the start of an answer
// while it is written. It waits here until the person has been quiet for longer than that.
const QUIET_MS = 400;
let isDown = false, lastMoved = -Infinity;
const inConversation = event => event.target.closest?.('.bubble-wrap');
const listen = (names, act) => {
  for (const name of names) addEventListener(name, act, {capture: true, passive: true});
};
listen(['wheel', 'touchmove', 'keydown'], event => {
  if (inConversation(event)) lastMoved = performance.now();
});
// Only the main button: when another one opens a menu, many browsers never report its release.
listen(['pointerdown'], event => { isDown = !event.button && Boolean(inConversation(event)); });
listen(['pointerup', 'pointercancel'], () => {
  if (isDown) lastMoved = performance.now();
  isDown = false;
});
const {scrollTo} = Element.prototype;
Element.prototype.scrollTo = function (...to) {
  const isHeld = isDown || performance.now() - lastMoved < QUIET_MS;
  if (!isHeld || !this.matches('.bubble-wrap')) scrollTo.apply(this, to);
};
