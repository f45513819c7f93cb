import assert from 'node:assert/strict';

export const phone = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };

/** Neither the page is wider than the window, nor anything than the box that would cut it off: that widens no page. */
export async function fits(page, what) {
  const [content, window, cut] = await page.evaluate(() => {
    const cuts = (it) => getComputedStyle(it).overflowX === 'hidden' && it.clientWidth > 1 && it.scrollWidth > it.clientWidth + 1;
    const boxes = [...document.querySelectorAll('main div, main section, dialog div')].filter(cuts);
    return [document.documentElement.scrollWidth, innerWidth, boxes.map((it) => `${it.scrollWidth} in ${it.clientWidth}: ${it.textContent.trim().slice(0, 80)}`)];
  });
  assert.ok(content <= 360 && window === 360, `${what} is ${content} wide in a window of ${window}`);
  assert.deepEqual(cut, [], `${what} is cut off`);
}

/** What is too low for a finger, as it is named. */
export const lowTargets = (page) =>
  page.evaluate(() => {
    const all = document.querySelectorAll('button, .button, summary, select, input:not(.sr-only), label:has(> input.sr-only)');
    const low = [...all].filter((it) => it.checkVisibility({ contentVisibilityAuto: true }) && !it.closest('.check') && it.getBoundingClientRect().height < 40);
    return low.map((it) => `${it.getAttribute('aria-label') ?? it.textContent.trim()}: ${it.getBoundingClientRect().height}`);
  });
