// Small helpers for elements. Text is only ever set as text: names come from strangers.

/**
 * Make an element. `text` becomes its text, `on` its listeners, everything else an attribute; null and false are left out.
 * @param {string} tag
 * @param {Record<string, any>} [props]
 * @param {...(Node | null | undefined)} children
 * @returns {HTMLElement}
 */
export function h(tag, props = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") element.textContent = value;
    else if (name === "on") for (const [event, listener] of Object.entries(value)) element.addEventListener(event, listener);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Set a text if it is another one, so that nothing is selected away or read aloud for nothing. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Set an attribute, or remove it where the value is null or false. */
export function setAttribute(element, name, value) {
  if (value === null || value === undefined || value === false) {
    if (element.hasAttribute(name)) element.removeAttribute(name);
    return;
  }
  const text = value === true ? "" : String(value);
  if (element.getAttribute(name) !== text) element.setAttribute(name, text);
}

export function show(element, visible) {
  if (element.hidden === visible) element.hidden = !visible;
}

/** An icon of Home Assistant; what it means stands in the text beside it or in the label of the button. */
export function icon(name) {
  return h("ha-icon", { icon: name, "aria-hidden": "true" });
}

/**
 * A button with an icon. Its name is what it is called, for eyes that rest on it and for screen readers.
 * @param {{icon: string, label: string, kind?: string, text?: boolean, on: (event: Event) => unknown}} what
 */
export function button(what) {
  const element = h("button", { type: "button", class: `button ${what.kind ?? ""}`, on: { click: what.on } }, icon(what.icon));
  if (what.text) element.append(h("span", { text: what.label }));
  else {
    element.setAttribute("aria-label", what.label);
    element.title = what.label;
  }
  return element;
}

/** Keep a button from being pressed, without taking the focus away from it. */
export function setBusy(element, busy) {
  setAttribute(element, "aria-disabled", busy ? "true" : null);
}

export const isBusy = (element) => element.getAttribute("aria-disabled") === "true";

/**
 * Make the children of an element follow a list. What stays is the same element as before: nobody's click lands on
 * something that has been drawn anew, and the focus stays where it is.
 * @template T
 * @param {Element} parent
 * @param {T[]} items
 * @param {(item: T) => string} keyOf
 * @param {(item: T) => {element: HTMLElement, update: (item: T) => void}} make
 */
export function reconcile(parent, items, keyOf, make) {
  /** @type {Map<string, any>} */
  const known = (parent.rows ??= new Map());
  const wanted = new Set(items.map(keyOf));
  for (const [key, row] of known) {
    if (wanted.has(key)) continue;
    row.element.remove();
    known.delete(key);
  }
  let place = parent.firstElementChild;
  for (const item of items) {
    const key = keyOf(item);
    let row = known.get(key);
    if (row === undefined) known.set(key, (row = make(item)));
    row.update(item);
    if (row.element === place) place = place.nextElementSibling;
    else parent.insertBefore(row.element, place);
  }
}
