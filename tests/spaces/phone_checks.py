"""Check what a phone shows: everything fits, can be touched, and has no serious finding of axe."""

from __future__ import annotations

import re
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Frame, Page

from bot import localhub

# What is under 24 px high or wide, except links inside of a sentence and what only readers see.
TOO_SMALL = """() => [...document.querySelectorAll('a, button, summary, input, [role=tab]')]
  .filter(element => getComputedStyle(element).display !== 'inline' ||
    ![...element.parentElement.childNodes].some(node => node.nodeType === 3 && node.data.trim()))
  .filter(element => !element.closest('.k-table > thead, [aria-hidden=true]'))
  .map(element => [element, (element.matches('input') && element.closest('label, .wrap') || element)
    .getBoundingClientRect()])
  .filter(([, box]) => box.width > 1 && box.height > 1 && (box.width < 24 || box.height < 24))
  .map(([element, box]) => `${element.outerHTML.slice(0, 80)} ${box.width} x ${box.height}`)"""
# What something else covers, so that a tap does not reach it.
COVERED = """() => {
  const top = scrollY;
  const covered = [...document.querySelectorAll('button, a, summary')]
    .filter(element => element.checkVisibility({visibilityProperty: true}) &&
      !element.closest('.k-table > thead, [aria-hidden=true]'))
    .map(element => {
      element.scrollIntoView({block: 'center', inline: 'center', behavior: 'instant'});
      const box = element.getBoundingClientRect();
      const hit = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
      const reached = box.width < 2 || !hit || element.contains(hit) || hit.contains(element);
      return reached ? '' : `${element.outerHTML.slice(0, 80)} under ${hit.outerHTML.slice(0, 80)}`;
    }).filter(Boolean);
  scrollTo(0, top);
  return covered;
}"""
TOO_WIDE = "document.documentElement.scrollWidth - innerWidth"
# As a browser that blocks third-party storage does it.
BLOCK_STORAGE = """if (window !== window.parent) Object.defineProperty(window, 'localStorage', {
  configurable: true, get() { throw new DOMException('denied', 'SecurityError'); }});"""
SPACE_PAGE = Path(localhub.__file__).parent / "templates" / "space.html"
CONTRAST = {"runOnly": ["color-contrast"]}
TOGGLE_DARK = "document.body.classList.toggle('dark')"
NO_TRANSITIONS = (
    "document.head.append(Object.assign(document.createElement('style'), "
    "{textContent: '*, ::before, ::after { transition: none !important }'}))"
)


def open_embedded(page: Page, hub_url: str, url: str) -> Frame:
    """Return the app at a URL in a frame of the Hub, for which the app is a third party.

    The frame is that of the Hub's template, for a Space that this Hub does not run.
    """
    (stage,) = re.findall('<div class="stage">.*?</div>', SPACE_PAGE.read_text(encoding="utf-8"))
    stage = stage.replace("{{ url }}/{{ query }}", url)
    page.add_init_script(BLOCK_STORAGE)
    page.goto(hub_url)
    page.evaluate("html => { document.body.innerHTML = html }", stage)
    embedded = page.locator("iframe").element_handle().content_frame()
    assert embedded
    return embedded


def phone_problems(page: Page | Frame) -> list[str]:
    """Return what is too large, too small or covered, and what axe finds in both palettes."""
    page.evaluate(NO_TRANSITIONS)
    problems = [f"{page.evaluate(TOO_WIDE)} px too wide"] if page.evaluate(TOO_WIDE) > 0 else []
    problems += page.evaluate(TOO_SMALL) + page.evaluate(COVERED)
    problems += serious_findings(page, {})
    page.evaluate(TOGGLE_DARK)
    problems += serious_findings(page, CONTRAST)
    page.evaluate(TOGGLE_DARK)
    return problems


def serious_findings(page: Page | Frame, options: dict[str, list[str]]) -> list[str]:
    """Return the rules of axe that are violated, each with the first element."""
    violations = Axe().run(page, options=options).response["violations"]
    return [
        f"{found['id']}: {found['nodes'][0]['html'][:160]} {found['nodes'][0]['failureSummary']}"
        for found in violations
        if found["impact"] in ("serious", "critical")
    ]
