// The controls and words of our views that a narrow page cuts off: beyond its edge, and nothing of the view scrolls there.
() => {
  const scrolls = element => {
    for (let one = element.parentElement; one?.closest(".pbx-view"); one = one.parentElement)
      if (/auto|scroll/.test(getComputedStyle(one).overflowX)) return true;
    return false;
  };
  const found = new Set();
  for (const view of document.querySelectorAll(".pbx-view")) {
    const room = (view.closest(".jp-OutputArea-output, .jp-Cell") ?? document.body).getBoundingClientRect().right;
    const edge = Math.min(innerWidth, room) + 1;
    for (const one of view.querySelectorAll("button, input, select, textarea, summary, .pbx-row, .pbx-words")) {
      if (!one.checkVisibility({ visibilityProperty: true }) || one.getBoundingClientRect().width === 0) continue;
      if (one.getBoundingClientRect().right > edge && !scrolls(one)) found.add(one.outerHTML.slice(0, 140));
    }
  }
  return [...found];
}
