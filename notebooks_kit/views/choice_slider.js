// A slider over a few words, of the page's own kind: with a name, arrow keys, and the word that is chosen read aloud.

function render({ model, el }) {
  const label = document.createElement("label");
  const name = document.createElement("span");
  const slider = document.createElement("input");
  const word = document.createElement("span");
  el.classList.add("pbx-choice-slider");
  label.style.cssText = "display: flex; flex-wrap: wrap; align-items: center; gap: .2em .8em";
  slider.style.cssText = "flex: 0 1 16em; min-width: 0";
  slider.type = "range";
  slider.min = "0";
  slider.step = "1";
  word.setAttribute("aria-hidden", "true"); // the slider says it
  label.append(name, slider, word);
  el.append(label);
  const say = () => {
    const chosen = model.get("options")[Number(slider.value)] ?? "";
    word.textContent = chosen;
    slider.setAttribute("aria-valuetext", chosen);
  };
  const draw = () => {
    const options = model.get("options");
    name.textContent = model.get("description");
    slider.setAttribute("aria-label", model.get("description"));
    slider.max = String(options.length - 1);
    slider.value = String(Math.max(0, options.indexOf(model.get("value"))));
    say();
  };
  slider.addEventListener("input", say);
  slider.addEventListener("change", () => {
    model.set("value", model.get("options")[Number(slider.value)]);
    model.save_changes();
  });
  slider.addEventListener("keydown", (event) => {
    if (/^(Arrow|Page|Home|End)/.test(event.key)) event.stopPropagation(); // not a shortcut of the notebook
  });
  const traits = ["value", "options", "description"];
  for (const trait of traits) model.on(`change:${trait}`, draw);
  draw();
  return () => {
    for (const trait of traits) model.off(`change:${trait}`, draw);
  };
}

export default { render };
