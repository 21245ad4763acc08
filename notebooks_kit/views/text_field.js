// A text field that tells the kernel about every key at once. A widget's state is sent at most once a round trip, so a
// click or the Enter key may overtake the last characters; messages keep their order.

function render({ model, el }) {
  const input = document.createElement("input");
  const label = document.createElement("label");
  const proposals = document.createElement("datalist");
  const name = `pbx-field-${Math.random().toString(36).slice(2)}`;
  let seen = -1; // the last text of the kernel that this page has seen, by its number

  el.classList.add("jupyter-widgets", "widget-inline-hbox", "widget-text");
  label.className = "widget-label";
  label.htmlFor = input.id = name;
  proposals.id = `${name}-proposals`;
  input.type = model.get("kind");
  input.autocomplete = "off";
  input.spellcheck = false;

  const say = (event) => model.send({ event, text: input.value, seen });
  const fill = () => {
    const filled = model.get("filled");
    if (filled.number === seen) return;
    seen = filled.number;
    if (input.value !== filled.text) input.value = filled.text;
  };
  const draw = () => {
    label.textContent = model.get("description");
    label.style.display = label.textContent ? "" : "none";
    label.style.width = model.get("label_width");
    input.placeholder = model.get("placeholder");
    input.disabled = model.get("disabled");
    for (const part of [input, label]) part.title = model.get("tooltip");
    const options = model.get("options");
    proposals.replaceChildren(...options.map((value) => Object.assign(document.createElement("option"), { value })));
    if (options.length) input.setAttribute("list", proposals.id);
    else input.removeAttribute("list");
  };
  const obey = (message) => {
    if (message.do === "focus") input.focus();
  };

  input.addEventListener("input", () => say("typed"));
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    if (!event.ctrlKey && !event.metaKey && !event.shiftKey) event.stopPropagation(); // not a shortcut of the notebook
    say("submit");
  });
  const traits = ["description", "placeholder", "disabled", "tooltip", "options", "label_width"];
  for (const trait of traits) model.on(`change:${trait}`, draw);
  model.on("change:filled", fill);
  model.on("msg:custom", obey);
  draw();
  fill();
  el.append(label, input, proposals);

  return () => {
    for (const trait of traits) model.off(`change:${trait}`, draw);
    model.off("change:filled", fill);
    model.off("msg:custom", obey);
  };
}

export default { render };
