// Says whether the view that this stands in can be seen, in every page that shows it.

const PAGES = Math.random().toString(36).slice(2);
let views = 0;

function render({ model, el }) {
  const page = `${PAGES}-${(views += 1)}`;
  let shown = null;
  const look = () => {
    const visible = !document.hidden && el.clientWidth > 0;
    if (visible === shown) return;
    shown = visible;
    model.send({ event: visible ? "shown" : "hidden", page });
  };
  const sizes = new ResizeObserver(look);
  sizes.observe(el);
  document.addEventListener("visibilitychange", look);
  return () => {
    sizes.disconnect();
    document.removeEventListener("visibilitychange", look);
    try {
      model.send({ event: "gone", page });
    } catch {
      // the kernel has ended before the page did
    }
  };
}

export default { render };
