// The visual editors of both cards, with Home Assistant's own form.

import { languageOf, wordsFor } from "./words.js";

const LINES = { device: { multiple: true, filter: [{ integration: "pbx" }] } };

class Editor extends HTMLElement {
  #config = null;
  #hass = null;
  #form = null;

  setConfig(config) {
    this.#config = config;
    this.#draw();
  }

  set hass(hass) {
    this.#hass = hass;
    this.#draw();
  }

  connectedCallback() {
    this.#draw();
  }

  // Where a configuration in YAML names an entity, the form shows the device that it belongs to.
  #device = (name) => this.#hass.entities[name]?.device_id ?? name;

  async #draw() {
    if (this.#config === null || this.#hass === null || !this.isConnected) return;
    if (this.#form === null) {
      await loadForm();
      if (this.#form === null) this.append((this.#form = this.#make()));
    }
    const t = wordsFor(languageOf(this.#hass));
    const { lines, line } = this.#config;
    this.#form.hass = this.#hass;
    this.#form.schema = this.constructor.schema;
    this.#form.computeLabel = (field) => t(`edit_${field.name}`);
    this.#form.computeHelper = (field) => (field.help ? t(field.help) : undefined);
    this.#form.data = {
      ...this.constructor.defaults,
      ...this.#config,
      ...(Array.isArray(lines) ? { lines: lines.map(this.#device) } : {}),
      ...(line ? { line: this.#device(line) } : {}),
    };
  }

  #make() {
    const form = document.createElement("ha-form");
    form.addEventListener("value-changed", (event) => {
      event.stopPropagation();
      const config = { ...event.detail.value };
      for (const [key, value] of Object.entries(this.constructor.defaults)) {
        if (config[key] === value && this.#config[key] === undefined) delete config[key];
      }
      for (const key of ["title", "line"]) if (!config[key]) delete config[key];
      this.#config = config;
      this.dispatchEvent(new CustomEvent("config-changed", { detail: { config }, bubbles: true, composed: true }));
    });
    return form;
  }
}

class PhoneEditor extends Editor {
  static defaults = { dial_pad: true, routing: true, popup: true };
  static schema = [
    { name: "lines", selector: LINES, help: "edit_lines_help" },
    { name: "title", selector: { text: {} } },
    { name: "dial_pad", selector: { boolean: {} } },
    { name: "routing", selector: { boolean: {} } },
    { name: "popup", selector: { boolean: {} } },
  ];
}

class OfficeEditor extends Editor {
  static defaults = { page_size: 60 };
  static schema = [
    { name: "lines", selector: LINES, help: "edit_lines_help" },
    { name: "line", selector: { device: { filter: [{ integration: "pbx" }] } }, help: "edit_line_help" },
    { name: "title", selector: { text: {} } },
    { name: "page_size", selector: { number: { min: 1, max: 500, mode: "box" } } },
  ];
}

/** Wait for the form: Home Assistant loads it with the first editor of its own that needs one. */
async function loadForm() {
  if (customElements.get("ha-form")) return;
  const helpers = await window.loadCardHelpers?.();
  const card = await helpers?.createCardElement({ type: "button", entity: "" });
  await card?.constructor.getConfigElement?.();
  await customElements.whenDefined("ha-form");
}

for (const [name, element] of [["pbx-phone-card-editor", PhoneEditor], ["pbx-office-card-editor", OfficeEditor]]) {
  if (!customElements.get(name)) customElements.define(name, element);
}
