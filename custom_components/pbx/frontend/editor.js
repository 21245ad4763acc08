// The visual editors of both cards and of the dashboard that builds itself, with Home Assistant's own form.

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

  // Where a configuration in YAML names an entity, the form shows the device that it belongs to; and an area for its name.
  #device = (name) => this.#hass.entities[name]?.device_id ?? name;
  #area = (name) => Object.values(this.#hass.areas).find((area) => area.name === name)?.area_id ?? name;

  async #draw() {
    if (this.#config === null || this.#hass === null || !this.isConnected) return;
    if (this.#form === null) {
      await loadForm();
      if (this.#form === null) this.append((this.#form = this.#make()));
    }
    const t = wordsFor(languageOf(this.#hass));
    this.#form.hass = this.#hass;
    this.#form.schema = this.constructor.schema;
    this.#form.computeLabel = (field) => t(`edit_${field.name}`);
    this.#form.computeHelper = (field) => (field.help ? t(field.help) : undefined);
    const data = { ...this.constructor.defaults, ...this.#config };
    for (const [field, known] of [["phone", this.#device], ["lines", this.#device], ["areas", this.#area]]) {
      if (data[field] !== undefined) data[field] = [data[field]].flat().map(known);
    }
    if (data.line) data.line = this.#device(data.line);
    this.#form.data = data;
  }

  #make() {
    const form = document.createElement("ha-form");
    form.addEventListener("value-changed", (event) => {
      event.stopPropagation();
      const config = { ...event.detail.value };
      for (const [key, value] of Object.entries(this.constructor.defaults)) {
        if (config[key] === value && this.#config[key] === undefined) delete config[key];
      }
      // An empty list is the same as none, for all of these but the lines of a card that has to be told some.
      for (const key of ["title", "line", "areas", "phone"]) if (!config[key]?.length) delete config[key];
      if (this.constructor.everything && !config.lines?.length) delete config.lines;
      this.#config = config;
      this.dispatchEvent(new CustomEvent("config-changed", { detail: { config }, bubbles: true, composed: true }));
    });
    return form;
  }
}

const LINE = { device: { filter: [{ integration: "pbx" }] } };
const TITLE = { name: "title", selector: { text: {} } };
const OWN_LINE = { name: "line", selector: LINE, help: "edit_line_help" };
const BOARD_LINES = { name: "lines", selector: LINES, help: "edit_lines_help" };
const BOARD_AREAS = { name: "areas", selector: { area: { multiple: true } } };
const BOARD_SIZE = { name: "page_size", selector: { number: { min: 1, max: 500, mode: "box" } } };
const SWITCHES = ["dial_pad", "routing", "popup"].map((name) => ({ name, selector: { boolean: {} } }));
const ON = { dial_pad: true, routing: true, popup: true };

class PhoneEditor extends Editor {
  static defaults = ON;
  static schema = [{ name: "lines", selector: LINES, help: "edit_lines_help" }, TITLE, ...SWITCHES];
}

class OfficeEditor extends Editor {
  static everything = true;
  static defaults = { page_size: 60 };
  static schema = [OWN_LINE, BOARD_LINES, BOARD_AREAS, TITLE, BOARD_SIZE];
}

class StrategyEditor extends Editor {
  static everything = true;
  static defaults = { page_size: 60, ...ON };
  static schema = [{ name: "phone", selector: LINES, help: "edit_phone_help" }, BOARD_LINES, BOARD_AREAS, TITLE, BOARD_SIZE, ...SWITCHES];
}

/** Wait for the form: Home Assistant loads it with the first editor of its own that needs one. */
async function loadForm() {
  if (customElements.get("ha-form")) return;
  const helpers = await window.loadCardHelpers?.();
  const card = await helpers?.createCardElement({ type: "button", entity: "" });
  await card?.constructor.getConfigElement?.();
  await customElements.whenDefined("ha-form");
}

for (const [name, element] of [["pbx-phone-card-editor", PhoneEditor], ["pbx-office-card-editor", OfficeEditor], ["pbx-office-strategy-editor", StrategyEditor]]) {
  if (!customElements.get(name)) customElements.define(name, element);
}
