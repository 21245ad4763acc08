// A table that has in the document only the rows that can be seen. The kernel sends what changes, one message a frame;
// each message says after which other it comes, so that a page which has missed one asks for everything.

const SPARE = 12; // rows beyond the visible ones, so that scrolling and the Tab key find some
const NARROW = 620; // pixels below which a row takes several lines
const PAGES = Math.random().toString(36).slice(2);
let views = 0;

const make = (tag, className, text) => {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
};
const put = (node, name, value) => {
  if (node[name] !== value) node[name] = value;
};

function render({ model, el }) {
  const page = `${PAGES}-${(views += 1)}`;
  const kind = model.get("_kind");
  const columns = model.get("_columns");
  const mode = model.get("_mode");
  const name = `pbx-table-${page}`;
  const say = (event, more) => model.send({ event, page, ...more });
  const press = (button, row) => model.send(row === undefined ? { event: "press", name: button } : { event: "press", name: button, row });

  el.classList.add("pbx-view", "pbx-table", `pbx-${kind}`);
  const problem = make("div", "pbx-problem-area");
  const problemText = make("div", "pbx-problem-text");
  const dismiss = make("button", "pbx-button", "Dismiss");
  const controls = make("div", "pbx-controls");
  const question = make("div", "pbx-question");
  const words = make("div", "pbx-words");
  const head = make("div", "pbx-head pbx-cells");
  const body = make("div", "pbx-body");
  const space = make("div", "pbx-space");
  const details = make("pre", "pbx-details");
  dismiss.type = "button";
  dismiss.title = "Dismiss this message";
  dismiss.addEventListener("click", () => press("dismiss"));
  problem.append(problemText, dismiss);
  words.setAttribute("role", "status");
  body.setAttribute("role", "grid");
  body.setAttribute("aria-label", `Rows of the ${kind}`);
  body.setAttribute("aria-multiselectable", String(mode === "many"));
  body.tabIndex = 0;
  body.append(space);
  details.tabIndex = 0;
  details.hidden = true;
  el.append(problem, controls, question, words, head, body, details);

  // ------------------------------------------------------------------------------------------------ the rows we have

  const rows = new Map(); // by index: [index, place, key, label, style, cells, opens]
  let version = -1;
  let order = null; // the rows that are not hidden, in order; null when it has to be made again
  let asking = false;

  const take = (row) => {
    const former = rows.get(row[0]);
    rows.set(row[0], row);
    if (!former || former[1] !== row[1]) order = null;
    else if (order) order[order.indexOf(former)] = row;
  };
  const load = () => {
    const whole = model.get("_table");
    if (!whole || typeof whole !== "object" || whole.version <= version) return;
    rows.clear();
    for (const row of JSON.parse(whole.rows)) rows.set(row[0], row);
    version = whole.version;
    order = null;
    drawSoon();
  };
  // What the page saves is what it shows: the object is the one that the model keeps.
  let saving = 0;
  const save = () => {
    saving = 0;
    const whole = model.get("_table");
    if (whole && typeof whole === "object") Object.assign(whole, { version, rows: JSON.stringify([...rows.values()]) });
  };
  const apply = (message) => {
    if (message.reset) {
      rows.clear();
      order = null;
    } else if (message.after !== version) {
      if (message.after > version && !asking) {
        asking = true;
        say("ready", { version });
      }
      return;
    }
    asking = false;
    version = message.version;
    for (const index of message.gone ?? []) {
      rows.delete(index);
      order = null;
    }
    for (let at = 0, places = message.places ?? []; at < places.length; at += 2) {
      const row = rows.get(places[at]);
      if (row) row[1] = places[at + 1];
      order = null;
    }
    for (const row of message.rows) take(row);
    drawSoon();
    if (!saving) saving = setTimeout(save, 1500);
  };
  const inOrder = () => {
    if (!order) order = [...rows.values()].filter((row) => row[1] !== null).sort((a, b) => a[1] - b[1]);
    return order;
  };

  // -------------------------------------------------------------------------------------------------- the rows we show

  const drawn = new Map(); // by index
  let active = null; // the key of the row that the keyboard is on
  let opened = null;
  let high = 28;
  let due = 0;

  const drawSoon = () => {
    if (!due) due = requestAnimationFrame(draw);
  };
  const button = (cell, index) => {
    const node = make("button", "pbx-button");
    node.type = "button";
    node.addEventListener("click", (event) => {
      event.stopPropagation();
      const row = rows.get(index);
      if (row) press(node.dataset.press, row[2]);
    });
    fill(node, cell);
    return node;
  };
  const fill = (node, cell) => {
    put(node, "textContent", cell.t);
    put(node, "title", cell.h || cell.t);
    put(node, "className", `pbx-button${cell.s ? ` pbx-${cell.s}` : ""}`);
    node.dataset.press = cell.b;
  };
  const drawCell = (node, cell, index) => {
    if (typeof cell === "string") {
      if (node.firstElementChild) node.replaceChildren();
      put(node, "textContent", cell);
      put(node, "title", cell);
      return;
    }
    if (!node.firstElementChild) node.replaceChildren();
    node.removeAttribute("title");
    const cells = Array.isArray(cell) ? cell : [cell];
    cells.forEach((each, at) => {
      const there = node.children[at];
      if (there) fill(there, each);
      else node.append(button(each, index));
    });
    while (node.children.length > cells.length) node.lastElementChild.remove();
  };
  const makeRow = (row) => {
    const node = make("div", "pbx-row pbx-line pbx-cells");
    const parts = { node, cells: [], check: null, row: null };
    node.setAttribute("role", "row");
    node.id = `${name}-${row[0]}`;
    if (mode === "many") {
      const cell = make("span", "pbx-check");
      const check = make("input");
      cell.setAttribute("role", "gridcell");
      check.type = "checkbox";
      check.addEventListener("click", (event) => event.stopPropagation());
      check.addEventListener("change", () => select(parts.row[2], check.checked));
      cell.append(check);
      node.append(cell);
      parts.check = check;
    }
    for (const column of columns) {
      const cell = make("span", `pbx-cell pbx-cell-${column.name}`);
      cell.setAttribute("role", "gridcell");
      node.append(cell);
      parts.cells.push(cell);
    }
    node.addEventListener("click", () => {
      if (document.getSelection()?.toString()) return; // somebody marks text to copy it
      active = parts.row[2];
      act(parts.row);
    });
    return parts;
  };
  const act = (row) => {
    if (row[6]) open(row[2]);
    else if (mode === "one") select(row[2], !model.get("selected").includes(row[2]));
    else if (mode === "many") select(row[2], !model.get("selected").includes(row[2]));
    drawSoon();
  };
  const drawRow = (row, at, chosen) => {
    let parts = drawn.get(row[0]);
    if (!parts) {
      parts = makeRow(row);
      drawn.set(row[0], parts);
      space.append(parts.node);
    }
    const { node } = parts;
    if (parts.row !== row) {
      parts.row = row;
      node.setAttribute("aria-label", row[3]);
      parts.check?.setAttribute("aria-label", row[3]);
      row[5].forEach((cell, index) => drawCell(parts.cells[index], cell, row[0]));
      if (row[6]) node.setAttribute("aria-expanded", "false");
    }
    const isChosen = chosen.has(row[2]);
    const style = `pbx-row pbx-line pbx-cells ${row[4]}${isChosen ? " pbx-chosen" : ""}${active === row[2] ? " pbx-active-row" : ""}`;
    put(node, "className", style);
    if (mode !== "none") node.setAttribute("aria-selected", String(isChosen));
    if (row[6]) node.setAttribute("aria-expanded", String(opened === row[2]));
    if (parts.check) put(parts.check, "checked", isChosen);
    const top = `${at * high}px`;
    if (node.style.top !== top) node.style.top = top;
    node.setAttribute("aria-rowindex", String(at + 1));
    return node;
  };
  const draw = () => {
    due = 0;
    const list = inOrder();
    const first = Math.max(0, Math.floor(body.scrollTop / high) - SPARE);
    const last = Math.min(list.length, Math.ceil((body.scrollTop + body.clientHeight) / high) + SPARE);
    const chosen = new Set(model.get("selected"));
    const wanted = new Set();
    const focus = document.activeElement;
    space.style.height = `${list.length * high}px`;
    body.setAttribute("aria-rowcount", String(list.length));
    let before = null;
    for (let at = first; at < last; at += 1) {
      wanted.add(list[at][0]);
      const node = drawRow(list[at], at, chosen);
      // in the order in which they are seen: the Tab key and screen readers go by it; what has the focus is not moved
      const next = before ? before.nextSibling : space.firstChild;
      if (next !== node && !node.contains(focus)) space.insertBefore(node, next);
      before = node;
    }
    for (const [index, parts] of drawn) {
      if (wanted.has(index)) continue;
      if (parts.node.contains(focus)) body.focus({ preventScroll: true });
      parts.node.remove();
      drawn.delete(index);
    }
    const place = list.findIndex((row) => row[2] === active);
    if (place >= first && place < last) body.setAttribute("aria-activedescendant", `${name}-${list[place][0]}`);
    else body.removeAttribute("aria-activedescendant");
  };

  // ---------------------------------------------------------------------------------------------------- what users do

  const change = (trait, value) => {
    model.set(trait, value);
    model.save_changes();
  };
  const select = (key, on) => {
    const former = model.get("selected");
    const others = former.filter((each) => each !== key);
    if (mode === "one") change("selected", on ? [key] : []);
    else change("selected", on ? [...others, key] : others);
    drawSoon();
  };
  const open = (key) => {
    if (opened === key) {
      opened = null;
      details.hidden = true;
    } else {
      opened = key;
      details.textContent = "…";
      details.hidden = false;
      model.send({ event: "open", row: key });
    }
    drawSoon();
  };
  body.addEventListener("keydown", (event) => {
    const list = inOrder();
    const at = list.findIndex((row) => row[2] === active);
    const rowsAPage = Math.max(1, Math.floor(body.clientHeight / high) - 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: rowsAPage, PageUp: -rowsAPage, Home: -list.length, End: list.length };
    if (event.ctrlKey || event.metaKey || event.altKey || !list.length) return;
    if (event.key in steps) {
      const next = at < 0 ? (event.key === "End" ? list.length - 1 : 0) : Math.min(list.length - 1, Math.max(0, at + steps[event.key]));
      active = list[next][2];
      const top = next * high;
      if (top < body.scrollTop) body.scrollTop = top;
      else if (top + high > body.scrollTop + body.clientHeight) body.scrollTop = top + high - body.clientHeight;
      drawSoon();
    } else if ((event.key === "Enter" || event.key === " ") && event.target === body && at >= 0) {
      const parts = drawn.get(list[at][0]);
      const only = parts?.node.querySelector("button");
      if (only) only.click();
      else act(list[at]);
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation(); // not a shortcut of the notebook
  });
  body.addEventListener("scroll", drawSoon, { passive: true });

  // ------------------------------------------------------------------------------------------ what is around the rows

  const fields = new Map(); // by name: the label or button, and the field in it
  const makeControl = (control) => {
    if (control.kind === "press" || control.kind === "toggle") {
      const node = make("button", "pbx-button");
      node.type = "button";
      node.addEventListener("click", () => {
        if (control.kind === "press") press(control.name);
        else change(control.name, !model.get(control.name));
      });
      return { node, field: node };
    }
    const node = make("label", `pbx-field pbx-field-${control.kind}`);
    const field = make(control.kind === "select" ? "select" : "input");
    node.append(make("span", "", control.label), field);
    field.setAttribute("aria-label", control.label);
    if (control.kind === "day") field.type = "date";
    else if (control.kind === "text") {
      field.type = "text";
      field.autocomplete = "off";
      field.spellcheck = false;
    }
    field.addEventListener(control.kind === "text" ? "input" : "change", () => change(control.name, field.value));
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && !event.shiftKey) event.stopPropagation();
    });
    return { node, field };
  };
  const drawControls = () => {
    const wanted = model.get("_controls");
    for (const [key, { node }] of fields) {
      if (wanted.some((control) => control.name === key)) continue;
      node.remove();
      fields.delete(key);
    }
    for (const control of wanted) {
      let made = fields.get(control.name);
      if (!made) {
        made = makeControl(control);
        fields.set(control.name, made);
        controls.append(made.node);
      }
      const { node, field } = made;
      node.hidden = Boolean(control.hidden);
      field.disabled = Boolean(control.disabled);
      if (control.tooltip) field.title = control.tooltip;
      if (control.hint) field.placeholder = control.hint;
      if (control.kind === "press" || control.kind === "toggle") put(field, "textContent", control.label);
      if (control.kind === "select") {
        const options = JSON.stringify(control.options);
        if (field.dataset.options !== options) {
          field.dataset.options = options;
          field.replaceChildren(
            ...control.options.map(([label, value]) => Object.assign(make("option", "", label), { value })),
          );
        }
      }
    }
    drawValues();
  };
  const drawValues = () => {
    for (const control of model.get("_controls")) {
      const field = fields.get(control.name)?.field;
      if (!field || control.kind === "press") continue;
      const value = model.get(control.name);
      if (control.kind === "toggle") {
        field.setAttribute("aria-pressed", String(Boolean(value)));
        field.classList.toggle("pbx-pressed", Boolean(value));
      } else if (field.value !== value && !(field === document.activeElement && control.kind === "text" && typing)) {
        field.value = value ?? "";
      }
    }
  };
  // What somebody types is newer than what comes back of it.
  let typing = 0;
  controls.addEventListener("input", () => {
    clearTimeout(typing);
    typing = setTimeout(() => {
      typing = 0;
      drawValues();
    }, 1500);
  });
  const drawRest = () => {
    const trouble = model.get("_trouble"); // the kernel has escaped what is not its own
    if (problemText.innerHTML !== trouble) problemText.innerHTML = trouble;
    problem.hidden = !trouble;
    put(words, "textContent", model.get("summary"));
    el.classList.toggle("pbx-stale", model.get("stale"));
    body.style.height = model.get("_height");
    drawSoon();
  };
  const drawQuestion = () => {
    const asked = model.get("_question");
    question.replaceChildren();
    question.hidden = !asked.text;
    if (!asked.text) return;
    const said = make("div", "", asked.text);
    said.setAttribute("role", "alert");
    question.append(said);
    for (const [key, label, style] of [["yes", asked.yes, "pbx-danger"], ["no", asked.no, ""]]) {
      const node = make("button", `pbx-button ${style}`, label);
      node.type = "button";
      node.title = key === "yes" ? asked.text : "Do nothing";
      node.addEventListener("click", () => press(key));
      question.append(node);
    }
  };
  if (mode === "many") head.append(make("span", "pbx-check"));
  for (const column of columns) head.append(make("span", `pbx-cell pbx-cell-${column.name}`, column.label));
  const grid = [...(mode === "many" ? ["1.4em"] : []), ...columns.map((column) => column.width)].join(" ");
  el.style.setProperty("--pbx-columns", grid);

  // ------------------------------------------------------------------------------------ how much room, and who looks

  let shown = null;
  const look = () => {
    const visible = !document.hidden && el.clientWidth > 0;
    if (visible !== shown) {
      shown = visible;
      say(visible ? "shown" : "hidden");
    }
  };
  const measure = () => {
    const narrow = el.clientWidth > 0 && el.clientWidth < NARROW;
    el.classList.toggle("pbx-narrow", narrow);
    const size = parseFloat(getComputedStyle(el).fontSize) || 13;
    const lines = narrow ? model.get("_lines") : 1;
    high = Math.round(size * (1.55 * lines + 0.35));
    el.style.setProperty("--pbx-high", `${high}px`);
    drawSoon();
    look();
  };
  const sizes = new ResizeObserver(measure);
  sizes.observe(el);
  document.addEventListener("visibilitychange", look);

  const obey = (message) => {
    if (message.do === "rows") {
      apply(message);
      if (message.ask && shown) say("seen", { version });
    } else if (message.do === "details" && message.row === opened) {
      details.textContent = message.text;
    } else if (message.do === "focus") {
      body.focus();
    }
  };
  const traits = [
    ["_controls", drawControls],
    ["_question", drawQuestion],
    ["_table", load],
    ...["_trouble", "summary", "stale", "_height", "selected"].map((trait) => [trait, drawRest]),
    ...["filter", "sort", "descending", "line", "kind", "paused", "after", "before", "calls"].map((trait) => [trait, drawValues]),
  ];
  for (const [trait, drawIt] of traits) model.on(`change:${trait}`, drawIt);
  model.on("msg:custom", obey);
  load();
  drawControls();
  drawQuestion();
  drawRest();
  measure();
  say("ready", { version });

  return () => {
    for (const [trait, drawIt] of traits) model.off(`change:${trait}`, drawIt);
    model.off("msg:custom", obey);
    document.removeEventListener("visibilitychange", look);
    sizes.disconnect();
    cancelAnimationFrame(due);
    clearTimeout(typing);
    if (saving) {
      clearTimeout(saving);
      save();
    }
    try {
      say("gone");
    } catch {
      // the kernel has ended before the page did
    }
  };
}

export default { render };
